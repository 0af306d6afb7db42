"""Readers of amounts and currencies, as people and systems of many countries write them."""

import re
import unicodedata
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from functools import cache

import pycountry

from workspace.errors import Invalid
from workspace.imports.cells import brief, quoted, read_number
from workspace.imports.messages import Notice, tell

# The largest amount that the columns of amounts hold.
LARGEST_AMOUNT = Decimal(10) ** 12 - Decimal("0.01")


@dataclass(frozen=True)
class Money:
    """An amount, with the currency where the cell names one."""

    amount: Decimal
    currency: str | None = None
    # The currencies that the sign may mean, where it is that of several.
    possible: frozenset[str] = field(default=frozenset(), compare=False)


# The currencies that a sign or an abbreviation in small letters may mean: the first is meant where
# nothing else tells, unless the text begins with '?'. ISO 4217 codes are read beside these.
_SIGNS = {
    "$": "USD CAD AUD NZD HKD SGD TWD MXN ARS CLP COP BRL BBD BMD BND BSD BZD FJD GYD JMD KYD LRD"
    " NAD SBD SRD TTD XCD",
    "us$": "USD", "u$s": "USD", "u.s.$": "USD", "usd$": "USD", "us dollar": "USD",
    "dollar": "USD CAD AUD NZD HKD SGD", "dollars": "USD CAD AUD NZD HKD SGD",
    "c$": "CAD", "ca$": "CAD", "can$": "CAD", "cad$": "CAD", "cdn$": "CAD",
    "a$": "AUD", "au$": "AUD", "aud$": "AUD", "nz$": "NZD", "nzd$": "NZD", "hk$": "HKD",
    "hkd$": "HKD", "s$": "SGD", "sg$": "SGD", "sgd$": "SGD", "nt$": "TWD", "ntd": "TWD",
    "twd$": "TWD", "mx$": "MXN", "mex$": "MXN", "mxn$": "MXN", "r$": "BRL", "ar$": "ARS",
    "arg$": "ARS", "cl$": "CLP", "clp$": "CLP", "co$": "COP", "col$": "COP", "cop$": "COP",
    "$u": "UYU", "uy$": "UYU", "rd$": "DOP", "j$": "JMD", "ja$": "JMD", "tt$": "TTD", "bz$": "BZD",
    "bds$": "BBD", "b$": "BSD BND BOB", "bs$": "BSD", "ec$": "XCD", "fj$": "FJD", "g$": "GYD",
    "l$": "LRD", "n$": "NAD", "si$": "SBD", "sr$": "SRD", "ci$": "KYD", "bd$": "BMD",
    "€": "EUR", "euro": "EUR", "euros": "EUR",
    "£": "GBP EGP FKP GIP SHP SYP LBP SSP", "gb£": "GBP", "uk£": "GBP", "e£": "EGP", "le": "EGP",
    "l.e.": "EGP", "ll": "LBP",
    "¥": "JPY CNY", "円": "JPY", "yen": "JPY", "jp¥": "JPY", "cn¥": "CNY", "元": "CNY TWD HKD",
    "rmb": "CNY", "人民币": "CNY", "圆": "CNY", "₩": "KRW KPW", "원": "KRW",
    "₹": "INR", "rs": "INR PKR LKR NPR MUR SCR", "rs.": "INR PKR LKR NPR MUR SCR",
    "₨": "INR PKR LKR NPR MUR SCR", "rupees": "INR PKR LKR NPR", "৳": "BDT", "tk": "BDT",
    "रु": "NPR INR", "රු": "LKR", "pkrs": "PKR", "nrs": "NPR", "slrs": "LKR", "rf": "MVR",
    "zł": "PLN", "zl": "PLN", "zlotych": "PLN", "złotych": "PLN", "złoty": "PLN", "kč": "CZK",
    "kc": "CZK", "ft": "HUF", "forint": "HUF", "lei": "RON MDL", "leu": "RON MDL", "лв": "BGN",
    "лв.": "BGN", "lv": "BGN", "kn": "EUR", "din": "RSD", "din.": "RSD", "дин": "RSD",
    "дин.": "RSD", "km": "BAM", "ден": "MKD", "lek": "ALL",
    "₽": "RUB", "руб": "RUB", "руб.": "RUB", "р": "RUB", "р.": "RUB", "рублей": "RUB",
    "₴": "UAH", "грн": "UAH", "грн.": "UAH", "br": "?BYN ETB", "₸": "KZT", "тг": "KZT",
    "₼": "AZN", "₾": "GEL", "֏": "AMD", "сум": "UZS", "som": "?KGS UZS", "₮": "MNT",
    "₺": "TRY", "tl": "TRY", "₪": "ILS", "nis": "ILS", "ش.ج": "ILS",
    "kr": "?SEK NOK DKK ISK", "kr.": "?SEK NOK DKK ISK", ",- kr": "?SEK NOK DKK ISK", "skr": "SEK",
    "nkr": "NOK", "dkr": "DKK", "ikr": "ISK", "íkr": "ISK",
    "chf": "CHF", "fr": "CHF", "fr.": "CHF", "sfr": "CHF", "sfr.": "CHF", "franken": "CHF",
    "฿": "THB", "baht": "THB", "₫": "VND", "đ": "VND", "₱": "PHP", "php₱": "PHP", "rm": "MYR",
    "rp": "IDR", "rp.": "IDR", "₭": "LAK", "៛": "KHR", "mk": "MWK",
    "aed": "AED", "dhs": "AED", "dh": "?AED MAD", "د.إ": "AED", "sr": "?SAR SCR", "﷼": "?SAR IRR",
    "ر.س": "SAR", "qr": "QAR", "kd": "KWD", "bd": "BHD", "jd": "JOD", "dt": "TND", "da": "DZD",
    "r": "ZAR", "₦": "NGN", "gh₵": "GHS", "₵": "GHS", "ksh": "KES", "ksh.": "KES", "kes": "KES",
    "ush": "UGX", "tsh": "TZS", "fcfa": "XOF XAF", "cfa": "XOF XAF",
    "₡": "CRC", "₲": "PYG", "gs": "PYG", "gs.": "PYG", "b/.": "PAB",
    "s/": "PEN", "s/.": "PEN", "bs": "?BOB VES", "bs.": "?BOB VES", "c$.": "NIO",
}  # fmt: skip
# Powers of ten of the words for large numbers.
_UNITS = {
    "k": 3, "tys": 3, "tys.": 3, "thousand": 3, "tsd": 3, "tsd.": 3, "t€": 3, "тыс": 3, "тыс.": 3,
    "тис": 3, "тис.": 3, "tis": 3, "tis.": 3, "mil": 3, "lakh": 5, "lakhs": 5, "lac": 5,
    "m": 6, "mn": 6, "mm": 6, "mln": 6, "mln.": 6, "mio": 6, "mio.": 6, "million": 6,
    "millions": 6, "millionen": 6, "млн": 6, "млн.": 6, "万": 4, "億": 8, "亿": 8,
    "cr": 7, "cr.": 7, "crore": 7, "crores": 7,
    "b": 9, "bn": 9, "mld": 9, "mld.": 9, "mrd": 9, "mrd.": 9, "md": 9, "billion": 9, "млрд": 9,
    "млрд.": 9,
}  # fmt: skip
_INDIAN = frozenset({"INR", "PKR", "NPR", "BDT", "LKR"})
_PARTS = re.compile(r"([^0-9]*)([0-9][0-9.,' ]*)([^0-9]*)")
_AS_EXPORTED = re.compile(r"[0-9]{1,12}(?:\.[0-9]{1,2})?")
_GROUPED_IN_INDIA = re.compile(r"([0-9]{1,2}(?:,[0-9]{2})*,[0-9]{3})(?:\.([0-9]+))?")


