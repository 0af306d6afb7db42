"""What the tabs of a deal room share: the deal's head, and the filters in the address."""

from dataclasses import dataclass

from sqlmodel import Session

from web.forms import Form
from workspace import access
from workspace.access import Viewer
from workspace.accounts import SIZE_BAND_NAMES, Account
from workspace.activity import state_of
from workspace.deals import Deal, Outcome, Stage
from workspace.people import Person
from workspace.pipeline import DealFilter

TABS = (
    ("overview", "Overview", ""),
    ("kin", "Kin", "/kin"),
    ("playbook", "Playbook", "/playbook"),
    ("experts", "Experts & team", "/experts"),
    ("stakeholders", "Stakeholders", "/stakeholders"),
    ("references", "References", "/references"),
    ("activity", "Activity", "/activity"),
)
# What a list of deals, or the Kin tab, can be narrowed down by.
FILTERS = (
    "outcome",
    "stage",
    "industry",
    "size",
    "product",
    "competitor",
    "region",
    "owner",
    "account",
    "since",
    "until",
)


@dataclass(frozen=True)
class Room:
    """The head of a deal's pages."""

    deal: Deal
    account: Account | None
    stage: Stage
    owner: str | None
    owner_key: str | None
    may_edit: bool
    # How the timeline stands, for pages that stay open.
    state: str
    tab: str
    tabs: tuple[tuple[str, str, str], ...] = TABS


def room(session: Session, viewer: Viewer, key: str, tab: str) -> Room:
    """The head of the deal of that key; NotFound where the viewer may not know of it."""
    return room_of(session, viewer, access.readable_deal(session, viewer, key), tab)


def room_of(session: Session, viewer: Viewer, deal: Deal, tab: str) -> Room:
    """The head of a deal that the viewer may see."""
    owner = session.get(Person, deal.owner_id) if deal.owner_id else None
    return Room(
        deal=deal,
        account=session.get(Account, deal.account_id) if deal.account_id else None,
        stage=session.get_one(Stage, deal.stage_id),
        owner=owner.name if owner else None,
        owner_key=owner.key if owner else None,
        may_edit=access.may_edit(session, viewer, deal),
        state=state_of(session, deal.id),
        tab=tab,
    )


def read_filter(asked: Form) -> tuple[DealFilter, dict[str, str]]:
    """The filter in an address, and its parts as they were sent."""
    chosen = DealFilter(
        text=asked.maybe("q", 200),
        outcome=asked.choice("outcome", list(Outcome)),
        stage=asked.maybe("stage", 60),
        industry=asked.maybe("industry", 3),
        size=asked.choice("size", SIZE_BAND_NAMES),
        product=asked.maybe("product", 80),
        competitor=asked.maybe("competitor", 80),
        region=asked.maybe("region", 60),
        owner=asked.maybe("owner", 80),
        account=asked.maybe("account", 80),
        since=asked.day("since"),
        until=asked.day("until"),
    )
    asked.check()
    params = {name: asked.text(name, 200) for name in ("q", *FILTERS)}
    return chosen, {name: value for name, value in params.items() if value}
