"""The codes of industries, countries and currencies, from the texts that stand in cells."""

from collections.abc import Callable
from typing import Protocol

from workspace.accounts.geography import country_name, find_country
from workspace.accounts.industries import find_industry, industry_name
from workspace.errors import Invalid
from workspace.imports.cells import brief
from workspace.imports.meanings import Meanings, Topic
from workspace.imports.messages import Notice, tell
from workspace.imports.money import read_currency


class _FindCode(Protocol):
    def __call__(self, text: str, *, exactly: bool = ...) -> str | None: ...


class Codes:
    """Finds codes: by the names that Dealkin knows, then by answers, then by similar names."""

    def __init__(self, meanings: Meanings, warn: Callable[[str], None]) -> None:
        self._meanings = meanings
        self._warn = warn

    def industry(self, text: str) -> str | None:
        """The code of an industry; a warning if it is unknown or its spelling was corrected."""
        return self._code(Topic.INDUSTRY, text, find_industry, industry_name)

    def country(self, text: str) -> str | None:
        """The code of a country; a warning if it is unknown or its spelling was corrected."""
        return self._code(Topic.COUNTRY, text, find_country, country_name)

    def _code(
        self, topic: Topic, text: str, find: _FindCode, name_of: Callable[[str], str]
    ) -> str | None:
        if exact := find(text, exactly=True):
            return exact
        said = self._meanings.find(topic, text)
        if said is not None:
            return said or None
        code = find(text)
        if code is None:
            self._meanings.ask(topic, text)
            self._warn(tell(Notice.VALUE_UNKNOWN, topic=topic, text=brief(text)))
        else:
            self._warn(tell(Notice.READ_AS, text=brief(text), name=name_of(code)))
        return code

    def currency(self, text: str) -> str | None:
        """The code of a currency; None if amounts in it are left out as was answered."""
        try:
            return read_currency(text)
        except Invalid:
            said = self._meanings.find(Topic.CURRENCY, text)
            if said is None:
                self._meanings.ask(Topic.CURRENCY, text)
                raise
            return said or None
