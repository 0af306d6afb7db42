"""Commands that look things up: similar, experts, playbook, outlook, paths and references."""

from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from web.cli.options import As, DealKey, Json, Limit, Words, app
from web.cli.output import (
    fields_of,
    print_experts,
    print_json,
    print_kin,
    print_outlook,
    print_playbook,
    print_reach,
    print_suggestions,
)
from web.cli.workspace import deal_of_key, open_view
from workspace.errors import DealkinError, Invalid

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlmodel import Session

    from references.desk.advocates import Activity
    from references.prospecting.known import Unrecorded
    from similarity.index.catalog import Catalog
    from similarity.inquiry import Inquiry
    from workspace.deals.filters import DealFilter
    from workspace.people.viewer import Viewer


@app.command()
def similar(
    words: Words = None,
    deal: DealKey = None,
    limit: Limit = 10,
    outcome: Annotated[
        Literal["open", "won", "lost", "parked"] | None, typer.Option(help="How the deals stand.")
    ] = None,
    industry: Annotated[
        str | None, typer.Option(help="A section or division: its name or ISIC code.")
    ] = None,
    size: Annotated[str | None, typer.Option(help="A band of headcounts: '201–1,000'.")] = None,
    product: Annotated[str | None, typer.Option(help="A product's name or key.")] = None,
    competitor: Annotated[str | None, typer.Option(help="A competitor's name or key.")] = None,
    region: Annotated[str | None, typer.Option(help="A sales region.")] = None,
    since: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"])] = None,
    until: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"])] = None,
    owner: Annotated[str | None, typer.Option(help="The owner's name or key.")] = None,
    as_: As = None,
    as_json: Json = False,
) -> None:
    """Show the past deals most like a deal, or like a sentence, and why."""
    from similarity import kin

    with _inquiry(words, deal, as_) as (session, catalog, inquiry):
        filter = _filter(
            session,
            inquiry.viewer,
            outcome=outcome,
            industry=industry,
            size=size,
            product=product,
            competitor=competitor,
            region=region,
            owner=owner,
            since=since.date() if since else None,
            until=until.date() if until else None,
        )
        past, open_ones = kin.past_and_running(filter)
        results = kin.kin_of(session, catalog, inquiry, filter=past, limit=limit)
        running = (
            kin.kin_of(session, catalog, inquiry, filter=open_ones, limit=limit)
            if open_ones
            else []
        )
    if as_json:
        print_json({"query": deal or words, "results": results, "running": running})
    else:
        print_kin(results, running)


@app.command()
def experts(
    words: Words = None,
    deal: DealKey = None,
    limit: Limit = 10,
    as_: As = None,
    as_json: Json = False,
) -> None:
    """Show the colleagues to bring in on a deal or a topic, by evidence."""
    from similarity.experts import experts_of

    with _inquiry(words, deal, as_) as (session, catalog, inquiry):
        results = experts_of(session, catalog, inquiry, limit=limit)
    if as_json:
        print_json({"query": deal or words, "results": results})
    else:
        print_experts(results)


@app.command()
def playbook(
    words: Words = None,
    deal: DealKey = None,
    limit: Limit = 10,
    as_: As = None,
    as_json: Json = False,
) -> None:
    """Show the demos and collateral that won the deals most like this one."""
    from similarity.playbook import playbook_of

    with _inquiry(words, deal, as_) as (session, catalog, inquiry):
        result = playbook_of(session, catalog, inquiry, limit=limit)
    if as_json:
        print_json(
            {
                "query": deal or words,
                "won": result.won,
                "closed": result.closed,
                "results": result.plays,
                "general": result.general,
                "contrasts": result.contrasts,
            }
        )
    else:
        print_playbook(result)


@app.command()
def outlook(
    deal: Annotated[str, typer.Option("--deal", help="The key of a deal.", metavar="KEY")],
    as_: As = None,
    as_json: Json = False,
) -> None:
    """Show how a deal's kin went: how many were won, how long they took, for how much."""
    from similarity import outlook as ranking

    with open_view(as_) as (session, viewer, workspace):
        row = deal_of_key(session, viewer, deal)
        result = ranking.outlook_of_deal(session, viewer, workspace.catalog, row)
    if as_json:
        print_json({"deal": deal, "outlook": result})
    else:
        print_outlook(result, ranking.MINIMUM)


@app.command()
def paths(
    to: Annotated[
        str | None,
        typer.Option(
            metavar="WHO", help="A person or an account: its name, e-mail address or key."
        ),
    ] = None,
    deal: DealKey = None,
    limit: Limit = 5,
    as_: As = None,
    as_json: Json = False,
) -> None:
    """Show who on our team, or at our customers, knows a person, and via whom."""
    if bool(to and to.strip()) == bool(deal):
        raise typer.BadParameter("Give either --to WHO or --deal KEY.")
    with open_view(as_) as (session, viewer, workspace):
        people, unrecorded = _targets(session, viewer, (to or "").strip(), deal)
        reach = workspace.network.reach(session, viewer, people, limit=limit)
    if as_json:
        print_json({"to": deal or to, **fields_of(reach), "not_in_the_record": unrecorded})
    else:
        print_reach(reach, unrecorded, as_person=viewer.person_id)


