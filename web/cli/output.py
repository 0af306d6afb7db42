"""How results are printed: tables for people, JSON for programs."""

import itertools
import json
from dataclasses import asdict
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from references.network.paths import KnownPath, Reach
    from references.suggestions import Suggestions
    from similarity.experts import Expert
    from similarity.kin import Kin
    from similarity.outlook import Outlook, Typical
    from similarity.playbook import Play, Playbook
    from similarity.scoring import Term


# JSON


def print_json(value: object) -> None:
    typer.echo(json.dumps(value, ensure_ascii=False, indent=2, default=str))


def terms_json(terms: "Sequence[Term]") -> list[dict[str, object]]:
    return [
        {
            "name": term.name,
            "value": term.value,
            "weight": term.weight,
            "contribution": term.contribution,
            "because": term.because,
        }
        for term in terms
    ]


def kin_json(one: "Kin") -> dict[str, object]:
    return {
        "key": one.key,
        "name": one.name,
        "score": one.score,
        "band": one.band,
        "terms": terms_json(one.terms),
        "snippet": "".join(piece.text for piece in one.snippet),
        "difference": one.difference,
    }


def expert_json(one: "Expert") -> dict[str, object]:
    return {
        "key": one.key,
        "name": one.name,
        "title": one.title,
        "score": one.score,
        "band": one.band,
        "terms": terms_json(one.terms),
        "evidence": [
            {
                "text": each.text,
                "when": each.when,
                "deal": each.deal_key,
                "asset": each.asset_key,
            }
            for each in one.evidence
        ],
        "load": one.load,
        "on_team": one.on_team,
    }


def playbook_json(found: "Playbook") -> dict[str, object]:
    return {
        "won": found.won,
        "closed": found.closed,
        "results": [
            {
                "key": play.key,
                "name": play.name,
                "kind": play.kind,
                "score": play.score,
                "band": play.band,
                "terms": terms_json(play.terms),
                "won_with": play.won_with,
                "closed_with": play.closed_with,
                "won_without": play.won_without,
                "closed_without": play.closed_without,
                "lift": play.lift,
                "lift_low": play.lift_low,
                "lift_high": play.lift_high,
                "evidence": [
                    {
                        "deal": each.deal_key,
                        "name": each.deal_name,
                        "outcome": each.outcome,
                        "helped": each.helped,
                        "comment": each.comment,
                    }
                    for each in play.evidence
                ],
            }
            for play in found.plays
        ],
        "contrasts": [
            {
                "competitor": each.competitor,
                "key": each.asset_key,
                "name": each.asset_name,
                "kind": each.kind,
                "won_with": each.won_with,
                "won": each.won,
                "lost_with": each.lost_with,
                "lost": each.lost,
            }
            for each in found.contrasts
        ],
    }


def outlook_json(found: "Outlook") -> dict[str, object]:
    return {
        "won": found.won,
        "closed": found.closed,
        "chance": found.chance.value,
        "chance_low": found.chance.low,
        "chance_high": found.chance.high,
        "usual": found.usual.rate,
        "usual_closed": found.usual.closed,
        "days": asdict(found.days) if found.days else None,
        "amount": asdict(found.amount) if found.amount else None,
        "currency": found.currency or None,
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


def path_json(path: "KnownPath") -> dict[str, object]:
    return {
        "people": [
            {"key": each.key, "name": each.name, "account": each.account, "ours": each.member}
            for each in path.people
        ],
        "ties": [
            [
                {
                    "kind": tie.kind,
                    "evidence": tie.evidence,
                    "source": tie.source,
                    "strength": tie.strength,
                    "inferred": tie.inferred,
                    "seen_by": tie.shared_with,
                }
                for tie in ties
            ]
            for ties in path.evidence
        ],
        "strength": path.strength,
        "band": path.band,
    }


def suggestions_json(found: "Suggestions") -> dict[str, object]:
    return {
        "results": [
            {
                "key": each.person.key,
                "name": each.person.name,
                "account": each.person.account,
                "score": each.match.score,
                "band": each.match.band,
                "terms": terms_json(each.match.terms),
                "path": path_json(each.path) if each.path else None,
                "prospect": each.prospect.key if each.prospect else None,
                "deal": each.deal_key,
            }
            for each in found.suggested
        ],
        "left_out": [
            {
                "key": each.person.key,
                "name": each.person.name,
                "reason": each.reason,
                "next_on": each.next_on,
            }
            for each in found.left_out
        ],
    }


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


def print_suggestions(found: "Suggestions") -> None:
    if not found.suggested:
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
            for each in found.suggested
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
