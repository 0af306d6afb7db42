"""Introductions: asking a colleague for one, and answering requests."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from litestar import Controller
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Response
from sqlmodel import Session

from references.introductions import asking
from references.introductions.lists import OwnRequest, ReceivedRequest, requests_by, requests_to
from references.introductions.tables import OPEN_DAYS, Answer, IntroductionRequest
from references.network import ties
from references.network.paths import KnownPath, Network
from references.suggestion_counts import Fate, SuggestionKind
from web.forms import Form
from web.policies import Policy, open_to
from web.routes import get, post
from web.visits import MemberRequest, Visit
from web.workspace import Workspace
from workspace.accounts.accounts import Account
from workspace.clock import today
from workspace.deals import access, lists
from workspace.deals.tables import Outcome
from workspace.keys import row_of_key
from workspace.people import people
from workspace.people.tables import Person
from workspace.people.viewer import Viewer, require_writer

_SAID = {
    Answer.YES: "You said yes. Your message is below.",
    Answer.NO: "You said no. Nobody else learns of it.",
    Answer.NOT_NOW: "You will be asked again later. Nobody else learns of it.",
}


@dataclass(frozen=True)
class IntroductionsPage:
    """What the viewer is asked for, and what they asked for."""

    of_me: list[ReceivedRequest]
    # The paths from the viewer to the persons of the requests, by the request's key.
    paths: dict[str, KnownPath]
    by_me: list[OwnRequest]
    # Whether mail leaves from here; else messages are copied.
    mail_is_sent: bool
    # The first day that a 'not now' can name, and the one that it names where nobody says.
    tomorrow: date
    next_week: date
    # The ask whose answer could not be taken.
    edited_key: str
    values: dict[str, str]
    wrong: dict[str, str]


@dataclass(frozen=True)
class NewIntroduction:
    """The form of an ask. Without a person it says how to come by one."""

    person: Person | None
    account: Account | None
    # None is a colleague whom the viewer does not know.
    over: Person | None
    path: KnownPath | None
    # Whether such a colleague can be asked at all; with `over` it does not matter.
    may_be_asked: bool
    deals: list[tuple[str, str]]
    values: dict[str, str]
    wrong: dict[str, str]
    days: int = OPEN_DAYS


class IntroductionController(Controller):
    """/introductions."""

    path = "/introductions"
    opt = open_to(reads=Policy.MEMBERS, writes=Policy.WRITERS)

    @get()
    def list(self, visit: NamedDependency[Visit]) -> Response[str]:
        page = visit.page(introductions_page, visit.workspace, "", Form())
        return visit.show("network/introductions/list.html", page)

    @get("/new")
    def new(self, visit: NamedDependency[Visit]) -> Response[str]:
        require_writer(visit.viewer)
        page = visit.page(new_introduction, visit.workspace.network, visit.form)
        return visit.show("network/introductions/new.html", page)

    @post()
    def ask(self, visit: NamedDependency[Visit]) -> Response[Any]:
        require_writer(visit.viewer)
        with visit.saving() as session:
            ask(session, visit.viewer, visit.workspace.network, visit.form)
            count_path(visit, visit.form, session)
        if visit.form.refusal:
            page = visit.page(new_introduction, visit.workspace.network, visit.form)
            return visit.show("network/introductions/new.html", page)
        return visit.go("/introductions", "Request sent. A yes appears here and on Today.")

    @post("/{key:str}/answer")
    def answer(self, visit: NamedDependency[Visit], key: FromPath[str]) -> Response[Any]:
        require_writer(visit.viewer)
        said = Answer.NO
        with visit.saving() as session:
            said = answer(session, visit.viewer, key, visit.form, visit.workspace)
        if visit.form.refusal:
            page = visit.page(introductions_page, visit.workspace, key, visit.form)
            return visit.show("network/introductions/list.html", page)
        return visit.go("/introductions", _SAID[said])

    @post("/{key:str}/withdraw")
    def withdraw(self, visit: NamedDependency[Visit], key: FromPath[str]) -> Response[Any]:
        require_writer(visit.viewer)
        visit.form.done()
        with visit.write() as session:
            asking.withdraw(session, visit.viewer, key)
        return visit.go("/introductions", "Request cancelled.")

    @post("/{key:str}/outcome")
    def conclude(self, visit: NamedDependency[Visit], key: FromPath[str]) -> Response[Any]:
        require_writer(visit.viewer)
        with visit.write() as session:
            introduced = conclude(session, visit.viewer, key, visit.form)
        notice = "The two of you are tied now." if introduced else "Request closed."
        return visit.go("/introductions", notice)


def ask(session: Session, viewer: Viewer, network: Network, form: Form) -> IntroductionRequest:
    """Ask the colleague of a form for an introduction."""
    person_key = form.text("person", 80, required=True)
    over_key = form.maybe("over", 80)
    deal_key = form.maybe("deal", 80)
    why = form.lines("why", 5_000, required=True)
    draft = form.lines("draft", 5_000)
    form.done()
    return asking.ask(
        session,
        viewer,
        network,
        row_of_key(session, Person, person_key),
        people.member_of(session, over_key) if over_key else None,
        why=why,
        draft=draft,
        deal=access.readable_deal(session, viewer, deal_key) if deal_key else None,
    )


def answer(session: Session, viewer: Viewer, key: str, form: Form, workspace: Workspace) -> Answer:
    """Give the answer of a form to a colleague who asks for an introduction."""
    answers = (Answer.YES, Answer.NO, Answer.NOT_NOW)
    said = form.choice("answer", answers, required=True)
    message = form.lines("message", 5_000)
    send = form.flag("send") and workspace.sends_mail
    again_on = form.day("again_on")
    form.done()
    given = Answer(said or "")
    asking.answer(session, viewer, key, given, message=message, send=send, again_on=again_on)
    return given


def count_path(request: MemberRequest, form: Form, session: Session) -> None:
    """Count the path that a form asks for as used, if it was shown on a deal."""
    deal_key = form.maybe("deal", 80)
    if deal_key and form.maybe("over", 80):
        deal = access.readable_deal(session, request.viewer, deal_key)
        request.count(SuggestionKind.PATH, Fate.USED, deal, [form.text("person", 80)])


def conclude(session: Session, viewer: Viewer, key: str, form: Form) -> bool:
    """Note whether an introduction took place, as a form says."""
    introduced = form.choice("introduced", ("yes", "no"), required=True) == "yes"
    form.done()
    asking.conclude(session, viewer, key, introduced=introduced)
    return introduced


def introductions_page(
    session: Session, viewer: Viewer, workspace: Workspace, edited_key: str, form: Form
) -> IntroductionsPage:
    """A member's introductions; `edited_key` is the key of the ask that the form is about."""
    of_me = requests_to(session, viewer)
    me = viewer.person_id or 0
    pairs = {row.key: (me, row.person.id) for row in of_me if row.open}
    paths = asking.paths_from_connectors(session, viewer, workspace.network, pairs.values())
    return IntroductionsPage(
        of_me=of_me,
        paths={key: paths[pair] for key, pair in pairs.items() if pair in paths},
        by_me=requests_by(session, viewer),
        mail_is_sent=workspace.sends_mail,
        tomorrow=today() + timedelta(days=1),
        next_week=today() + timedelta(days=7),
        edited_key=edited_key,
        values=form.values,
        wrong=form.wrong,
    )