@app.command()
def references(
    deal: Annotated[str, typer.Option("--deal", help="The key of a deal.", metavar="KEY")],
    activity: Annotated[
        str, typer.Option(help="What they are asked for: call, visit, case study, quote, …")
    ] = "call",
    limit: Limit = 10,
    as_: As = None,
    as_json: Json = False,
) -> None:
    """Show the advocates to ask on a deal and why, and who cannot be asked now."""
    from references.suggestions import suggest_advocates

    with open_view(as_) as (session, viewer, workspace):
        row = deal_of_key(session, viewer, deal)
        chosen = _activity(activity)
        suggestions = suggest_advocates(
            session,
            viewer,
            workspace.catalog,
            workspace.network,
            row,
            chosen,
            limit=limit,
            most_left_out=None,
        )
    if as_json:
        print_json(
            {
                "deal": deal,
                "activity": chosen,
                "results": [
                    {
                        **fields_of(suggestion.person),
                        **fields_of(suggestion.match),
                        "path": suggestion.path,
                        "prospect": suggestion.prospect,
                        "deal_key": suggestion.deal_key,
                        "deal_name": suggestion.deal_name,
                    }
                    for suggestion in suggestions.suggested
                ],
                "left_out": [
                    {
                        **fields_of(advocate.person),
                        "reason": advocate.reason,
                        "next_on": advocate.next_on,
                    }
                    for advocate in suggestions.left_out
                ],
            }
        )
    else:
        print_suggestions(suggestions)


def _targets(
    session: "Session", viewer: "Viewer", to: str, deal: str | None
) -> "tuple[Sequence[int], list[Unrecorded]]":
    """The people to find paths to: a deal's stakeholders, an account's people, or one person; and
    those whom the viewer knows, or colleagues who share it, apart from the record."""
    from sqlmodel import col, select

    from references.prospecting.known import unrecorded_at, unrecorded_of_name
    from references.suggestions import people_to_reach
    from workspace.accounts.accounts import Account, find_account
    from workspace.people.people import find_person
    from workspace.people.tables import Person

    if deal:
        return people_to_reach(session, deal_of_key(session, viewer, deal))[0], []
    account = session.exec(select(Account).where(Account.key == to)).first()
    account = account or find_account(session, to)
    if account:
        employees = select(Person.id).where(Person.account_id == account.id)
        people = session.exec(employees.order_by(col(Person.id))).all()
        return people, unrecorded_at(session, viewer, account)
    unrecorded = unrecorded_of_name(session, viewer, to)
    try:
        return [find_person(session, viewer, to).id], unrecorded
    except Invalid:
        if not unrecorded:
            raise
        return [], unrecorded


def _activity(text: str) -> "Activity":
    """The activity with this name, or the only one with this word in its name."""
    from references.desk.advocates import Activity

    matches = [
        activity for activity in Activity if text.casefold() in (activity, *activity.split())
    ]
    if len(matches) != 1:
        raise typer.BadParameter(f"{text!r} is none of: {', '.join(Activity)}.")
    return matches[0]


@contextmanager
def _inquiry(
    words: str | None, deal: str | None, email: str | None
) -> "Iterator[tuple[Session, Catalog, Inquiry]]":
    """The question that either a deal or a text asks, in the view of a member."""
    from similarity.inquiry import ask_of_deal, ask_of_text

    words = (words or "").strip()
    if bool(words) == bool(deal):
        raise typer.BadParameter("Give either --deal KEY or what you look for in words.")
    with open_view(email) as (session, viewer, workspace):
        catalog = workspace.catalog
        if deal:
            row = deal_of_key(session, viewer, deal)
            yield session, catalog, ask_of_deal(session, viewer, catalog, row)
        else:
            yield session, catalog, ask_of_text(session, viewer, catalog, words)


def _filter(session: "Session", viewer: "Viewer", **options: Any) -> "DealFilter":
    """The filter of these options, which name things by name or by key."""
    from workspace.accounts.geography import REGIONS
    from workspace.accounts.industries import find_industry
    from workspace.accounts.size_bands import SIZE_BAND_NAMES
    from workspace.deals import filters, lists

    if name := options["industry"]:
        options["industry"] = find_industry(name)
        if not options["industry"]:
            raise DealkinError(f"No industry is called '{name}'.")
    choices = lists.choices(session, viewer)
    known = {
        "size": [(band, band.replace(",", "")) for band in SIZE_BAND_NAMES],
        "region": [(region, region) for region in dict.fromkeys([*choices.regions, *REGIONS])],
        "product": choices.products,
        "competitor": choices.competitors,
        "owner": choices.owners,
    }
    for option, values in known.items():
        options[option] = _value_of(option, options[option], values)
    return filters.DealFilter(**options)


def _value_of(option: str, text: str | None, known: "Sequence[tuple[str, str]]") -> str | None:
    """The value that a text means, among pairs of a value and its name."""
    from workspace.keys import joined

    if not text:
        return None
    for value, name in known:
        if text == value or joined(text) in (joined(value), joined(name)):
            return value
    what = "size band" if option == "size" else option
    names = ", ".join(name for _, name in known[:20]) or "none"
    raise DealkinError(f"No {what} is called '{text}'. There are: {names}.")
