"""The References tab: whom to ask to vouch for us on a deal, and what was asked."""

from dataclasses import dataclass
from typing import Any

from litestar import Controller
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Response
from sqlmodel import Session

from references.desk import advocates, policy, workflow
from references.desk.advocates import Activity
from references.desk.queue import DealRequestRow, requests_on_deal
from references.desk.request import ReferenceRequest
from references.network.paths import Reach
from references.suggestion_counts import Fate, SuggestionKind
from references.suggestions import Suggestions, reasons_to_keep, suggest_advocates
from web.forms import Form
from web.pages.deal_room.header import DealHeader, deal_header
from web.policies import Policy, open_to
from web.routes import at, get, post
from web.visits import Visit
from web.workspace import Workspace
from workspace.deals import access
from workspace.deals.tables import Outcome
from workspace.keys import row_of_key
from workspace.people.tables import Person
from workspace.people.viewer import Viewer
from workspace.told import Told

# How many are shown at first, and at most.
BEST = 6
ALL = 1_000
# How many who cannot be asked now are shown at first.
LEFT_OUT = 20


@dataclass(frozen=True)
class ReferencesPage:
    """The References tab."""

    header: DealHeader
    # Of the advocates who cannot be asked now: the first, or all on a page that shows all.
    suggestions: Suggestions
    reach: Reach
    asked: list[DealRequestRow]
    activity: str
    # Whom they are to know: the key of one of those aimed at, or empty for any of them.
    prospect: str
    # Why nothing can be asked on this deal now; empty where it can.
    not_yet: str
    message: str
    activities: tuple[str, ...] = tuple(Activity)

    @property
    def shows_more_left_out(self) -> bool:
        """Whether the list of unavailable advocates is longer than at first."""
        return len(self.suggestions.left_out) > LEFT_OUT

    @property
    def suggested(self) -> dict[SuggestionKind, list[str]]:
        """What the page suggests, as it is counted."""
        offered = [offer.person.key for offer in self.suggestions.suggested]
        paths = [path.people[-1].key for path in self.reach.from_us]
        return {SuggestionKind.REFERENCE: offered, SuggestionKind.PATH: paths}


class ReferencesController(Controller):
    """/deals/{key}/references."""

    path = "/deals/{key:str}/references"
    opt = open_to(reads=Policy.MEMBERS, writes=Policy.WRITERS)

    @get()
    def show(self, visit: NamedDependency[Visit], key: FromPath[str]) -> Response[str]:
        activity = visit.form.choice("activity", tuple(Activity)) or Activity.CALL
        prospect = visit.form.maybe("prospect", 80)
        limit = ALL if visit.form.flag("all") else BEST
        visit.form.check()
        page = visit.page(
            references_page, visit.workspace, key, Activity(activity), prospect, limit
        )
        visit.count_shown(page.header.deal, page.suggested)
        return visit.show("deal_room/references.html", page)

    @post()
    def ask(self, visit: NamedDependency[Visit], key: FromPath[str]) -> Response[Any]:
        asked = read_reference(visit.form)
        with visit.read() as session:
            access.editable_deal(session, visit.viewer, key)
            visit.form.done()
            fit = fit_of(session, visit.viewer, visit.workspace, key, asked)
        with visit.write() as session:
            made, name = ask_for_reference(session, visit.viewer, key, asked, fit)
            deal = access.readable_deal(session, visit.viewer, key)
        visit.count(SuggestionKind.REFERENCE, Fate.USED, deal, [asked.advocate])
        notice = f"{made.key} is sent: {name} is asked once it is approved."
        return visit.go(at("deals", key, "references"), notice)


@dataclass(frozen=True)
class AskedReference:
    """A reference that is asked for: of whom, for whom, and in which words."""

    advocate: str
    prospect: str | None
    activity: str
    message: str
    shared_message: str


def read_reference(form: Form) -> AskedReference:
    """The reference that a form asks for; what is wrong with it is noted in the form."""
    return AskedReference(
        advocate=form.text("advocate", 80, required=True),
        prospect=form.maybe("prospect", 80),
        activity=form.choice("activity", tuple(Activity), required=True) or "",
        message=form.lines("message", 5_000),
        shared_message=form.lines("shared_message", 5_000),
    )


def fit_of(
    session: Session, viewer: Viewer, workspace: Workspace, key: str, asked: AskedReference
) -> list[Told]:
    """Why the advocate of a reference fits the deal; empty where nothing speaks for them."""
    suggestions = suggest_advocates(
        session,
        viewer,
        workspace.catalog,
        workspace.network,
        access.editable_deal(session, viewer, key),
        Activity(asked.activity),
        limit=ALL,
    )
    reasons = (
        reasons_to_keep(suggestion)
        for suggestion in suggestions.suggested
        if suggestion.person.key == asked.advocate
    )
    return next(reasons, [])


def ask_for_reference(
    session: Session,
    viewer: Viewer,
    key: str,
    asked: AskedReference,
    fit: list[Told],
    *,
    as_draft: bool = False,
) -> tuple[ReferenceRequest, str]:
    """Send a reference request to the desk, or only draft it; the request and the advocate."""
    deal = access.editable_deal(session, viewer, key)
    advocate, person = advocates.advocate_of(session, asked.advocate)
    prospect = row_of_key(session, Person, asked.prospect) if asked.prospect else None
    step = workflow.draft if as_draft else workflow.open_request
    made = step(
        session,
        viewer,
        deal,
        advocate,
        Activity(asked.activity),
        prospect=prospect,
        message=asked.message,
        shared_message=asked.shared_message,
        fit=fit,
    )
    return made, person.name


def references_page(
    session: Session,
    viewer: Viewer,
    workspace: Workspace,
    key: str,
    activity: Activity,
    prospect_key: str | None,
    limit: int,
) -> ReferencesPage:
    """The tab for one activity, narrowed down to one person where a key is given."""
    header = deal_header(session, viewer, key, "references")
    prospect = row_of_key(session, Person, prospect_key).id if prospect_key else None
    suggestions = suggest_advocates(
        session,
        viewer,
        workspace.catalog,
        workspace.network,
        header.deal,
        activity,
        prospect=prospect,
        limit=limit,
        most_left_out=None if limit == ALL else LEFT_OUT,
    )
    to_reach = [person.id for person in suggestions.to_reach]
    return ReferencesPage(
        header=header,
        suggestions=suggestions,
        asked=requests_on_deal(session, header.deal.id),
        reach=workspace.network.reach(session, viewer, to_reach, limit=3),
        activity=activity,
        prospect=prospect_key or "",
        not_yet=_not_yet(session, header),
        message=_message(header),
    )


def _not_yet(session: Session, header: DealHeader) -> str:
    if header.deal.outcome != Outcome.OPEN:
        return f"This deal is {header.deal.outcome}."
    earliest = policy.current_policy(session).earliest_stage
    if header.stage.position < earliest:
        late = [stage.name for stage in header.stages if stage.position >= earliest]
        first = late[0] if late else header.stages[-1].name
        return f"References can be requested from {first} on. This deal is at {header.stage.name}."
    return ""


def _message(header: DealHeader) -> str:
    account = header.account.name if header.account else "They"
    return (
        f"{account} would like to hear first-hand how it went for you: what you hoped for, what"
        " you got, and what you would do differently."
    )