def new_introduction(
    session: Session, viewer: Viewer, network: Network, form: Form
) -> NewIntroduction:
    """The form for the person, the colleague and the deal that it names."""
    person_key, over_key = form.maybe("person", 80), form.maybe("over", 80)
    deal_key = form.maybe("deal", 80)
    values = form.values
    if not person_key:
        return NewIntroduction(None, None, None, None, False, [], values, form.wrong)
    person = row_of_key(session, Person, person_key)
    over = people.member_of(session, over_key) if over_key else None
    me = asking.require_asker(viewer)
    pair = (over.id if over else 0, person.id)
    rows = lists.deals_of_member(session, viewer, me, outcome=Outcome.OPEN)
    deals = [(row.key, row.name) for row in rows]
    if deal_key and deal_key not in dict(deals):
        deal = access.readable_deal(session, viewer, deal_key)
        deals.insert(0, (deal.key, deal.name))
    if "draft" not in values:
        asker = session.get_one(Person, me)
        values["draft"] = asking.draft_message(asker, person)
    return NewIntroduction(
        person=person,
        account=session.get(Account, person.account_id) if person.account_id else None,
        over=over,
        path=asking.paths_from_connectors(session, viewer, network, [pair] if over else []).get(
            pair
        ),
        may_be_asked=ties.colleague_may_know(session, viewer, [person.id]),
        deals=deals,
        values=values,
        wrong=form.wrong,
    )
