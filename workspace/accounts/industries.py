"""The two-level industry classification: ISIC Rev. 4 sections and divisions.

Codes are those of the International Standard Industrial Classification of All Economic
Activities, revision 4 (United Nations, 2008): a section's letter, or the letter and a
division's two digits. The short names are Dealkin's own.
"""

import re
from functools import cache

from workspace.accounts.industry_aliases import ALIASES
from workspace.keys import find_named

SECTIONS = {
    "A": "Agriculture, forestry & fishing",
    "B": "Mining & extraction",
    "C": "Manufacturing",
    "D": "Electricity & gas",
    "E": "Water & waste",
    "F": "Construction",
    "G": "Wholesale & retail",
    "H": "Transport & storage",
    "I": "Hotels & catering",
    "J": "Information & communication",
    "K": "Finance & insurance",
    "L": "Real estate",
    "M": "Professional & scientific services",
    "N": "Administrative & support services",
    "O": "Public administration",
    "P": "Education",
    "Q": "Health & social work",
    "R": "Arts, entertainment & recreation",
    "S": "Other services",
    "T": "Households as employers",
    "U": "International organisations",
}

DIVISIONS = {
    "A01": "Crops & livestock",
    "A02": "Forestry",
    "A03": "Fishing & aquaculture",
    "B05": "Coal mining",
    "B06": "Oil & gas extraction",
    "B07": "Metal ore mining",
    "B08": "Quarrying & other mining",
    "B09": "Mining support",
    "C10": "Food products",
    "C11": "Beverages",
    "C12": "Tobacco",
    "C13": "Textiles",
    "C14": "Clothing",
    "C15": "Leather & footwear",
    "C16": "Wood products",
    "C17": "Paper",
    "C18": "Printing",
    "C19": "Refined petroleum",
    "C20": "Chemicals",
    "C21": "Pharmaceuticals",
    "C22": "Rubber & plastics",
    "C23": "Glass, ceramics & cement",
    "C24": "Basic metals",
    "C25": "Metal products",
    "C26": "Electronics & optics",
    "C27": "Electrical equipment",
    "C28": "Machinery",
    "C29": "Motor vehicles",
    "C30": "Other transport equipment",
    "C31": "Furniture",
    "C32": "Other manufacturing",
    "C33": "Repair & installation of machinery",
    "D35": "Energy utilities",
    "E36": "Water supply",
    "E37": "Sewerage",
    "E38": "Waste & recycling",
    "E39": "Remediation",
    "F41": "Building construction",
    "F42": "Civil engineering",
    "F43": "Specialised construction",
    "G45": "Motor vehicle trade",
    "G46": "Wholesale",
    "G47": "Retail",
    "H49": "Land transport",
    "H50": "Water transport",
    "H51": "Air transport",
    "H52": "Warehousing & transport support",
    "H53": "Post & courier",
    "I55": "Hotels",
    "I56": "Restaurants & catering",
    "J58": "Publishing",
    "J59": "Film, video & sound",
    "J60": "Broadcasting",
    "J61": "Telecommunications",
    "J62": "Software & IT services",
    "J63": "Information services",
    "K64": "Banking",
    "K65": "Insurance & pensions",
    "K66": "Financial support services",
    "L68": "Real estate",
    "M69": "Legal & accounting",
    "M70": "Management consulting",
    "M71": "Architecture & engineering",
    "M72": "Research & development",
    "M73": "Advertising & market research",
    "M74": "Other professional services",
    "M75": "Veterinary services",
    "N77": "Rental & leasing",
    "N78": "Recruitment & staffing",
    "N79": "Travel agencies",
    "N80": "Security services",
    "N81": "Facilities services",
    "N82": "Office support services",
    "O84": "Public administration & defence",
    "P85": "Education",
    "Q86": "Hospitals & health care",
    "Q87": "Residential care",
    "Q88": "Social work",
    "R90": "Arts & entertainment",
    "R91": "Libraries & museums",
    "R92": "Gambling & betting",
    "R93": "Sports & recreation",
    "S94": "Membership organisations",
    "S95": "Repair of goods",
    "S96": "Personal services",
    "T97": "Households with staff",
    "T98": "Household production",
    "U99": "International organisations",
}


def industry_name(code: str | None) -> str:
    """The short name of an industry; empty if the code is unknown."""
    return (DIVISIONS.get(code) or SECTIONS.get(code) or "") if code else ""


def likeness(one: str | None, other: str | None) -> float:
    """1.0 for the same division, 0.5 within one section, otherwise (or if unknown) 0.0."""
    if not one or not other:
        return 0.0
    if one == other:
        return 1.0
    return 0.5 if one[0] == other[0] else 0.0


def find_industry(text: str, *, exactly: bool = False) -> str | None:
    """The code of an industry, from a code or a name.

    Unless `exactly` is set, the name may be misspelt.
    """
    code = text.strip().upper()
    if not code:
        return None
    if code in DIVISIONS or code in SECTIONS:
        return code
    return find_named(_codes_by_name(), _comparable(text), exactly=exactly)


@cache
def _codes_by_name() -> dict[str, str]:
    # HubSpot leaves the 'and' out: 'OIL_ENERGY'.
    aliases = {_comparable(name): code for name, code in ALIASES.items()}
    codes = {name.replace(" and ", " "): code for name, code in aliases.items()} | aliases
    codes.update({_comparable(name): code for code, name in SECTIONS.items()})
    codes.update({_comparable(name): code for code, name in DIVISIONS.items()})
    return codes


def _comparable(text: str) -> str:
    return re.sub(r"[\W_]+", " ", text.casefold().replace("&", " and ")).strip()
