"""Time zones of guests: the one that they are thought to be in, and a short list to choose from."""

from datetime import datetime
from functools import cache
from zoneinfo import ZoneInfo

from sqlmodel import Session

from references.desk.calendar import offset
from workspace.accounts.accounts import Account
from workspace.clock import now, zones
from workspace.people.tables import Person

# Zones that guests choose from, each with the countries (ISO 3166-1 alpha-2) in which most people
# live in it or keep its time. A country with several zones has that of its largest cities.
_COUNTRIES = {
    "Pacific/Honolulu": "",
    "America/Anchorage": "",
    "America/Los_Angeles": "",
    "America/Denver": "",
    "America/Chicago": "",
    "America/Mexico_City": "MX GT BZ SV HN NI CR",
    "America/New_York": "US BS",
    "America/Toronto": "CA",
    "America/Bogota": "CO PE EC PA JM KY",
    "America/Halifax": "BM",
    "America/Santiago": "CL",
    "America/Caracas": "VE BO GY PR DO TT BB",
    "America/Sao_Paulo": "BR",
    "America/Argentina/Buenos_Aires": "AR UY PY SR",
    "America/St_Johns": "",
    "Atlantic/Azores": "",
    "Atlantic/Reykjavik": "IS",
    "Africa/Abidjan": "CI GH SN ML BF TG GM GN SL LR MR",
    "Europe/London": "GB GG JE IM",
    "Europe/Dublin": "IE",
    "Europe/Lisbon": "PT FO",
    "Africa/Casablanca": "MA",
    "Africa/Lagos": "NG DZ TN AO BJ CM CD CG GA NE TD CF GQ",
    "Europe/Berlin": "DE LI",
    "Europe/Paris": "FR MC",
    "Europe/Amsterdam": "NL",
    "Europe/Brussels": "BE LU",
    "Europe/Zurich": "CH",
    "Europe/Vienna": "AT",
    "Europe/Madrid": "ES AD GI",
    "Europe/Rome": "IT SM VA MT",
    "Europe/Stockholm": "SE",
    "Europe/Oslo": "NO SJ",
    "Europe/Copenhagen": "DK",
    "Europe/Warsaw": "PL",
    "Europe/Prague": "CZ SK",
    "Europe/Budapest": "HU",
    "Europe/Belgrade": "RS HR SI BA ME MK AL XK",
    "Europe/Helsinki": "FI AX",
    "Europe/Vilnius": "LT LV EE",
    "Europe/Kyiv": "UA",
    "Europe/Bucharest": "RO MD BG",
    "Europe/Athens": "GR CY",
    "Africa/Cairo": "EG",
    "Africa/Johannesburg": "ZA LS SZ",
    "Africa/Maputo": "MZ ZM ZW BW MW RW BI NA LY SD",
    "Asia/Jerusalem": "IL",
    "Asia/Beirut": "LB",
    "Europe/Istanbul": "TR",
    "Europe/Moscow": "RU BY",
    "Asia/Riyadh": "SA KW QA BH IQ YE JO SY",
    "Africa/Nairobi": "KE ET TZ UG SO MG DJ ER",
    "Asia/Tehran": "IR",
    "Asia/Dubai": "AE OM GE AM AZ MU",
    "Asia/Kabul": "AF",
    "Asia/Karachi": "PK MV",
    "Asia/Tashkent": "UZ KZ TM TJ",
    "Asia/Kolkata": "IN LK",
    "Asia/Kathmandu": "NP",
    "Asia/Dhaka": "BD BT KG",
    "Asia/Yangon": "MM",
    "Asia/Bangkok": "TH VN KH LA",
    "Asia/Jakarta": "ID",
    "Asia/Shanghai": "CN",
    "Asia/Hong_Kong": "HK MO",
    "Asia/Singapore": "SG MY BN",
    "Asia/Taipei": "TW",
    "Asia/Manila": "PH",
    "Australia/Perth": "",
    "Asia/Tokyo": "JP",
    "Asia/Seoul": "KR KP",
    "Australia/Adelaide": "",
    "Australia/Brisbane": "PG",
    "Australia/Sydney": "AU",
    "Pacific/Auckland": "NZ FJ",
}


@cache
def _zone_by_country() -> dict[str, str]:
    return {code: zone for zone, codes in _COUNTRIES.items() for code in codes.split()}


def zone_of(session: Session, guest: Person) -> str:
    """The time zone of a guest: their own, else that of their or their company's country."""
    if guest.timezone in zones():
        return guest.timezone
    account = session.get(Account, guest.account_id) if guest.account_id else None
    countries = (guest.country, account.country if account else None)
    found = (_zone_by_country().get(country) for country in countries if country)
    return next(filter(None, found), "UTC")


def short_list(zone: str) -> list[tuple[str, str]]:
    """Zones to choose from, from west to east, as (name, label); `zone` is one of them."""
    moment = now()
    local = {name: moment.astimezone(ZoneInfo(name)) for name in {"UTC", zone, *_COUNTRIES}}
    eastwards = sorted(local, key=lambda name: (local[name].utcoffset(), _place(name)))
    return [(name, _label(name, local[name])) for name in eastwards]


def _label(name: str, local: datetime) -> str:
    return name if name == "UTC" else f"{_place(name)} ({offset(local)})"


def _place(name: str) -> str:
    """The city of a zone."""
    return name.rpartition("/")[2].replace("_", " ")
