"""Who knows whom over the API: ties, one's own connections, introductions, and reminders."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from litestar import Controller
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Response
from msgspec import UNSET, UnsetType
from sqlmodel import Session

from references.introductions import asking
from references.introductions.lists import (
    OwnRequest,
    ReceivedRequest,
    requests_by,
    requests_to,
)
from references.network import address_books
from references.network.address_books import ConnectionRow
from references.network.wrong_ties import call_wrong
from web.api.calls import Call, Saved
from web.api.fields import Body, Day, Found, Key, Label, Line, Short, Text
from web.api.operations import act, create, for_programs, read, remove
from web.api.people import PersonShown, Ties, person_shown
from web.forms import Form, uncounted_id
from web.pages.network import connections, introductions, keep_in_touch, ties
from web.policies import Policy
from workspace.collaboration import reminders
from workspace.people.viewer import Viewer

# Who sees a tie, or a connection.
Sight = Literal["private", "ask", "team", "everyone"]


@dataclass(frozen=True)
class Introductions:
    """Introductions that the caller asked for, and that they are asked for."""

    asked: list[OwnRequest]
    received: list[ReceivedRequest]


class NewTie(Body):
    """A tie between a person and the caller, or between them and another person."""

    example: ClassVar[dict[str, Any]] = {
        "kind": "worked together",
        "closeness": "know each other well",
        "visibility": "everyone",
    }
    kind: Label
    closeness: Label
    visibility: Sight
    person: Short | UnsetType = UNSET
    evidence: Line | UnsetType = UNSET
    start: Day | UnsetType | None = UNSET
    end: Day | UnsetType | None = UNSET


class Shared(Body):
    """Who sees it."""

    example: ClassVar[dict[str, Any]] = {"visibility": "team"}
    visibility: Sight


class NewIntroduction(Body):
    """An introduction to ask for: to whom, why, and via whom; without `over`, via any colleague."""

    example: ClassVar[dict[str, Any]] = {"person": "ines-moreira", "why": "They decide in May."}
    person: Key
    why: Text
    over: Key | UnsetType = UNSET
    deal: Key | UnsetType = UNSET
    draft: Text | UnsetType = UNSET


class IntroductionAnswer(Body):
    """What the caller says to a colleague who asks."""

    example: ClassVar[dict[str, Any]] = {"answer": "not now", "again_on": "2027-05-01"}
    answer: Literal["yes", "no", "not now"]
    message: Text | UnsetType = UNSET
    send: bool | UnsetType = UNSET
    again_on: Day | UnsetType | None = UNSET


class IntroductionOutcome(Body):
    """Whether the introduction took place."""

    example: ClassVar[dict[str, Any]] = {"introduced": "yes"}
    introduced: Literal["yes", "no"]


class Cadence(Body):
    """After how many days the caller wants to be reminded."""

    example: ClassVar[dict[str, Any]] = {"every": 90}
    every: int
    last_on: Day | UnsetType | None = UNSET


class TiesOfPersonController(Controller):
    """/api/v1/people/{key}, who knows them."""

    path = "/api/v1/people/{key:str}"
    opt = for_programs("Network", reads=Policy.MEMBERS, writes=Policy.WRITERS)

    @create("/ties", summary="Add a tie", answers=Ties, body=NewTie)
    def add(self, call: NamedDependency[Call], key: FromPath[str]) -> Response[bytes]:
        return _on_ties(call, key, lambda s, viewer: ties.add_tie(s, viewer, key, call.form))

    @act("/ties/{tie_id:int}/share", summary="Set who sees a tie", answers=Ties, body=Shared)
    def share(
        self, call: NamedDependency[Call], key: FromPath[str], tie_id: FromPath[int]
    ) -> Response[bytes]:
        return _on_ties(call, key, lambda s, viewer: ties.share_tie(s, viewer, tie_id, call.form))

    @remove("/ties/{tie_id:int}", summary="Remove a tie of one's own")
    def remove_tie(
        self, call: NamedDependency[Call], key: FromPath[str], tie_id: FromPath[int]
    ) -> Response[bytes]:
        return call.done(ties.remove_tie, tie_id)

    @act("/ties/{tie_id:int}/wrong", summary="Say that a tie is wrong", answers=Ties)
    def call_wrong(
        self, call: NamedDependency[Call], key: FromPath[str], tie_id: FromPath[int]
    ) -> Response[bytes]:
        return _on_ties(call, key, lambda s, viewer: call_wrong(s, viewer, uncounted_id(tie_id)))

    @act("/keep-in-touch", summary="Keep in touch", answers=PersonShown, body=Cadence)
    def keep(self, call: NamedDependency[Call], key: FromPath[str]) -> Response[bytes]:
        return _on_reminders(call, key, lambda: keep_in_touch.read_cadence(call.form)[1])

    @act("/keep-in-touch/done", summary="Note that one was in touch", answers=PersonShown)
    def got_in_touch(self, call: NamedDependency[Call], key: FromPath[str]) -> Response[bytes]:
        return _on_reminders(call, key, lambda: reminders.got_in_touch)

    @act("/keep-in-touch/later", summary="Snooze for a week", answers=PersonShown)
    def later(self, call: NamedDependency[Call], key: FromPath[str]) -> Response[bytes]:
        return _on_reminders(call, key, lambda: reminders.snooze)

    @remove("/keep-in-touch", summary="End the reminders")
    def stop(self, call: NamedDependency[Call], key: FromPath[str]) -> Response[bytes]:
        return call.done(keep_in_touch.change_reminders, key, Form(), reminders.stop)


class ConnectionsController(Controller):
    """/api/v1/connections: the caller's own."""

    path = "/api/v1/connections"
    opt = for_programs("Network", reads=Policy.MEMBERS, writes=Policy.WRITERS)

    @read(summary="List one's own connections", answers=ConnectionRow, paged=True, query=Found)
    def list(self, call: NamedDependency[Call]) -> Response[bytes]:
        with call.read() as session:
            rows, _ = connections.chosen_connections(session, call.viewer, call.form, call.size + 1)
            return call.page(rows, lambda row: str(row.id))

    @act("/share", summary="Set who sees all of one's connections", answers=Shared, body=Shared)
    def share_all(self, call: NamedDependency[Call]) -> Response[bytes]:
        def save(session: Session) -> Saved:
            visibility = connections.share_all(session, call.viewer, call.form)[0]
            return Saved({"visibility": visibility})

        return call.save(save)

    @act("/{connection_id:int}/share", summary="Set who sees it", answers=Shared, body=Shared)
    def share(self, call: NamedDependency[Call], connection_id: FromPath[int]) -> Response[bytes]:
        def save(session: Session) -> Saved:
            visibility = connections.share_one(session, call.viewer, connection_id, call.form)
            return Saved({"visibility": visibility})

        return call.save(save)

    @create("/{connection_id:int}/add", summary="Add to the record", answers=PersonShown)
    def add(self, call: NamedDependency[Call], connection_id: FromPath[int]) -> Response[bytes]:
        def save(session: Session) -> Saved:
            row = address_books.own_connection(session, call.viewer, uncounted_id(connection_id))
            person = address_books.add_to_record(session, row, call.viewer.person_id or 0)
            return person_shown(session, call.viewer, person.key)

        return call.save(save)

    @remove("/{connection_id:int}", summary="Remove a connection")
    def forget(self, call: NamedDependency[Call], connection_id: FromPath[int]) -> Response[bytes]:
        return call.done(connections.forget, connection_id)


