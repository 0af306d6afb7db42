"""Countries and the sales regions that they belong to."""

import gettext
from functools import cache

import pycountry

from workspace.keys import find_named, plain

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
    if code in _WITHOUT_CODE:
        return _WITHOUT_CODE[code]
    country = pycountry.countries.get(alpha_2=code) if code else None
    return getattr(country, "common_name", country.name) if country else ""


@cache
def country_choices() -> tuple[tuple[str, str], ...]:
    """All countries as (code, name), ordered by name, for a form."""
    codes = (*(country.alpha_2 for country in pycountry.countries), *_WITHOUT_CODE)
    choices = ((code, country_name(code)) for code in codes)
    return tuple(sorted(choices, key=lambda choice: choice[1]))


@cache
def country_names(language: str) -> dict[str, str]:
    """The codes of all countries by their common names in a language (ISO 639-1)."""
    translation = gettext.translation(
        "iso3166-1", pycountry.LOCALES_DIR, languages=[language], fallback=True
    )
    return {
        translation.gettext(getattr(country, "common_name", country.name)): country.alpha_2
        for country in pycountry.countries
    }


@cache
def find_country(text: str, *, exactly: bool = False) -> str | None:
    """The ISO 3166-1 alpha-2 code of a country, from a code or a name in any of many languages.

    Unless `exactly` is set, an English name may be misspelt.
    """
    name = plain(text).removeprefix("the ")
    # 'U.K.' is 'UK'.
    code = _codes_by_name().get(name) or _codes_by_name().get(name.replace(" ", ""))
    return code or _translations().get(name) or find_named(_codes_by_name(), name, exactly=exactly)


# Countries that have no code in ISO 3166 but one that everybody uses.
_WITHOUT_CODE = {"XK": "Kosovo"}
# Names beside those of the standard.
_ALIASES = {
    "GB": "uk; great britain; england; scotland; wales; northern ireland; britain; anglia;"
    " großbritannien; англия; великобритания; szkocja; walia; gb eng; england and wales",
    "US": "usa; united states of america; america; us of a; сша; u s; stany zjednoczone ameryki;"
    " vereinigte staaten von amerika; etats unis d amerique; spojene staty americke",
    "KR": "korea; south korea; republic of korea; korea south; korea republic; корея",
    "KP": "north korea; korea north",
    "RU": "russia; россия; rosja; russland; russian federation",
    "AE": "uae; emirates; emiraty; оаэ; zea; vae",
    "NL": "netherlands; holland; holandia; голландия",
    "TR": "turkey; turkiye; turcja; turkei; турция",
    "CI": "ivory coast; cote d ivoire; cote divoire",
    "CZ": "czech republic; czechia; ceska republika; czechy; tschechien; tschechische republik;"
    " republika czeska; чехия",
    "HK": "hong kong; hong kong sar; hong kong sar china; hong kong china; hongkong; гонконг",
    "MO": "macau; macao; macau sar; macao sar", "VN": "vietnam; viet nam; вьетнам",
    "TW": "taiwan; taiwan roc; chinese taipei; тайвань",
    "CN": "china; prc; mainland china; pr china; peoples republic of china; китай; кнр",
    "CV": "cape verde", "SZ": "swaziland", "MK": "macedonia; north macedonia; fyrom; македония",
    "MM": "burma; birma", "TL": "east timor", "LA": "laos", "SY": "syria", "IR": "iran",
    "VE": "venezuela", "BO": "bolivia", "TZ": "tanzania", "MD": "moldova; moldavia; молдова",
    "BY": "belarus; белоруссия; białoruś", "BN": "brunei", "VA": "vatican; vatican city",
    "PS": "palestine; palestinian territories", "FM": "micronesia", "CG": "congo brazzaville",
    "CD": "congo kinshasa; dr congo; drc; democratic republic of the congo; zaire",
    "BA": "bosnia; bosnia herzegovina", "TT": "trinidad", "AG": "antigua", "XK": "kosovo; xk; xkx",
    "IE": "ireland; republic of ireland; eire; irlandia; ирландия", "DE": "germany; германия; frg",
    "GR": "greece; hellas; ellada", "CH": "switzerland; szwajcaria; швейцария; suisse; svizzera",
    "SK": "slovakia; slovak republic; słowacja", "SA": "saudi arabia; ksa; saudi",
    "ZA": "south africa; rsa; rpa; юар", "NZ": "new zealand; aotearoa",
    "KZ": "kazakhstan; казахстан", "UA": "ukraine; украина; україна; ukraina", "GE": "georgia",
}  # fmt: skip
# Languages in which address books and CRMs write countries.
_LANGUAGES = (
    *("pl", "de", "fr", "es", "it", "cs", "ru", "uk", "pt", "nl", "tr", "ja", "zh_CN", "sv", "da"),
    *("nb", "fi", "hu", "ro", "sk", "el", "ko", "sl", "hr", "bg", "lt", "lv", "et"),
)


@cache
def _codes_by_name() -> dict[str, str]:
    codes = {}
    for country in pycountry.countries:
        for attribute in ("name", "official_name", "common_name", "alpha_2", "alpha_3"):
            if name := getattr(country, attribute, None):
                codes[plain(name)] = country.alpha_2
    for code, names in _ALIASES.items():
        codes |= {plain(name): code for name in names.split(";")}
    return codes


@cache
def _translations() -> dict[str, str]:
    """The codes of countries by their names in other languages than English."""
    codes: dict[str, str] = {}
    for language in _LANGUAGES:
        translation = gettext.translation(
            "iso3166-1", pycountry.LOCALES_DIR, languages=[language], fallback=True
        )
        for country in pycountry.countries:
            for attribute in ("name", "official_name", "common_name"):
                if name := getattr(country, attribute, None):
                    codes.setdefault(plain(translation.gettext(name)), country.alpha_2)
    return codes
