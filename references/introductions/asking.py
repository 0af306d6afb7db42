"""Introductions: asking a colleague to introduce us, without anyone else learning of a no.

What the asker sees depends only on their own actions, the calendar, and a yes. To them a no, a
'not now' and a missing answer look the same and allow the same steps until the request expires.
They learn who the connector of a hidden request is only with a yes.
"""

from collections.abc import Collection, Iterable
from datetime import date, timedelta

import sqlalchemy as sa
from sqlmodel import Session, col, select

from references.introductions.tables import (
    OPEN_DAYS,
    Answer,
    IntroductionRequest,
    Standing,
    may_answer,
    outbox_subject,
    standing_of,
)
from references.network import ties
from references.network.paths import (
    KnownPath,
    Network,
    active_members,
    competitors_people,
    known_paths,
)
from references.network.ties import Tie, TieKind, Visibility, visible
from workspace.audit import audit
from workspace.clock import now, today
from workspace.deals.access import may_see
from workspace.deals.discretion import knows_of
from workspace.deals.tables import Deal
from workspace.delivery import outbox
from workspace.errors import Conflict, Forbidden, Invalid, NotFound
from workspace.keys import random_key
from workspace.people.tables import Member, MemberRole, Person
from workspace.people.viewer import Viewer, require_writer

# The days by which a 'not now' can postpone a request at most.
LONGEST_PAUSE = 366


def ask(
    session: Session,
    viewer: Viewer,
    network: Network,
    person: Person,
    connector: Person | None,
    *,
    why: str,
    draft: str,
    deal: Deal | None = None,
) -> IntroductionRequest:
    """Request an introduction to a person; `deal` is one that the asker may see.

    Without a connector, it goes to the owner of the strongest tie of visibility ASK, who stays
    unknown to the asker.
    """
    asker_id = require_asker(viewer)
    if not why:
        raise Invalid("Enter a reason for your colleague.", {"why": "Required."})
    if session.get(Member, person.id):
        raise Invalid("You need no introduction to a colleague.", {"person": "One of us."})
    if connector is not None:
        connector_id = connector.id
        _require_connector(session, viewer, network, connector, person)
        if not knows_of(session, connector_id, person):
            raise Conflict(
                f"{person.name} came with a confidential deal, which {connector.name} may not see."
                " Invite them to it first."
            )
        if deal is not None and not may_see(session, connector.id, deal.id):
            raise Invalid(
                f"{connector.name} may not see this deal: it is confidential. Invite them first, or"
                " ask without naming it.",
                {"deal": "They may not know of it."},
            )
    else:
        if deal is not None and deal.confidential:
            # Accepting the deal would tell that the unknown colleague is on its team.
            raise Invalid(
                "A confidential deal cannot be named in a request to an unknown colleague.",
                {"deal": "It is confidential."},
            )
        if not person.listed:
            # Whether the unknown colleague may know of them would tell who is on the deal's team.
            raise Conflict(f"{person.name} came with a confidential deal. Ask a colleague by name.")
        connector_id = _hidden_connector(session, viewer, person)
    # Of two requests sent at once, the second waits here and then meets the first.
    asker = select(Member).where(Member.person_id == asker_id)
    session.exec(asker.with_for_update(key_share=True)).one()
    _require_not_asked(session, asker_id, person, connector)
    request = IntroductionRequest(
        key=random_key(session, IntroductionRequest, "I-"),
        asker_id=asker_id,
        connector_id=connector_id,
        connector_shown=connector is not None,
        person_id=person.id,
        deal_id=deal.id if deal else None,
        why=why,
        draft=draft,
        expires_on=today() + timedelta(days=OPEN_DAYS),
    )
    session.add(request)
    session.flush()
    audit(session, asker_id, "introduction asked for", f"introduction {request.id}")
    return request


def draft_message(asker: Person, person: Person) -> str:
    """A proposal for the connector's message to the person."""
    first = asker.name.split()[0]
    who = f"{asker.name} ({asker.title})" if asker.title else asker.name
    reach = f"{first} can be reached at {asker.email}. " if asker.email else ""
    return (
        f"Dear {person.name},\n\n"
        f"May I introduce my colleague {who}? {first} would like to talk to you, and I think"
        " that the conversation would be worth your time.\n\n"
        f"{reach}If it does not suit you, just tell me.\n\n"
        "Best regards"
    )


