"""Countries and the sales regions that they belong to."""

import difflib
from functools import cache

import pycountry

from workspace.keys import plain

# Sales regions modelled on the geographic subregions of the UN's M49 standard, with the ISO 3166-1
# codes of their countries.
_REGIONS = {
    "North America": "US CA BM GL PM",
    "Latin America": (
        "MX GT BZ SV HN NI CR PA CU DO HT JM PR TT BS BB GD LC VC AG DM KN AW CW KY TC VG VI AI MS"
        " GP MQ BL MF SX BQ CO VE GY SR GF EC PE BO BR PY UY AR CL FK"
    ),
    "Northern Europe": "GB IE SE NO DK FI IS EE LV LT FO AX GG JE IM SJ",
    "Western Europe": "DE FR NL BE LU AT CH LI MC",
    "Southern Europe": "ES PT IT GR MT CY SI HR BA RS ME MK AL XK AD SM VA GI",
    "Central & Eastern Europe": "PL CZ SK HU RO BG UA BY MD RU",
    "Middle East": "TR IL PS JO LB SY IQ IR SA AE QA KW BH OM YE GE AM AZ",
    "Africa": (
        "MA DZ TN LY EG EH SD SS ET ER DJ SO KE UG TZ RW BI CD CG CF CM GA GQ ST TD NE NG BJ TG GH"
        " CI LR SL GN GW SN GM ML BF MR CV AO ZM ZW MW MZ NA BW SZ LS ZA MG MU SC KM RE YT SH"
    ),
    "Asia-Pacific": (
        "CN HK MO TW JP KR KP MN IN PK BD LK NP BT MV AF KZ UZ TM KG TJ TH VN LA KH MM MY SG ID PH"
        " BN TL AU NZ PG FJ SB VU NC PF WS TO KI TV NR FM MH PW GU MP AS CK NU TK WF NF CX CC"
    ),
}
REGIONS = tuple(_REGIONS)
_REGION_OF = {code: region for region, codes in _REGIONS.items() for code in codes.split()}


def region_of(country: str) -> str | None:
    """The sales region of a country (ISO 3166-1 alpha-2)."""
    return _REGION_OF.get(country)


def country_name(code: str | None) -> str:
    """The common name of a country (ISO 3166-1 alpha-2)."""
    country = pycountry.countries.get(alpha_2=code) if code else None
    return getattr(country, "common_name", country.name) if country else ""


@cache
def country_choices() -> tuple[tuple[str, str], ...]:
    """All countries as (code, name), ordered by name, for a form."""
    codes = (country.alpha_2 for country in pycountry.countries)
    choices = ((code, country_name(code)) for code in codes)
    return tuple(sorted(choices, key=lambda choice: choice[1]))


@cache
def find_country(text: str, *, exactly: bool = False) -> str | None:
    """The ISO 3166-1 alpha-2 code of a country, from a code or a name.

    Unless `exactly` is set, the name may be misspelt.
    """
    name = plain(text)
    codes = _codes_by_name()
    if name in codes:
        return codes[name]
    close = [] if exactly else difflib.get_close_matches(name, codes, n=1, cutoff=0.87)
    return codes[close[0]] if close else None


@cache
def _codes_by_name() -> dict[str, str]:
    codes = {}
    for country in pycountry.countries:
        for attribute in ("name", "official_name", "common_name", "alpha_2", "alpha_3"):
            if name := getattr(country, attribute, None):
                codes[plain(name)] = country.alpha_2
    codes.update({"uk": "GB", "great britain": "GB", "england": "GB", "scotland": "GB"})
    codes.update({"usa": "US", "korea": "KR", "south korea": "KR", "russia": "RU", "uae": "AE"})
    return codes
