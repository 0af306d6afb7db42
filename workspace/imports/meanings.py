"""What values in files mean that Dealkin does not know by itself, such as another system's stages.

Members answer once; an answer holds for the value in every later file.
"""

from collections import Counter
from datetime import datetime
from enum import StrEnum

import pycountry
import sqlalchemy as sa
from sqlmodel import Field, Session, SQLModel, select

from workspace.accounts.geography import country_choices, find_country
from workspace.accounts.industries import DIVISIONS, SECTIONS, find_industry
from workspace.accounts.size_bands import SIZE_BAND_NAMES, headcount_band
from workspace.audit import audit
from workspace.clock import now
from workspace.deals.stages import stages
from workspace.errors import Invalid
from workspace.imports.cells import quoted
from workspace.imports.money import possible_currencies, read_currency
from workspace.keys import joined

# Longer texts are sentences, and nobody is asked what they mean.
_LONGEST = 80
# Values that only say that there is none.
_NOTHING = frozenset(
    ["-", "--", "–", "—", "?", "n/a", "n.a.", "na", "none", "null", "nil", "unknown", "undefined"]
)


class Topic(StrEnum):
    """What a value is about: the column of Dealkin's that it stands in."""

    STAGE = "stage"
    INDUSTRY = "industry"
    COUNTRY = "country"
    HEADCOUNT = "headcount"
    CURRENCY = "currency"


class ImportValue(SQLModel, table=True):
    """What a value in files means."""

    __table_args__ = (sa.UniqueConstraint("topic", "text"),)

    id: int = Field(default=None, primary_key=True)
    topic: str = Field(max_length=20)
    # As values are compared.
    text: str = Field(max_length=_LONGEST)
    # The stage that it means.
    stage_id: int | None = Field(
        default=None, foreign_key="stage.id", ondelete="CASCADE", index=True
    )
    # A code or a size band otherwise. Without a meaning the cell is left empty, or its row refused.
    meaning: str = Field(default="", max_length=40)
    by_id: int | None = Field(default=None, foreign_key="person.id")
    at: datetime = Field(default_factory=now)


class Meanings:
    """What was answered about values, and the values that were looked up here."""

    def __init__(self, session: Session) -> None:
        rows = session.exec(select(ImportValue))
        self._answers = {(row.topic, row.text): _meaning(row) for row in rows}
        self._noted: Counter[tuple[Topic, str]] = Counter()
        self._spellings: dict[tuple[Topic, str], str] = {}

    def find(self, topic: Topic, text: str) -> str | None:
        """The answer for a value: a stage's id, a code, a band; '' for no meaning, None if open."""
        answer = self._answers.get((topic, _compared(text)))
        if answer is not None:
            self._note(topic, text)
        return answer

    def ask(self, topic: Topic, text: str) -> None:
        """Note that a value is not known, so that the preview asks what it means."""
        compared = _compared(text)
        if compared and len(compared) <= _LONGEST and compared not in _NOTHING:
            self._note(topic, text)

    def _note(self, topic: Topic, text: str) -> None:
        # Of several spellings, the first is shown.
        spelling = self._spellings.setdefault((topic, _compared(text)), " ".join(text.split()))
        self._noted[topic, spelling] += 1

    def take(self) -> Counter[tuple[Topic, str]]:
        """The values since the last call for which there is, or should be, an answer."""
        noted, self._noted = self._noted, Counter()
        return noted


def _compared(text: str) -> str:
    return " ".join(text.split()).casefold()


def _meaning(row: ImportValue) -> str:
    return str(row.stage_id) if row.stage_id is not None else row.meaning


def choices(session: Session, topic: Topic, text: str = "") -> list[tuple[str, str]]:
    """What this value of a topic, or any, can mean: how it is stored, and its label."""
    match topic:
        case Topic.STAGE:
            return [(str(stage.id), stage.name) for stage in stages(session)]
        case Topic.INDUSTRY:
            return sorted({**SECTIONS, **DIVISIONS}.items(), key=lambda pair: pair[1])
        case Topic.COUNTRY:
            return list(country_choices())
        case Topic.HEADCOUNT:
            return [(band, band) for band in SIZE_BAND_NAMES]
        case Topic.CURRENCY:
            possible = possible_currencies(text)
            return [
                (currency.alpha_3, f"{currency.alpha_3} {currency.name}")
                for currency in pycountry.currencies
                if not possible or currency.alpha_3 in possible
            ]


def read_meaning(session: Session, topic: Topic, text: str) -> str:
    """The meaning that a text names, such as a stage's name; `Invalid` if there is none."""
    match topic:
        case Topic.STAGE:
            named = {joined(name): value for value, name in choices(session, topic)}
            found = named.get(joined(text))
        case Topic.INDUSTRY:
            found = find_industry(text, exactly=True)
        case Topic.COUNTRY:
            found = find_country(text, exactly=True)
        case Topic.HEADCOUNT:
            bands = {headcount_band(band): band for band in SIZE_BAND_NAMES}
            found = bands.get(headcount_band(text))
        case Topic.CURRENCY:
            found = read_currency(text)
    if found is None:
        raise Invalid(f"{quoted(text)} is no {topic} in the record.")
    return found


def remember_value(session: Session, topic: Topic, text: str, meaning: str, by: int | None) -> None:
    """Remember what a value means, in place of an earlier answer; '' for no meaning."""
    compared = _compared(text)
    if not compared or len(compared) > _LONGEST:
        raise Invalid(f"{quoted(text)} is not a value that can be remembered.")
    before = session.exec(
        select(ImportValue).where(ImportValue.topic == topic, ImportValue.text == compared)
    ).first()
    if before and _meaning(before) == meaning:
        return
    said = before or ImportValue(topic=topic, text=compared)
    stage = topic == Topic.STAGE and meaning
    said.stage_id, said.meaning = (int(meaning), "") if stage else (None, meaning)
    said.by_id, said.at = by, now()
    session.add(said)
    session.flush()
    detail: dict[str, object] = {"topic": str(topic), "text": compared, "meaning": meaning}
    audit(session, by, "import value answered", f"import value {said.id}", detail)
