"""What the preview of an import asks: whether new names are in the record, what values mean."""

from contextlib import suppress
from dataclasses import dataclass

from sqlmodel import Session

from web.forms import Form
from workspace.accounts.accounts import Account
from workspace.duplicates import finding
from workspace.errors import NotFound
from workspace.imports.answers import remember_answer
from workspace.imports.meanings import Meanings, Topic, choices, remember_value
from workspace.imports.near_misses import Question
from workspace.imports.preview import Preview
from workspace.imports.unknown_values import UnknownValue
from workspace.keys import row_of_key
from workspace.people.tables import Person
from workspace.people.viewer import Viewer

# What a form sends for a value without a meaning; an empty field leaves the question open.
NO_MEANING = "-"


@dataclass(frozen=True)
class ValueRow:
    """A value that is asked about, what it can mean, and what was answered."""

    value: UnknownValue
    choices: list[tuple[str, str]]
    chosen: str

    @property
    def without_meaning(self) -> tuple[str, str]:
        """What else can become of it."""
        of_topic = {Topic.STAGE: "Refuse its rows", Topic.CURRENCY: "Leave its amounts out"}
        return NO_MEANING, of_topic.get(self.value.topic, "Leave empty")


@dataclass(frozen=True)
class Asked:
    """The questions of a preview."""

    questions: list[Question]
    values: list[ValueRow]


def asked(session: Session, found: Preview) -> Asked:
    """The questions of a preview, with the answers that there are."""
    meanings = Meanings(session)
    of_any = {topic: choices(session, topic) for topic in {value.topic for value in found.values}}
    rows = []
    for value in found.values:
        possible = of_any[value.topic]
        if value.topic == Topic.CURRENCY:
            possible = choices(session, value.topic, value.text)
        answer = meanings.find(value.topic, value.text)
        chosen = "" if answer is None else answer or NO_MEANING
        rows.append(ValueRow(value, possible, chosen))
    return Asked(found.questions, rows)


def save_answers(session: Session, viewer: Viewer, found: Preview, form: Form) -> None:
    """Remember the answers of a form to the questions of a preview."""
    names = [
        (question, form.choice(f"answer-{question.key}", ("same", "another")))
        for question in found.questions
    ]
    values = [
        (row.value, form.choice(f"value-{row.value.key}", _options(row)))
        for row in asked(session, found).values
    ]
    form.done()
    for question, answer in names:
        if answer:
            table: type[Account | Person] = Account if question.kind == finding.ACCOUNT else Person
            # What was deleted or merged meanwhile is no longer asked about.
            with suppress(NotFound):
                row = row_of_key(session, table, question.existing_key)
                same = answer == "same"
                remember_answer(session, row, question.name, viewer.person_id, same=same)
    for value, answer in values:
        if answer:
            meaning = "" if answer == NO_MEANING else answer
            remember_value(session, value.topic, value.text, meaning, viewer.person_id)


def _options(row: ValueRow) -> list[str]:
    return [NO_MEANING, *(option for option, _ in row.choices)]