def read_money(text: str) -> Money:
    """An amount: $1,234,567, 250k, 1 234,50 zł, EUR 1.5M, CA$ 100, ₹4,00,000, 120.000,- Kč."""
    if _AS_EXPORTED.fullmatch(text):
        # Most amounts are written so, and need no more.
        return Money(Decimal(text).quantize(Decimal("0.01")))
    written = unicodedata.normalize("NFKC", text.replace("﷼", " SAR ")).replace("’", "'")
    written = written.replace("−", "-").strip()
    # With a dash in place of the decimals, the other marks are between thousands.
    if dash := re.fullmatch(r"(.*[0-9])[.,:] ?[-–—]{1,2}(\D*)", written):
        written = re.sub(r"(?<=[0-9])[.,](?=[0-9]{3}(?![0-9]))", "", dash[1]) + dash[2]
    parts = _PARTS.fullmatch(written) if len(written) <= 60 else None
    if not parts:
        raise Invalid(tell(Notice.NO_AMOUNT, text=brief(text)))
    before, digits, after = (part.strip().casefold() for part in parts.groups())
    if "-" in before or (before.startswith("(") and after.endswith(")")):
        raise Invalid(tell(Notice.BELOW_ZERO, text=brief(text)))
    unit, after = _unit(after)
    codes = _together(text, [_codes(text, part) for part in (before, after) if part])
    try:
        amount = _number(digits, codes, unit).scaleb(unit)
    except Invalid as problem:
        if problem.args[0].startswith(quoted(digits) + " could"):
            raise
        raise Invalid(tell(Notice.NO_AMOUNT, text=brief(text))) from None
    if amount > LARGEST_AMOUNT:
        raise Invalid(tell(Notice.TOO_LARGE, text=brief(text)))
    rounded = amount.quantize(Decimal("0.01"), ROUND_HALF_UP)
    certain = [code for code in codes if code != "?"]
    currency = certain[0] if certain and codes[0] != "?" else None
    return Money(rounded, currency, frozenset(certain))