def paths_from_connectors(
    session: Session, viewer: Viewer, network: Network, pairs: Iterable[tuple[int, int]]
) -> dict[tuple[int, int], KnownPath]:
    """For each (connector, person), the strongest path between them that the viewer may see.

    Paths over other members are left out, as these can be asked themselves.
    """
    distinct = sorted(set(pairs))
    if not distinct:
        return {}
    graph, lent = network.graph(session), network.lent(session, viewer)
    colleagues, rivals = set(active_members(session)), set(competitors_people(session))
    chains = [
        path.people
        for connector, person in distinct
        for path in graph.paths(
            [connector], [person], k=1, lent=lent, avoid=(colleagues - {connector}) | rivals
        )
    ]
    return {
        (path.people[0].id, path.people[-1].id): path
        for path in known_paths(session, viewer, chains)
    }


def answer(
    session: Session,
    viewer: Viewer,
    key: str,
    said: Answer,
    *,
    message: str = "",
    send: bool = False,
    again_on: date | None = None,
) -> None:
    """Answer as the connector: yes with a message to the person, no, or not now until a day.

    With `send` the message is sent by mail; otherwise the connector copies it.
    """
    require_writer(viewer)
    request = _locked_request(session, key, IntroductionRequest.connector_id == viewer.person_id)
    if request.withdrawn:
        raise Conflict("Your colleague has cancelled this request.")
    if not may_answer(request, today()):
        yes = request.answer == Answer.YES
        raise Conflict("You have already said yes." if yes else "This request has ended.")
    if said == Answer.YES:
        if not message:
            raise Invalid("Write a message.", {"message": "Required."})
        request.message = message
        if send:
            _queue_message(session, request)
    elif said == Answer.NOT_NOW:
        last = today() + timedelta(days=LONGEST_PAUSE)
        if again_on is None or not today() < again_on <= last:
            raise Invalid(
                "Say when to ask you again.",
                {"again_on": "A day from tomorrow to a year from now."},
            )
    elif said != Answer.NO:
        raise Invalid("Say yes, no or not now.", {"answer": "Choose from the list."})
    request.answer = said
    request.again_on = again_on if said == Answer.NOT_NOW else None
    request.answered_at = now()
    session.add(request)
    # The answer itself is not in the audit log, as administrators can read it.
    audit(session, viewer.person_id, "introduction answered", f"introduction {request.id}")


def withdraw(session: Session, viewer: Viewer, key: str) -> None:
    """Withdraw a request as its asker, before a yes."""
    require_writer(viewer)
    request = _locked_request(session, key, IntroductionRequest.asker_id == viewer.person_id)
    standing = standing_of(request, today())
    if standing == Standing.YES:
        raise Conflict("Your colleague said yes in the meantime. Record the outcome instead.")
    if standing != Standing.WAITING:
        raise Conflict("This request has ended.")
    request.withdrawn = True
    session.add(request)
    audit(session, viewer.person_id, "introduction taken back", f"introduction {request.id}")


def conclude(session: Session, viewer: Viewer, key: str, *, introduced: bool) -> None:
    """Record, after a yes, whether the introduction took place; if so, the asker gets a tie.

    The tie does not name the connector, whose own tie to the person may be private. For a
    confidential deal the new tie is private as well.
    """
    require_writer(viewer)
    request = _locked_request(session, key, IntroductionRequest.asker_id == viewer.person_id)
    if standing_of(request, today()) != Standing.YES:
        raise Conflict("There is no accepted request to conclude.")
    if introduced:
        request.introduced_on = today()
        deal = session.get(Deal, request.deal_id) if request.deal_id else None
        ties.assert_tie(
            session,
            request.asker_id,
            request.person_id,
            TieKind.MET,
            evidence="Introduced by a colleague",
            source="introduction",
            start=today(),
            asserted_by_id=request.asker_id,
            visibility=(Visibility.PRIVATE if deal and deal.confidential else Visibility.EVERYONE),
        )
    else:
        request.withdrawn = True
    session.add(request)
    action = "introduction made" if introduced else "introduction given up"
    audit(session, viewer.person_id, action, f"introduction {request.id}")


