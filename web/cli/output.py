"""The output of commands: text for people, JSON for programs."""

import inspect
import itertools
import json
import math
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import date
from decimal import Decimal
from enum import Enum
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from _typeshed import DataclassInstance

    from references.network.paths import KnownPath, Reach
    from references.prospecting.known import Unrecorded
    from references.suggestions import Suggestions
    from similarity.experts import Expert
    from similarity.kin import Kin
    from similarity.outlook import Outlook, Typical
    from similarity.playbook import Play, Playbook
    from similarity.scoring import Term


# JSON


def print_json(value: object) -> None:
    text = json.dumps(encoded(value), ensure_ascii=False, indent=2, allow_nan=False)
    typer.echo(text)


def encoded(value: object) -> object:
    """A value in the types of JSON. Rows of tables stay as they are, which `json` refuses: they
    hold more than a viewer may see."""
    if is_dataclass(value) and not isinstance(value, type):
        return encoded(fields_of(value))
    if isinstance(value, Mapping):
        return {str(name): encoded(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [encoded(item) for item in value]
    if isinstance(value, Enum):
        return encoded(value.value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    # JSON has no infinity, such as the prior of an outlook for which similar deals tell nothing.
    return None if isinstance(value, float) and not math.isfinite(value) else value


def fields_of(value: "DataclassInstance") -> dict[str, object]:
    """A dataclass's public fields and properties by name, without primary keys."""
    properties = inspect.getmembers(type(value), lambda member: isinstance(member, property))
    names = [field.name for field in fields(value)] + [name for name, _ in properties]
    return {
        name: getattr(value, name)
        for name in names
        if not name.startswith("_") and name != "id" and not name.endswith("_id")
    }


# For people


def print_results(results: "Iterable[tuple[str, Iterable[str]]]") -> None:
    """Each result as a heading and indented lines, wrapped to the terminal's width."""
    from rich.console import Console
    from rich.padding import Padding
    from rich.text import Text

    console = Console(highlight=False)
    for number, (heading, lines) in enumerate(results, start=1):
        # In a Text, markup that people wrote is not interpreted.
        console.print(Text(printable(f"{number}. {heading}"), style="bold"))
        for line in filter(None, lines):
            console.print(Padding(Text(printable(line)), (0, 0, 0, 3)))
        console.print()


def printable(text: str) -> str:
    """The text without control characters, with which it could command the terminal."""
    return "".join(letter if letter.isprintable() else " " for letter in text)


def print_kin(results: "Sequence[Kin]", running: "Sequence[Kin]") -> None:
    if not results:
        typer.echo("No past deal is like this.")
    print_results((_heading(kin), _about_kin(kin)) for kin in results)
    if running:
        typer.echo("Also running now:")
        print_results((_heading(kin), _about_kin(kin)) for kin in running)


def _about_kin(kin: "Kin") -> list[str]:
    who = kin.owner if kin.outcome == "open" else _month(kin.closed)
    return [
        ", ".join(filter(None, [kin.account, kin.outcome, who])),
        "The same account" if kin.same_account else "",
        *_reasons(kin.terms),
        "".join(piece.text for piece in kin.snippet),
        f"But {kin.difference}" if kin.difference else "",
        f"And {len(kin.folded)} more like it" if kin.folded else "",
    ]


def print_experts(results: "Sequence[Expert]") -> None:
    if not results:
        typer.echo("Nothing on record speaks for anybody here.")
    print_results(
        (
            _heading(expert),
            [
                expert.title + (", on the team" if expert.on_team else ""),
                *_reasons(expert.terms),
                *(f"{_month(item.when)} {item.text}".strip() for item in expert.evidence[:5]),
            ],
        )
        for expert in results
    )


def print_playbook(playbook: "Playbook") -> None:
    if not playbook.plays:
        typer.echo("No asset that fits was used on the deals that are like this.")
    print_results(
        (
            _heading(play),
            [
                play.fits,
                f"{play.kind}: {play.won_with} of {play.closed_with} deals were won with it,"
                f" {play.won_without} of {play.closed_without} without",
                *_reasons(play.terms),
            ],
        )
        for play in playbook.plays
    )
    for general in playbook.general:
        typer.echo(
            printable(
                f"Works on most deals: {general.name} [{general.key}], won {general.won_with} of"
                f" {general.closed_with} with it, {general.won_without} of"
                f" {general.closed_without} without."
            )
        )
    for contrast in playbook.contrasts:
        typer.echo(
            printable(
                f"Against {contrast.competitor}: {contrast.asset_name} was used on"
                f" {contrast.won_with} of {contrast.won} deals won and on {contrast.lost_with} of"
                f" {contrast.lost} lost."
            )
        )


def print_outlook(outlook: "Outlook | None", minimum: int) -> None:
    if not outlook:
        typer.echo(f"Fewer than {minimum} deals that closed are like this one: too few to say.")
        return
    typer.echo(
        f"Win chance: {outlook.chance.value:.0%} (likely {outlook.chance.low:.0%} to"
        f" {outlook.chance.high:.0%})."
    )
    typer.echo(
        f"The usual win rate is {outlook.usual.rate:.0%}: {outlook.usual.won} of the last"
        f" {outlook.usual.closed} closed deals were won."
    )
    typer.echo(
        f"Of the {outlook.closed} similar closed deals, {outlook.won} were won"
        f" ({outlook.share:.0%}). They are {outlook.likeness:.0%} like this one on average, so"
        f" they count as {outlook.alike:.0f} deals in the chance;"
        + (
            f" the usual rate counts as {outlook.prior:.0f}."
            if outlook.weight
            else " only the usual rate counts, as they predicted nothing before."
        )
    )
    if outlook.days:
        typer.echo(f"Days until won: {_typical(outlook.days)}.")
    if outlook.amount:
        typer.echo(f"Amount in {outlook.currency}: {_typical(outlook.amount)}.")


def print_reach(
    reach: "Reach", unrecorded: "Sequence[Unrecorded]", *, as_person: int | None
) -> None:
    for person in unrecorded:
        for who in person.known_by:
            name = "You know" if who.id == as_person else f"{who.name} knows"
            what = f"{person.name}, {person.title}" if person.title else person.name
            typer.echo(f"{name} {what}, who is not in the record yet.")
    for title, paths in (
        ("From us", reach.from_us),
        ("From our customers' people", reach.from_customers),
    ):
        nobody = "nobody else is known to" if unrecorded else "nobody is known to"
        typer.echo(f"{title}:" if paths else f"{title}: {nobody}.")
        print_results(
            (
                f"{path.band.capitalize()}  {_people(path)}",
                [
                    f"{person.name}, {next_person.name}: {tie.kind}, {tie.evidence or tie.source}"
                    for (person, next_person), ties in zip(
                        itertools.pairwise(path.people), path.evidence, strict=True
                    )
                    for tie in ties[:2]
                ],
            )
            for path in paths
        )
    if reach.may_be_asked:
        typer.echo("A colleague who keeps their ties to themselves may know someone there.")


def print_suggestions(suggestions: "Suggestions") -> None:
    if not suggestions.suggested:
        typer.echo("Nobody can be asked for this now.")
    print_results(
        (
            f"{suggestion.match.band.capitalize()}  {suggestion.person.name},"
            f" {suggestion.person.account}",
            [
                suggestion.match.caveat,
                *_reasons(suggestion.match.terms),
                _people(suggestion.path) if suggestion.path else "",
            ],
        )
        for suggestion in suggestions.suggested
    )
    if suggestions.left_out:
        typer.echo(f"{len(suggestions.left_out)} cannot be asked now:")
    for advocate in suggestions.left_out:
        when = f", from {advocate.next_on} on" if advocate.next_on else ""
        person = advocate.person
        typer.echo(f"  {person.name}, {person.account}: {advocate.reason}{when}")


def _heading(result: "Kin | Expert | Play") -> str:
    return f"{result.name} [{result.key}]  {result.score:.2f} {result.band}"


def _reasons(terms: "Sequence[Term]") -> list[str]:
    return [f"{term.contribution:+.3f} {term.because}" for term in terms if term.contribution]


def _people(path: "KnownPath") -> str:
    return " → ".join(person.name for person in path.people)


def _typical(figure: "Typical") -> str:
    return (
        f"{figure.median:,.0f}, half of {figure.cases} from {figure.low:,.0f} to {figure.high:,.0f}"
    )


def _month(day: "date | None") -> str:
    return f"{day:%b %Y}" if day else ""