class IntroductionsController(Controller):
    """/api/v1/introductions."""

    path = "/api/v1/introductions"
    opt = for_programs("Network", reads=Policy.MEMBERS, writes=Policy.WRITERS)

    @read(summary="List introductions", answers=Introductions)
    def list(self, call: NamedDependency[Call]) -> Response[bytes]:
        return call.show(_introductions)

    @create(summary="Ask for an introduction", answers=Introductions, body=NewIntroduction)
    def ask(self, call: NamedDependency[Call]) -> Response[bytes]:
        def change(session: Session, viewer: Viewer) -> None:
            introductions.ask(session, viewer, call.workspace.network, call.form)
            introductions.count_path(call, call.form, session)

        return _on_introductions(call, change)

    @act(
        "/{key:str}/answer",
        summary="Answer a colleague who asks",
        answers=Introductions,
        body=IntroductionAnswer,
    )
    def answer(self, call: NamedDependency[Call], key: FromPath[str]) -> Response[bytes]:
        workspace = call.workspace
        return _on_introductions(
            call, lambda s, viewer: introductions.answer(s, viewer, key, call.form, workspace)
        )

    @act("/{key:str}/withdraw", summary="Cancel what one asked", answers=Introductions)
    def withdraw(self, call: NamedDependency[Call], key: FromPath[str]) -> Response[bytes]:
        return _on_introductions(call, lambda s, viewer: asking.withdraw(s, viewer, key))

    @act(
        "/{key:str}/outcome",
        summary="Say whether it took place",
        answers=Introductions,
        body=IntroductionOutcome,
    )
    def conclude(self, call: NamedDependency[Call], key: FromPath[str]) -> Response[bytes]:
        return _on_introductions(
            call, lambda s, viewer: introductions.conclude(s, viewer, key, call.form)
        )


def _on_ties(call: Call, key: str, change: Callable[[Session, Viewer], object]) -> Response[bytes]:
    def save(session: Session) -> Saved:
        change(session, call.viewer)
        session.flush()
        page = ties.ties_page(session, call.viewer, call.workspace.network, key, Form())
        # Paths follow once the change is saved.
        return Saved(Ties(None, page.ties, page.shared))

    return call.save(save)


def _on_reminders(
    call: Call, key: str, read_change: Callable[[], keep_in_touch.Change]
) -> Response[bytes]:
    def save(session: Session) -> Saved:
        keep_in_touch.change_reminders(session, call.viewer, key, call.form, read_change())
        return person_shown(session, call.viewer, key)

    return call.save(save)


def _introductions(session: Session, viewer: Viewer) -> Saved:
    session.flush()
    return Saved(Introductions(requests_by(session, viewer), requests_to(session, viewer)))


def _on_introductions(call: Call, change: Callable[[Session, Viewer], object]) -> Response[bytes]:
    def save(session: Session) -> Saved:
        change(session, call.viewer)
        return _introductions(session, call.viewer)

    return call.save(save)
