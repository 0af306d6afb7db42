"""How results are printed: tables for people, JSON for programs."""

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
    from collections.abc import Sequence

    from _typeshed import DataclassInstance

    from references.network.paths import Reach
    from references.suggestions import Offers
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
    """A value in JSON's own types. A row of a table is refused: it holds more than a result."""
    if is_dataclass(value) and not isinstance(value, type):
        return encoded(fields_of(value))
    if isinstance(value, Mapping):
        return {str(name): encoded(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [encoded(each) for each in value]
    if isinstance(value, Enum):
        return encoded(value.value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    # JSON has no infinite numbers.
    return None if isinstance(value, float) and not math.isfinite(value) else value


def fields_of(value: "DataclassInstance") -> dict[str, object]:
    """A dataclass's fields and properties by their names. Numbers of rows stay inside: results
    are named by their keys."""
    properties = inspect.getmembers(type(value), lambda each: isinstance(each, property))
    names = [field.name for field in fields(value)] + [name for name, _ in properties]
    return {
        name: getattr(value, name)
        for name in names
        if not name.startswith("_") and name != "id" and not name.endswith("_id")
    }


# For people


def print_results(results: "Sequence[tuple[str, Sequence[str]]]") -> None:
    """Each result as a heading and indented lines, as wide as the terminal."""
    from rich.console import Console
    from rich.padding import Padding
    from rich.text import Text

    console = Console(highlight=False)
    for number, (heading, lines) in enumerate(results, start=1):
        # As text, what people wrote can neither colour nor command the terminal.
        console.print(Text(printable(f"{number}. {heading}"), style="bold"))
        for line in filter(None, lines):
            console.print(Padding(Text(printable(line)), (0, 0, 0, 3)))
        console.print()


def printable(text: str) -> str:
    return "".join(each if each.isprintable() else " " for each in text)


def _heading(one: "Kin | Expert | Play") -> str:
    return f"{one.name} [{one.key}]  {one.score:.2f} {one.band}"


def _why(terms: "Sequence[Term]") -> list[str]:
    return [f"{term.contribution:+.3f} {term.because}" for term in terms if term.contribution]


def print_reach(found: "Reach") -> None:
    for title, several in (
        ("From us", found.from_us),
        ("From our customers' people", found.from_customers),
    ):
        typer.echo(f"{title}:" if several else f"{title}: nobody is known to.")
        print_results(
            [
                (
                    f"{each.band.capitalize()}  {' → '.join(step.name for step in each.people)}",
                    [
                        f"{step.name}, {after.name}: {tie.kind}, {tie.evidence or tie.source}"
                        for (step, after), ties in zip(
                            itertools.pairwise(each.people), each.evidence, strict=True
                        )
                        for tie in ties[:2]
                    ],
                )
                for each in several
            ]
        )
    if found.may_be_asked:
        typer.echo("A colleague who keeps their ties to themselves may know someone there.")


def print_offers(found: "Offers") -> None:
    if not found.offered:
        typer.echo("Nobody can be asked for this now.")
    print_results(
        [
            (
                f"{each.match.band.capitalize()}  {each.person.name}, {each.person.account}",
                [
                    *_why(each.match.terms),
                    " → ".join(step.name for step in each.path.people) if each.path else "",
                ],
            )
            for each in found.offered
        ]
    )
    if found.left_out:
        typer.echo(f"{len(found.left_out)} cannot be asked now:")
    for each in found.left_out:
        when = f", from {each.next_on} on" if each.next_on else ""
        typer.echo(f"  {each.person.name}, {each.person.account}: {each.reason}{when}")


def print_kin(found: "Sequence[Kin]") -> None:
    if not found:
        typer.echo("No deal is like this.")
    print_results(
        [
            (
                _heading(one),
                [
                    ", ".join(filter(None, [one.account, one.outcome, _month(one.closed)])),
                    *_why(one.terms),
                    "".join(piece.text for piece in one.snippet),
                    f"But {one.difference}" if one.difference else "",
                ],
            )
            for one in found
        ]
    )


def print_experts(found: "Sequence[Expert]") -> None:
    if not found:
        typer.echo("Nothing on record speaks for anybody here.")
    print_results(
        [
            (
                _heading(one),
                [
                    one.title + (", on the team" if one.on_team else ""),
                    *_why(one.terms),
                    *(f"{_month(each.when)} {each.text}".strip() for each in one.evidence[:5]),
                ],
            )
            for one in found
        ]
    )


def print_playbook(found: "Playbook") -> None:
    if not found.plays:
        typer.echo("No asset was used on the deals that are like this.")
    print_results(
        [
            (
                _heading(play),
                [
                    f"{play.kind}: {play.won_with} of {play.closed_with} deals were won with it,"
                    f" {play.won_without} of {play.closed_without} without",
                    *_why(play.terms),
                ],
            )
            for play in found.plays
        ]
    )
    for each in found.contrasts:
        typer.echo(
            printable(
                f"Against {each.competitor}: {each.asset_name} was used on {each.won_with} of"
                f" {each.won} deals won and on {each.lost_with} of {each.lost} lost."
            )
        )


def print_outlook(found: "Outlook | None", minimum: int) -> None:
    if not found:
        typer.echo(f"Fewer than {minimum} deals that closed are like this one: too few to say.")
        return
    typer.echo(f"{found.won} of the {found.closed} most alike deals that closed were won.")
    typer.echo(
        f"Chance of winning: {found.chance.value:.0%} ({found.chance.low:.0%} to"
        f" {found.chance.high:.0%}); usually {found.usual.rate:.0%}."
    )
    if found.days:
        typer.echo(f"Days until won: {_typical(found.days)}.")
    if found.amount:
        typer.echo(f"Amount in {found.currency}: {_typical(found.amount)}.")


def _typical(found: "Typical") -> str:
    return f"{found.median:,.0f}, half of {found.cases} from {found.low:,.0f} to {found.high:,.0f}"


def _month(day: "date | None") -> str:
    return f"{day:%b %Y}" if day else ""