def require_asker(viewer: Viewer) -> int:
    """The member who asks; Forbidden for members who may only read."""
    require_writer(viewer)
    if viewer.person_id is None:
        raise Forbidden("Only a member can ask for an introduction.")
    return viewer.person_id


def _locked_request(session: Session, key: str, whose: bool) -> IntroductionRequest:
    """The request with that key that matches `whose`, locked; NotFound if there is none."""
    query = select(IntroductionRequest).where(IntroductionRequest.key == key, whose)
    request = session.exec(query.with_for_update()).first()
    if request is None:
        raise NotFound("There is no such introduction.")
    return request


def _require_connector(
    session: Session, viewer: Viewer, network: Network, connector: Person, person: Person
) -> None:
    if connector.id == viewer.person_id:
        raise Invalid("You know them yourself.", {"over": "That is you."})
    if connector.id not in _who_can_answer(session, [connector.id]):
        raise Invalid(
            f"{connector.name} cannot answer here. Ask them in person.",
            {"over": "They cannot answer."},
        )
    if not paths_from_connectors(session, viewer, network, [(connector.id, person.id)]):
        raise Invalid(
            f"{connector.name} is not known to reach {person.name}.", {"over": "No path is known."}
        )


def _hidden_connector(session: Session, viewer: Viewer, person: Person) -> int:
    """The owner of a person's strongest tie of visibility ASK that is hidden from the viewer."""
    met = sa.or_(col(Tie.one_id) == person.id, col(Tie.other_id) == person.id)
    hidden = sa.not_(visible(session, viewer))
    rows = session.exec(select(Tie).where(Tie.visibility == Visibility.ASK, met, hidden)).all()
    answering = _who_can_answer(session, {tie.asserted_by_id for tie in rows if tie.asserted_by_id})
    candidates = [
        (
            ties.strength_on(tie, today()),
            -tie.id,
            tie.asserted_by_id,
        )
        for tie in rows
        if tie.asserted_by_id in answering
    ]
    if not candidates:
        raise Invalid(
            "No colleague can be asked for this introduction now.", {"over": "Nobody to ask."}
        )
    return max(candidates)[2] or 0


def _who_can_answer(session: Session, people: Collection[int]) -> set[int]:
    """The members of these who can answer: they are active, and not only readers."""
    query = (
        select(Member.person_id)
        .join(MemberRole, col(MemberRole.person_id) == col(Member.person_id))
        .where(col(Member.person_id).in_(people), col(Member.active).is_(True))
    )
    return set(session.exec(query))


def _require_not_asked(
    session: Session, asker_id: int, person: Person, connector: Person | None
) -> None:
    """Refuse a second request to the same connector while the asker sees the first one as open.

    A hidden request and one to a named connector never count as the same, because a refusal would
    tell who the hidden connector is.
    """
    same = select(IntroductionRequest).where(
        IntroductionRequest.asker_id == asker_id,
        IntroductionRequest.person_id == person.id,
        col(IntroductionRequest.connector_shown).is_(connector is not None),
    )
    if connector is not None:
        same = same.where(IntroductionRequest.connector_id == connector.id)
    for request in session.exec(same):
        if standing_of(request, today()) in (Standing.WAITING, Standing.YES):
            whom = connector.name if connector else "a colleague"
            raise Conflict(f"You have asked {whom} for this already.")


def _queue_message(session: Session, request: IntroductionRequest) -> None:
    person = session.get_one(Person, request.person_id)
    if not person.email:
        raise Invalid(
            f"No e-mail address of {person.name} is known. Copy the message instead.",
            {"send": "No address."},
        )
    connector = session.get_one(Person, request.connector_id)
    asker = session.get_one(Person, request.asker_id)
    outbox.queue(
        session,
        person.email,
        f"Introducing {asker.name}",
        request.message,
        about=outbox_subject(request),
        reply_to=connector.email or "",
        question=True,
    )
