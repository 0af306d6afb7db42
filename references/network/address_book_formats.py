"""The tables that address books export: LinkedIn's connections, Google's and Outlook's contacts."""

import re

from workspace.imports.formats import Cells, Format, needs
from workspace.people.names import personal_name
from workspace.value_lists import join_values

# Google numbers the columns of values of one kind.
_PLACES = range(1, 5)
_NOT_AT_WORK = re.compile("fax|pager|home", re.IGNORECASE)
_ADDRESS = ("street", "postcode", "city", "country")


def _linkedin(cells: Cells) -> Cells:
    # A comma in the last name begins credentials.
    first, last = cells.pop("first_name", ""), cells.pop("last_name", "").partition(",")[0]
    name = personal_name(f"{first} {last}")
    return cells | ({"name": name} if name else {})


def _card(cells: Cells) -> Cells:
    """Several values of a cell are joined by ' ::: ', and each address has a column of its own."""
    cells.pop("spouse", "")
    if cells.get("birthday", "").startswith("0/"):
        # Outlook writes a day like this that is not known.
        del cells["birthday"]
    parts = [cells.pop(column, "") for column in ("first_name", "middle_name", "last_name")]
    name = " ".join(part for part in parts if part) or cells.pop("name", "")
    written = [cells.pop(column, "") for column in ("email", "email_2", "email_3", "email_4")]
    emails = [text.strip() for cell in written for text in re.split(":::|;", cell) if text.strip()]
    numbers = [
        (cells.pop(f"phone_{place}_label", ""), cells.pop(f"phone_{place}", ""))
        for place in _PLACES
    ]
    phones = [number for label, number in numbers if number and not _NOT_AT_WORK.search(label)]
    if "home" in cells.pop("address_label", "").lower():
        # Home addresses are not imported.
        cells = {column: text for column, text in cells.items() if column not in _ADDRESS}
    several = {column: text.partition(" ::: ")[0] for column, text in cells.items()}
    url = several.pop("url", "")
    return {
        **several,
        **({"phone": join_values(phones)} if phones else {}),
        **({"name": personal_name(name)} if name else {}),
        **({"email": join_values(emails)} if emails else {}),
        # Other addresses of the web are no profiles.
        **({"url": url} if re.search(r"(linkedin|xing)\.com/", url) else {}),
    }


LINKEDIN_FORMAT = Format(
    "connections",
    needs("first_name,last_name,connected_on", "first_name,last_name,url,company,position"),
    {
        "first_name": ("first name",),
        "last_name": ("last name",),
        "url": ("url", "profile url"),
        "email": ("email address", "email"),
        "company": ("company",),
        "position": ("position",),
        "connected_on": ("connected on",),
    },
    _linkedin,
)
GOOGLE_FORMAT = Format(
    "cards",
    needs("first_name,email", "name,email", "first_name,company", "name,company"),
    {
        "name": ("name", "file as"),
        "first_name": ("first name", "given name"),
        "middle_name": ("middle name", "additional name"),
        "last_name": ("last name", "family name"),
        "email": ("e-mail 1 - value",),
        "email_2": ("e-mail 2 - value",),
        "email_3": ("e-mail 3 - value",),
        "email_4": ("e-mail 4 - value",),
        "company": ("organization name", "organization 1 - name"),
        "position": ("organization title", "organization 1 - title"),
        **{f"phone_{place}": (f"phone {place} - value",) for place in _PLACES},
        **{
            f"phone_{place}_label": (f"phone {place} - label", f"phone {place} - type")
            for place in _PLACES
        },
        "address_label": ("address 1 - label", "address 1 - type"),
        "street": ("address 1 - street",),
        "postcode": ("address 1 - postal code",),
        "city": ("address 1 - city",),
        "country": ("address 1 - country",),
        "birthday": ("birthday",),
        "url": ("website 1 - value",),
    },
    _card,
)
# Only a whole address book has birthdays and families; others are lists of contacts.
OUTLOOK_FORMAT = Format(
    "cards",
    needs("first_name,birthday,spouse"),
    {
        "first_name": ("first name",),
        "middle_name": ("middle name",),
        "last_name": ("last name",),
        "email": ("e-mail address",),
        "email_2": ("e-mail 2 address",),
        "email_3": ("e-mail 3 address",),
        "company": ("company",),
        "position": ("job title",),
        "phone_1": ("business phone",),
        "phone_2": ("business phone 2",),
        "phone_3": ("mobile phone",),
        "street": ("business street",),
        "postcode": ("business postal code",),
        "city": ("business city",),
        "country": ("business country/region", "business country"),
        "birthday": ("birthday",),
        "spouse": ("spouse",),
        "url": ("web page",),
    },
    _card,
)
