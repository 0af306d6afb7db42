"""Introductions: asking a colleague to introduce us, whose no nobody else learns of.

What the asker is shown follows from what they did themselves, from the calendar, and from a yes.
A no, a not now and no answer yet look the same to them, refuse the same and take the same steps,
until the ask expires; then no introduction came of it. Whom a hidden ask went to they learn with
the yes.
"""

import secrets
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy import Text
from sqlmodel import Field, Session, SQLModel, col, select

from references import ties
from references.network import KnownPath, Network, Step, known, opposing, ours, steps_of
from references.ties import Tie, TieKind, Visibility, last_contact, visible
from workspace import members, outbox
from workspace.access import Viewer, require_writer, visible_deals
from workspace.audit import audit
from workspace.clock import now, today
from workspace.deals import Deal
from workspace.errors import Conflict, Forbidden, Invalid, NotFound
from workspace.outbox import OutboxMessage
from workspace.people import Member, MemberRole, Person
from workspace.pipeline import deal_names


class Answer(StrEnum):
    """What the connector said; only a yes is told to the one who asked."""

    NONE = ""
    YES = "yes"
    NO = "no"
    NOT_NOW = "not now"


class IntroductionRequest(SQLModel, table=True):
    """An ask of a member to introduce a colleague to somebody whom they know."""

    id: int = Field(default=None, primary_key=True)
    # Without a number: the asks of others would be counted by it.
    key: str = Field(unique=True, max_length=20)
    asker_id: int = Field(foreign_key="person.id", index=True)
    connector_id: int = Field(foreign_key="person.id", index=True)
    # Whether the one who asks knows whom they ask; else it is 'a colleague' to them.
    connector_shown: bool = True
    person_id: int = Field(foreign_key="person.id", index=True)
    deal_id: int | None = Field(default=None, foreign_key="deal.id", index=True, ondelete="CASCADE")
    why: str = Field(sa_type=Text)
    # The message to the person, as the one who asks would have it.
    draft: str = Field(default="", sa_type=Text)
    # The message as the connector has it. Only they read it.
    message: str = Field(default="", sa_type=Text)
    answer: str = Field(default=Answer.NONE, max_length=10)
    # A 'not now' comes back then.
    again_on: date | None = None
    expires_on: date
    introduced_on: date | None = None
    # Taken back by the one who asked or, after a yes, given up by them.
    withdrawn: bool = False
    created_at: datetime = Field(default_factory=now)
    answered_at: datetime | None = None


# How long an ask waits for an answer, and how long one that has come back does.
OPEN_DAYS = 14
# The furthest that a 'not now' can put an ask off.
LONGEST_PAUSE = 366
# The asks that a page shows; older ones are history.
SHOWN = 100
# As in a deal's key: without those that look like others.
_KEY_LETTERS = "23456789abcdefghjkmnpqrstvwxyz"


class Standing(StrEnum):
    """How an ask stands for the one who asked."""

    WAITING = "no answer yet"
    OVER = "no introduction came of it"
    YES = "yes"
    INTRODUCED = "introduced"
    GIVEN_UP = "given up"
    WITHDRAWN = "taken back"


@dataclass(frozen=True)
class Asked:
    """An ask as the one who asked sees it."""

    key: str
    person: Step
    # None while it is not known to them whom they asked.
    connector: Step | None
    deal_key: str | None
    deal_name: str
    why: str
    standing: Standing
    asked_on: date
    expires_on: date
    introduced_on: date | None


@dataclass(frozen=True)
class AskedOfMe:
    """An ask as the connector sees it."""

    key: str
    asker: Step
    person: Step
    email: str | None
    # The asker does not know who was asked, and learns it with a yes only.
    hidden: bool
    deal_key: str | None
    deal_name: str
    why: str
    message: str
    answer: Answer
    waiting: bool
    # An answer can still be given, or changed.
    open: bool
    withdrawn: bool
    asked_on: date
    expires_on: date
    again_on: date | None
    introduced_on: date | None
    # The mail with the message: whether there is one, and when it was sent.
    mailed: bool
    sent_at: datetime | None


# Asking


