"""What the tabs of a deal share: its header."""

from dataclasses import dataclass

from sqlmodel import Session

from references.removal import may_remove
from workspace.accounts.accounts import Account
from workspace.deals import access
from workspace.deals.stages import stages
from workspace.deals.tables import Deal, Stage
from workspace.errors import NotFound
from workspace.people.tables import Person
from workspace.people.viewer import Viewer
from workspace.timeline import notifications
from workspace.timeline.timeline import state_of

TABS = (
    ("overview", "Overview", ""),
    ("kin", "Similar deals", "/kin"),
    ("playbook", "Playbook", "/playbook"),
    ("experts", "Experts & team", "/experts"),
    ("stakeholders", "Stakeholders", "/stakeholders"),
    ("references", "References", "/references"),
    ("activity", "Activity", "/activity"),
)


@dataclass(frozen=True)
class DealHeader:
    """The header of a deal's pages."""

    deal: Deal
    account: Account | None
    stage: Stage
    owner: str | None
    owner_key: str | None
    may_edit: bool
    # How the timeline stands, for pages that stay open.
    state: str
    tab: str
    # For the actions, which are the same on every tab.
    stages: list[Stage]
    following: bool
    may_remove: bool
    tabs: tuple[tuple[str, str, str], ...] = TABS


def deal_header(session: Session, viewer: Viewer, key: str, tab: str) -> DealHeader:
    """The header of the deal of that key; NotFound where the viewer may not know of it."""
    deal = access.readable_deal(session, viewer, key)
    owner = session.get(Person, deal.owner_id) if deal.owner_id else None
    return DealHeader(
        deal=deal,
        account=session.get(Account, deal.account_id) if deal.account_id else None,
        stage=session.get_one(Stage, deal.stage_id),
        owner=owner.name if owner else None,
        owner_key=owner.key if owner else None,
        may_edit=access.may_edit(session, viewer, deal),
        state=state_of(session, deal.id),
        tab=tab,
        stages=stages(session),
        following=notifications.is_followed(session, deal.id, viewer.person_id),
        may_remove=may_remove(session, viewer, deal),
    )


def is_readable(session: Session, viewer: Viewer, key: str) -> bool:
    """Whether the viewer may see the deal, as of what this transaction has changed."""
    session.flush()
    try:
        access.readable_deal(session, viewer, key)
    except NotFound:
        return False
    return True
