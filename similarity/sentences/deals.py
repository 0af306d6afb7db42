"""What a sentence says of a deal besides its account and facets: a short name, and the amount."""

import re
import textwrap

from workspace.errors import Invalid
from workspace.imports.money import Money, read_money

LONGEST_NAME = 80
_NUMBER = (
    r"(?:[0-9]{1,3}(?:[ \u00a0][0-9]{3})+|[0-9](?:[0-9.,']*[0-9])?)"
    r"(?:\s?(?:k|m|mln|million|thousand|tys)\b\.?)?"
)
_CURRENCY = r"(?:(?-i:[A-Z]{3})\b|[A-Z]{0,3}[$€£¥₹₽₴₺]|zł|kč|euros?\b|dollars?\b)"
# Codes that are words, too: 'TRY 3 sites' and 'ALL 34 hospitals' have no amounts.
_WORDS = frozenset({"ALL", "CUP", "MAD", "TOP", "TRY"})
_LEAST_OF_WORDS = 1_000
# A number is an amount where a currency stands beside it: '34 doors' and '2,000 people' are none.
_AMOUNT = re.compile(
    rf"(?<![\w.,]){_CURRENCY}\s?{_NUMBER}(?!\w)|(?<![\w.,]){_NUMBER}\s?{_CURRENCY}", re.IGNORECASE
)
_CLAUSE = re.compile(r"[,;:.!?](?:\s|$)|\s[–—-]\s")
# A name of fewer words says less than the sentence.
_FEWEST_WORDS = 2
# What an account does before what it wants, in English, Polish and Russian.
_WANTS = re.compile(
    r"""(?<!\bnot\s)(?<!\bnie\s)(?<!\bне\s)\b(?:
    wants?|needs?|requires?|seeks?|considers?|plans?|asks?\sfor|(?:is|are)\slooking\sfor|looks?\sfor
    |(?:is|are)\s(?:considering|evaluating|planning)|would\slike
    |chce|chcą|potrzebuje|potrzebują|szuka|szukają|rozważa|rozważają|planuje|planują|prosi\so
    |хочет|хотят|ищет|ищут|рассматривает|рассматривают|планирует|планируют|просит
    |нуж(?:ен|на|но|ны)
    )\s+(?:(?:to\s(?:buy|get|have|introduce)|an?|the|some|kupić|wdrożyć|купить|внедрить)\s+)*""",
    re.IGNORECASE | re.VERBOSE,
)


def amount_in(text: str) -> Money | None:
    """The first amount with a currency that a text names."""
    for found in _AMOUNT.finditer(text):
        try:
            money = read_money(found[0])
        except Invalid:
            continue
        is_word = money.currency in _WORDS and money.amount < _LEAST_OF_WORDS
        if money.currency and not is_word:
            return money
    return None


def name_in(text: str, account: str) -> str:
    """A short name for the deal of a sentence: its first clause without the account at the end, or
    what the account wants where the sentence begins with it."""
    clause = _clause_of(text)
    place = rf"\s+(?:at|for|with|from)\s+(?:the\s+)?{re.escape(account)}$"
    without = re.sub(place, "", clause, flags=re.IGNORECASE) if account else clause
    wanted = _wanted_by(text, account)
    names = [name for name in (wanted, without, clause) if len(name.split()) >= _FEWEST_WORDS]
    name = next((name for name in names if name.casefold() != account.casefold()), text)
    name = textwrap.shorten(name, LONGEST_NAME, placeholder="…")
    return name.rstrip(".")


def _clause_of(text: str) -> str:
    return _CLAUSE.split(text.strip(), maxsplit=1)[0]


def _wanted_by(text: str, account: str) -> str:
    """What an account wants with which a sentence begins; empty where it says nothing of that."""
    if not account or not text.strip().casefold().startswith(account.casefold()):
        return ""
    found = _WANTS.search(text)
    wanted = _clause_of(text[found.end() :]) if found else ""
    return wanted[:1].upper() + wanted[1:]
