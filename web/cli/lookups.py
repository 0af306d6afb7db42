"""Commands that ask the record: similar, experts, playbook, outlook, paths and references."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from web.cli.options import As, DealKey, Json, Limit, Words, app
from web.cli.output import (
    expert_json,
    kin_json,
    offers_json,
    outlook_json,
    path_json,
    playbook_json,
    print_experts,
    print_json,
    print_kin,
    print_offers,
    print_outlook,
    print_playbook,
    print_reach,
)
from web.cli.workspace import deal_of_key, open_view
from workspace.errors import DealkinError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlmodel import Session

    from references.desk.advocates import Activity
    from workspace.deals.filters import DealFilter
    from workspace.people.viewer import Viewer


# Looking things up


@app.command()
def similar(
    words: Words = None,
    deal: DealKey = None,
    limit: Limit = 10,
    outcome: Annotated[
        Literal["open", "won", "lost"] | None, typer.Option(help="How the deals stand.")
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

    query = _query(words, deal)
    with open_view(as_) as (session, viewer, workspace):
        chosen = _filter(
            session,
            viewer,
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
        if deal:
            row = deal_of_key(session, viewer, deal)
            found = kin.kin_of_deal(
                session, viewer, workspace.catalog, row, filter=chosen, limit=limit
            )
        else:
            found = kin.kin_of_text(
                session, viewer, workspace.catalog, query, filter=chosen, limit=limit
            )
    if as_json:
        print_json({"query": query, "results": [kin_json(each) for each in found]})
    else:
        print_kin(found)


@app.command()
def experts(
    words: Words = None,
    deal: DealKey = None,
    limit: Limit = 10,
    as_: As = None,
    as_json: Json = False,
) -> None:
    """Show the colleagues to bring in on a deal or a topic, by evidence."""
    from similarity import experts as ranking

    query = _query(words, deal)
    with open_view(as_) as (session, viewer, workspace):
        if deal:
            row = deal_of_key(session, viewer, deal)
            found = ranking.experts_of_deal(session, viewer, workspace.catalog, row, limit=limit)
        else:
            found = ranking.experts_of_text(session, viewer, workspace.catalog, query, limit=limit)
    if as_json:
        print_json({"query": query, "results": [expert_json(each) for each in found]})
    else:
        print_experts(found)


@app.command()
def playbook(
    words: Words = None,
    deal: DealKey = None,
    limit: Limit = 10,
    as_: As = None,
    as_json: Json = False,
) -> None:
    """Show the demos and collateral that won the deals most like this one."""
    from similarity import playbook as ranking

    query = _query(words, deal)
    with open_view(as_) as (session, viewer, workspace):
        if deal:
            row = deal_of_key(session, viewer, deal)
            found = ranking.playbook_of_deal(session, viewer, workspace.catalog, row, limit=limit)
        else:
            found = ranking.playbook_of_text(session, viewer, workspace.catalog, query, limit=limit)
    if as_json:
        print_json({"query": query, **playbook_json(found)})
    else:
        print_playbook(found)


@app.command()
def outlook(
    deal: Annotated[str, typer.Option("--deal", help="The key of a deal.", metavar="KEY")],
    as_: As = None,
    as_json: Json = False,
) -> None:
    """Show how a deal's kin went: how many were won, how long they took, for how much."""
    from similarity import outlook as ranking

    with open_view(as_) as (session, viewer, workspace):
        found = ranking.outlook_of_deal(
            session, viewer, workspace.catalog, deal_of_key(session, viewer, deal)
        )
    if as_json:
        print_json({"deal": deal, "outlook": outlook_json(found) if found else None})
    else:
        print_outlook(found, ranking.MINIMUM)


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
    """Show who of us, and of our customers' people, knows somebody, and over whom."""
    if bool(to and to.strip()) == bool(deal):
        raise typer.BadParameter("Give either --to WHO or --deal KEY.")
    with open_view(as_) as (session, viewer, workspace):
        people = _people_meant(session, viewer, (to or "").strip(), deal)
        found = workspace.network.reach(session, viewer, people, limit=limit)
    if as_json:
        print_json(
            {
                "to": deal or to,
                "from_us": [path_json(each) for each in found.from_us],
                "from_customers": [path_json(each) for each in found.from_customers],
                "may_be_asked": found.may_be_asked,
            }
        )
    else:
        print_reach(found)


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
    from references import suggestions as ranking

    with open_view(as_) as (session, viewer, workspace):
        row = deal_of_key(session, viewer, deal)
        wanted = _activity(activity)
        found = ranking.offers(
            session, viewer, workspace.catalog, workspace.network, row, wanted, limit=limit
        )
    if as_json:
        print_json({"deal": deal, "activity": wanted, **offers_json(found)})
    else:
        print_offers(found)


def _people_meant(
    session: "Session", viewer: "Viewer", to: str, deal: str | None
) -> "Sequence[int]":
    """The people to whom paths are asked for: a deal's, an account's, or one person."""
    from sqlmodel import col, select

    from references.suggestions import aims
    from workspace.accounts.accounts import Account, find_account
    from workspace.people.people import find_person
    from workspace.people.tables import Person

    if deal:
        return aims(session, deal_of_key(session, viewer, deal))[0]
    account = session.exec(select(Account).where(Account.key == to)).first()
    account = account or find_account(session, to)
    if account:
        there = select(Person.id).where(Person.account_id == account.id)
        return session.exec(there.order_by(col(Person.id))).all()
    return [find_person(session, to).id]


def _activity(written: str) -> "Activity":
    from references.desk.advocates import Activity

    found = [each for each in Activity if written.casefold() in (each, *each.split())]
    if len(found) != 1:
        raise typer.BadParameter(f"{written!r} is none of: {', '.join(Activity)}.")
    return found[0]


def _query(words: str | None, deal: str | None) -> str:
    if bool(words and words.strip()) == bool(deal):
        raise typer.BadParameter("Give either --deal KEY or what you look for in words.")
    return deal or words or ""


def _filter(session: "Session", viewer: "Viewer", **given: Any) -> "DealFilter":
    """The filter that was meant: things may be named as people name them, or by key."""
    from workspace.accounts.geography import REGIONS
    from workspace.accounts.industries import find_industry
    from workspace.accounts.size_bands import SIZE_BAND_NAMES
    from workspace.deals import filters, lists

    if given["industry"]:
        given["industry"] = find_industry(written := given["industry"])
        if not given["industry"]:
            raise DealkinError(f"No industry is called '{written}'.")
    bands = [(band, band.replace(",", "")) for band in SIZE_BAND_NAMES]
    given["size"] = _meant("size band", given["size"], bands)
    choices = lists.choices(session, viewer)
    regions = [(region, region) for region in dict.fromkeys([*choices.regions, *REGIONS])]
    given["region"] = _meant("region", given["region"], regions)
    given["product"] = _meant("product", given["product"], choices.products)
    given["competitor"] = _meant("competitor", given["competitor"], choices.competitors)
    given["owner"] = _meant("owner", given["owner"], choices.owners)
    return filters.DealFilter(**given)


def _meant(what: str, written: str | None, known: "Sequence[tuple[str, str]]") -> str | None:
    """The value among `known`, (value, name) each, that somebody wrote down."""
    from workspace.keys import joined

    if not written:
        return None
    for value, name in known:
        if written == value or joined(written) in (joined(value), joined(name)):
            return value
    names = ", ".join(name for _, name in known[:20]) or "none"
    raise DealkinError(f"No {what} is called '{written}'. There are: {names}.")