def ask(
    session: Session,
    viewer: Viewer,
    network: Network,
    person: Person,
    over: Person | None,
    *,
    why: str,
    draft: str,
    deal: Deal | None = None,
) -> IntroductionRequest:
    """Ask for an introduction to somebody; `deal` is one that the asker may see.

    Without `over` it goes to a colleague who lets others be told that they may know the person:
    to the owner of the strongest such tie, who stays unknown to the asker.
    """
    asker_id = require_asker(viewer)
    if not why:
        raise Invalid("Say why: the one whom you ask reads it.", {"why": "Needed."})
    if session.get(Member, person.id):
        raise Invalid("Nobody needs an introduction to a colleague.", {"person": "One of us."})
    if over is not None:
        connector_id = over.id
        _require_connector(session, viewer, network, over, person)
        if deal is not None and not _sees(session, over, deal):
            raise Invalid(
                f"{over.name} may not see this deal: it is confidential. Invite them first, or ask"
                " without naming it.",
                {"deal": "They may not know of it."},
            )
    else:
        if deal is not None and deal.confidential:
            # That it can be named would tell that the unknown colleague is one of its team.
            raise Invalid(
                "A confidential deal cannot be named to somebody whom you do not know.",
                {"deal": "It is confidential."},
            )
        connector_id = _hidden_connector(session, viewer, person)
    # Who presses twice waits here for the first press to be done.
    mine = select(Member).where(Member.person_id == asker_id)
    session.exec(mine.with_for_update(key_share=True)).one()
    _require_not_asked(session, asker_id, person, over)
    request = IntroductionRequest(
        key=_new_key(session),
        asker_id=asker_id,
        connector_id=connector_id,
        connector_shown=over is not None,
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


def drafted(asker: Person, person: Person) -> str:
    """A message to the person that the connector could send as it is."""
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


def reaching(
    session: Session, viewer: Viewer, network: Network, pairs: Iterable[tuple[int, int]]
) -> dict[tuple[int, int], KnownPath]:
    """For each (connector, person), the strongest path between them that the viewer may know of.

    It does not lead over others of us: they would be asked themselves.
    """
    wanted = set(pairs)
    if not wanted:
        return {}
    graph, lent = network.graph(session), network.lent(session, viewer)
    members_, rivals = set(ours(session)), set(opposing(session))
    chains = [
        path.people
        for connector, person in sorted(wanted)
        for path in graph.paths(
            [connector], [person], k=1, extra=lent, avoid=(members_ - {connector}) | rivals
        )
    ]
    return {
        (path.people[0].id, path.people[-1].id): path for path in known(session, viewer, chains)
    }


# Answering, and what comes of it


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
    """Say yes, with the message to the person, no, or not now, until when. The connector's alone.

    With `send` the message leaves by mail; else the connector copies it.
    """
    require_writer(viewer)
    request = _held(session, key, IntroductionRequest.connector_id == viewer.person_id)
    if request.withdrawn:
        raise Conflict("They do not ask for this any more.")
    if not _may_answer(request, today()):
        yes = request.answer == Answer.YES
        raise Conflict("You said yes already." if yes else "This ask is over.")
    if said == Answer.YES:
        if not message:
            raise Invalid("Write a line to them.", {"message": "Needed."})
        request.message = message
        if send:
            _mail(session, viewer, request)
    elif said == Answer.NOT_NOW:
        last = today() + timedelta(days=LONGEST_PAUSE)
        if again_on is None or not today() < again_on <= last:
            raise Invalid(
                "Say when to ask you again.",
                {"again_on": "A day from tomorrow to a year from now."},
            )
    elif said != Answer.NO:
        raise Invalid("Say yes, no or not now.", {"answer": "Choose one."})
    request.answer = said
    request.again_on = again_on if said == Answer.NOT_NOW else None
    request.answered_at = now()
    session.add(request)
    # Which answer is told to nobody who reads the log, either.
    audit(session, viewer.person_id, "introduction answered", f"introduction {request.id}")


def withdraw(session: Session, viewer: Viewer, key: str) -> None:
    """Take an ask back that has had no answer that the asker knows of."""
    require_writer(viewer)
    request = _held(session, key, IntroductionRequest.asker_id == viewer.person_id)
    standing = _standing(request, today())
    if standing == Standing.YES:
        raise Conflict("They said yes in the meantime. Say what came of it instead.")
    if standing != Standing.WAITING:
        raise Conflict("This is over already.")
    request.withdrawn = True
    session.add(request)
    audit(session, viewer.person_id, "introduction taken back", f"introduction {request.id}")


def conclude(session: Session, viewer: Viewer, key: str, *, introduced: bool) -> None:
    """After a yes: whether the introduction took place. Where it did, a tie of the asker follows.

    Everybody may know of that tie, so it does not say who introduced them: that the connector knows
    the person may be theirs alone to tell. From a confidential deal it is the asker's own.
    """
    require_writer(viewer)
    request = _held(session, key, IntroductionRequest.asker_id == viewer.person_id)
    if _standing(request, today()) != Standing.YES:
        raise Conflict("There is no yes that something could come of.")
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


# Looking


def asked_by(session: Session, viewer: Viewer) -> list[Asked]:
    """What a member has asked for, the newest first."""
    requests = _requests(session, col(IntroductionRequest.asker_id) == viewer.person_id)
    people = steps_of(
        session, {each for row in requests for each in (row.person_id, row.connector_id)}
    )
    deals = deal_names(session, viewer, {row.deal_id for row in requests if row.deal_id})
    found = []
    for row in requests:
        standing = _standing(row, today())
        agreed = row.answer == Answer.YES
        deal_key, deal_name = deals.get(row.deal_id or 0, (None, ""))
        found.append(
            Asked(
                key=row.key,
                person=people[row.person_id],
                connector=people[row.connector_id] if row.connector_shown or agreed else None,
                deal_key=deal_key,
                deal_name=deal_name,
                why=row.why,
                standing=standing,
                asked_on=row.created_at.date(),
                expires_on=row.expires_on,
                introduced_on=row.introduced_on,
            )
        )
    return found


def asked_of(session: Session, viewer: Viewer) -> list[AskedOfMe]:
    """What a member is asked for: what waits for their answer first, then the newest."""
    requests = _requests(session, col(IntroductionRequest.connector_id) == viewer.person_id)
    people = steps_of(session, {each for row in requests for each in (row.person_id, row.asker_id)})
    emails = dict(
        session.exec(
            select(Person.id, Person.email).where(
                col(Person.id).in_([row.person_id for row in requests])
            )
        ).all()
    )
    deals = deal_names(session, viewer, {row.deal_id for row in requests if row.deal_id})
    mails = _mails(session, requests)
    found = []
    for row in requests:
        deal_key, deal_name = deals.get(row.deal_id or 0, (None, ""))
        mail = mails.get(_about(row))
        found.append(
            AskedOfMe(
                key=row.key,
                asker=people[row.asker_id],
                person=people[row.person_id],
                email=emails[row.person_id],
                hidden=not row.connector_shown,
                deal_key=deal_key,
                deal_name=deal_name,
                why=row.why,
                message=row.message or row.draft,
                answer=Answer(row.answer),
                waiting=_waits(row, today()),
                open=_may_answer(row, today()),
                withdrawn=row.withdrawn,
                asked_on=row.created_at.date(),
                expires_on=row.expires_on,
                again_on=row.again_on,
                introduced_on=row.introduced_on,
                mailed=mail is not None,
                sent_at=mail.sent_at if mail else None,
            )
        )
    return sorted(found, key=lambda each: not each.waiting)


def require_asker(viewer: Viewer) -> int:
    """The member who asks; Forbidden to those who may only read."""
    require_writer(viewer)
    if viewer.person_id is None:
        raise Forbidden("Only a member can ask for an introduction.")
    return viewer.person_id


def _standing(request: IntroductionRequest, on: date) -> Standing:
    """How an ask stands for the asker. Of the answers this looks at the yes alone."""
    if request.introduced_on:
        return Standing.INTRODUCED
    if request.answer == Answer.YES:
        return Standing.GIVEN_UP if request.withdrawn else Standing.YES
    if request.withdrawn:
        return Standing.WITHDRAWN
    return Standing.WAITING if on <= request.expires_on else Standing.OVER


def _waits(request: IntroductionRequest, on: date) -> bool:
    """Whether the connector has something to say: at first, or again after a 'not now'."""
    if request.withdrawn:
        return False
    if request.answer == Answer.NOT_NOW and request.again_on:
        return request.again_on <= on <= request.again_on + timedelta(days=OPEN_DAYS)
    return request.answer == Answer.NONE and on <= request.expires_on


def _may_answer(request: IntroductionRequest, on: date) -> bool:
    """Whether the connector may answer, or think better of their answer."""
    if request.withdrawn or request.answer == Answer.YES:
        return False
    return on <= request.expires_on or request.answer == Answer.NOT_NOW


def _requests(session: Session, whose: sa.ColumnElement[bool]) -> Sequence[IntroductionRequest]:
    newest = col(IntroductionRequest.id).desc()
    return session.exec(
        select(IntroductionRequest).where(whose).order_by(newest).limit(SHOWN)
    ).all()


def _held(session: Session, key: str, whose: bool) -> IntroductionRequest:
    """The request of that key, kept for this transaction; NotFound to all but the one it is for."""
    query = select(IntroductionRequest).where(IntroductionRequest.key == key, whose)
    request = session.exec(query.with_for_update()).first()
    if request is None:
        raise NotFound("There is no such introduction.")
    return request


def _require_connector(
    session: Session, viewer: Viewer, network: Network, over: Person, person: Person
) -> None:
    if over.id == viewer.person_id:
        raise Invalid("You know them yourself.", {"over": "That is you."})
    if over.id not in _answering(session, [over.id]):
        raise Invalid(
            f"{over.name} cannot answer here. Ask them in person.", {"over": "They cannot answer."}
        )
    if not reaching(session, viewer, network, [(over.id, person.id)]):
        raise Invalid(
            f"{over.name} is not known to reach {person.name}.", {"over": "No path is known."}
        )


def _hidden_connector(session: Session, viewer: Viewer, person: Person) -> int:
    """The owner of the strongest tie to a person of those that others may be told to ask about."""
    met = sa.or_(col(Tie.one_id) == person.id, col(Tie.other_id) == person.id)
    hidden = sa.not_(visible(session, viewer))
    found = session.exec(select(Tie).where(Tie.visibility == Visibility.ASK, met, hidden)).all()
    answering = _answering(session, {tie.asserted_by_id for tie in found if tie.asserted_by_id})
    worths = [
        (
            ties.strength(
                tie.kind,
                tie.base,
                last_contact(tie.kind, tie.start, tie.end, tie.created_at),
                today(),
            ),
            -tie.id,
            tie.asserted_by_id,
        )
        for tie in found
        if tie.asserted_by_id in answering
    ]
    if not worths:
        raise Invalid("Nobody can be asked about them just now.", {"over": "Nobody to ask."})
    return max(worths)[2] or 0


def _answering(session: Session, people: Collection[int]) -> set[int]:
    """Those of these members who can answer: active, and more than readers."""
    query = (
        select(Member.person_id)
        .join(MemberRole, col(MemberRole.person_id) == col(Member.person_id))
        .where(col(Member.person_id).in_(people), col(Member.active).is_(True))
    )
    return set(session.exec(query))


def _sees(session: Session, member: Person, deal: Deal) -> bool:
    """Whether a member may know of a deal."""
    theirs = visible_deals(members.viewer(session, member.id, member.name))
    return session.exec(select(Deal.id).where(Deal.id == deal.id, theirs)).first() is not None


def _require_not_asked(
    session: Session, asker_id: int, person: Person, over: Person | None
) -> None:
    """Refuse to ask the same twice while the first ask is open to the asker's knowledge.

    Whether an unknown colleague is the one who is asked by name is left out of it: it would tell.
    """
    same = select(IntroductionRequest).where(
        IntroductionRequest.asker_id == asker_id,
        IntroductionRequest.person_id == person.id,
        col(IntroductionRequest.connector_shown).is_(over is not None),
    )
    if over is not None:
        same = same.where(IntroductionRequest.connector_id == over.id)
    for request in session.exec(same):
        if _standing(request, today()) in (Standing.WAITING, Standing.YES):
            whom = over.name if over else "a colleague"
            raise Conflict(f"You have asked {whom} for this already.")


def _new_key(session: Session) -> str:
    while True:
        key = "I-" + "".join(secrets.choice(_KEY_LETTERS) for _ in range(6))
        taken = select(IntroductionRequest.id).where(IntroductionRequest.key == key)
        if session.exec(taken).first() is None:
            return key


def _mail(session: Session, viewer: Viewer, request: IntroductionRequest) -> None:
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
        about=_about(request),
        reply_to=connector.email or "",
    )


def _mails(session: Session, requests: Sequence[IntroductionRequest]) -> dict[str, OutboxMessage]:
    abouts = [_about(row) for row in requests if row.answer == Answer.YES]
    rows = session.exec(select(OutboxMessage).where(col(OutboxMessage.about).in_(abouts)))
    return {row.about: row for row in rows}


def _about(request: IntroductionRequest) -> str:
    """What the outbox calls an introduction."""
    return f"introduction {request.id}"