def sign_of(text: str) -> str:
    """What stands beside the digits of an amount, such as the sign of its currency."""
    return " ".join(re.sub(r"[0-9][0-9.,' ]*", " ", text).split())


def read_currency(text: str) -> str:
    """The ISO 4217 code of a currency, from the code, its sign or its name."""
    codes = _codes_of(_plain(text))
    if not codes:
        raise Invalid(tell(Notice.NO_CURRENCY, text=brief(text)))
    if codes[0] == "?":
        raise Invalid(tell(Notice.CURRENCY_UNCLEAR, text=brief(text), codes=list(codes[1:])))
    return codes[0]


def possible_currencies(text: str) -> frozenset[str]:
    """The ISO 4217 codes that a sign or a name may mean; empty where none is known."""
    return frozenset(_codes_of(_plain(text))) - {"?"}


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text).strip().casefold()


def _number(digits: str, codes: tuple[str, ...], unit: int) -> Decimal:
    if _INDIAN.intersection(codes) and (parts := _GROUPED_IN_INDIA.fullmatch(digits.strip())):
        return Decimal(f"{parts[1].replace(',', '')}.{parts[2] or 0}")
    # Three decimals are no fraction of a currency with two: '€1.234' are thousands.
    thousands = re.fullmatch(r"([1-9][0-9]{0,2})\.([0-9]{3})", digits.strip())
    if thousands and codes and not unit and not _with_three_decimals().intersection(codes):
        return Decimal(thousands[1] + thousands[2])
    return read_number(digits)


def _unit(after: str) -> tuple[int, str]:
    """The power of ten that follows the digits, and what is left behind it."""
    if _codes_of(after) and after not in ("k", "m", "b"):
        return 0, after
    parts = re.match(r"([^\s$€£¥₽₴₹]+)\s*(.*)", after)
    for length in range(len(parts[1]) if parts else 0, 0, -1):
        word = after[:length]
        rest = after[length:].strip()
        # A unit is followed by nothing, by a space or by a currency.
        if word in _UNITS and (not rest or after[length] == " " or _codes_of(rest)):
            return _UNITS[word], rest
    return 0, after


def _codes(text: str, part: str) -> tuple[str, ...]:
    """The currencies that a part beside the digits means; `Invalid` where it is none."""
    codes = _codes_of(part)
    if not codes and " " in part:
        # 'USD $' before the digits.
        return _together(text, [_codes(text, word) for word in part.split()])
    if not codes:
        raise Invalid(tell(Notice.NO_AMOUNT, text=brief(text)))
    return codes


def _together(text: str, parts: list[tuple[str, ...]]) -> tuple[str, ...]:
    """The currencies that all parts allow: '$' and 'CAD' are Canadian dollars."""
    if not parts:
        return ()
    common = [code for code in parts[0] if code != "?" and all(code in part for part in parts)]
    if not common:
        raise Invalid(tell(Notice.NO_AMOUNT, text=brief(text)))
    # What is unclear in each part stays so.
    unclear = all(part[0] == "?" for part in parts) and len(common) > 1
    return ("?", *common) if unclear else tuple(common)


def _codes_of(text: str) -> tuple[str, ...]:
    if code := _iso_codes().get(text):
        return (code,)
    codes = _SIGNS.get(text) or _SIGNS.get(text.rstrip("."), "")
    return ("?", *codes[1:].split()) if codes.startswith("?") else tuple(codes.split())


@cache
def _iso_codes() -> dict[str, str]:
    codes = {currency.name.casefold(): currency.alpha_3 for currency in pycountry.currencies}
    return codes | {
        currency.alpha_3.casefold(): currency.alpha_3 for currency in pycountry.currencies
    }


@cache
def _with_three_decimals() -> frozenset[str]:
    return frozenset({"BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"})
