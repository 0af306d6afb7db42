"""The team of a deal over the API: seats, and who takes them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

from litestar import Controller
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Response
from msgspec import UNSET, UnsetType
from sqlmodel import Session

from references.suggestion_counts import Fate, SuggestionKind
from web.api.calls import Call, Saved
from web.api.fields import Body, Key, Label, Line
from web.api.operations import act, create, for_programs, read, remove
from web.forms import Form
from web.pages.deal_room import experts
from web.pages.deal_room.header import is_readable
from web.policies import Policy
from workspace.deals import access, team
from workspace.deals.team import SeatRow
from workspace.people.viewer import Viewer


@dataclass(frozen=True)
class Team:
    """The seats of a deal's team."""

    seats: list[SeatRow]


class NewSeat(Body):
    """A seat of a role; without a person it is open."""

    example: ClassVar[dict[str, Any]] = {"role": "trainer"}
    role: Label
    person: Key | UnsetType = UNSET


class SeatOf(Body):
    """The member who gets a seat, or is asked to take it."""

    example: ClassVar[dict[str, Any]] = {"person": "dana-dvorak"}
    person: Key


class SeatReason(Body):
    """Why a seat is declined, or opened again."""

    example: ClassVar[dict[str, Any]] = {"reason": "On leave until June."}
    reason: Line


class DealTeamController(Controller):
    """/api/v1/deals/{key}/team."""

    path = "/api/v1/deals/{key:str}/team"
    opt = for_programs("Teams", reads=Policy.MEMBERS, writes=Policy.WRITERS)

    @read(summary="Get the team", answers=Team)
    def team(self, call: NamedDependency[Call], key: FromPath[str]) -> Response[bytes]:
        return call.show(_team, key)

    @create(summary="Add a seat", answers=Team, body=NewSeat)
    def add_seat(self, call: NamedDependency[Call], key: FromPath[str]) -> Response[bytes]:
        def save(session: Session) -> Saved:
            experts.add_seat(session, call.viewer, key, call.form)
            return _team(session, call.viewer, key)

        return call.save(save)

    @act(
        "/{seat_id:int}/fill",
        summary="Fill a seat",
        answers=Team,
        may_vanish=True,
        body=SeatOf,
    )
    def fill_seat(
        self, call: NamedDependency[Call], key: FromPath[str], seat_id: FromPath[int]
    ) -> Response[bytes]:
        return _on_seat(call, key, seat_id, experts.fill_seat)

    @act(
        "/{seat_id:int}/ask",
        summary="Ask a member to join",
        answers=Team,
        may_vanish=True,
        body=SeatOf,
    )
    def ask_for_seat(
        self, call: NamedDependency[Call], key: FromPath[str], seat_id: FromPath[int]
    ) -> Response[bytes]:
        def ask(session: Session, viewer: Viewer, key: str, seat_id: int, form: Form) -> None:
            experts.ask_for_seat(session, viewer, key, seat_id, form)
            deal = access.readable_deal(session, viewer, key)
            call.count(SuggestionKind.TEAM, Fate.USED, deal, [str(seat_id)])

        return _on_seat(call, key, seat_id, ask)

    @act(
        "/{seat_id:int}/unask",
        summary="Cancel the request to join",
        answers=Team,
        may_vanish=True,
    )
    def take_back_ask(
        self, call: NamedDependency[Call], key: FromPath[str], seat_id: FromPath[int]
    ) -> Response[bytes]:
        return _on_seat(call, key, seat_id, experts.take_back_ask)

    @act("/{seat_id:int}/accept", summary="Accept a seat", answers=Team, may_vanish=True)
    def accept_seat(
        self, call: NamedDependency[Call], key: FromPath[str], seat_id: FromPath[int]
    ) -> Response[bytes]:
        return _on_seat(call, key, seat_id, experts.accept_seat)

    @act(
        "/{seat_id:int}/decline",
        summary="Decline a seat",
        answers=Team,
        may_vanish=True,
        body=SeatReason,
    )
    def decline_seat(
        self, call: NamedDependency[Call], key: FromPath[str], seat_id: FromPath[int]
    ) -> Response[bytes]:
        return _on_seat(call, key, seat_id, experts.decline_seat)

    @act(
        "/{seat_id:int}/free",
        summary="Open a seat again",
        answers=Team,
        may_vanish=True,
        body=SeatReason,
    )
    def free_seat(
        self, call: NamedDependency[Call], key: FromPath[str], seat_id: FromPath[int]
    ) -> Response[bytes]:
        return _on_seat(call, key, seat_id, experts.free_seat)

    @remove("/{seat_id:int}", summary="Remove a seat")
    def remove_seat(
        self, call: NamedDependency[Call], key: FromPath[str], seat_id: FromPath[int]
    ) -> Response[bytes]:
        return call.done(experts.remove_seat, key, seat_id, Form())


def _team(session: Session, viewer: Viewer, key: str) -> Saved:
    session.flush()
    deal = access.readable_deal(session, viewer, key)
    return Saved(Team(team.seats_of(session, deal.id)))


def _on_seat(
    call: Call, key: str, seat_id: int, change: Callable[[Session, Viewer, str, int, Form], object]
) -> Response[bytes]:
    def save(session: Session) -> Saved:
        change(session, call.viewer, key, seat_id, call.form)
        # A member who leaves the team of a confidential deal no longer sees it.
        if not is_readable(session, call.viewer, key):
            return Saved()
        return _team(session, call.viewer, key)

    return call.save(save)
