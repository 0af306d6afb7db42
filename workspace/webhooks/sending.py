"""Sending: a worker of the leader posts messages that are due, and says why it cannot.

A message is tried ten times within three days. An endpoint that fails rests for up to five minutes,
so that one that is down, or slow, keeps no other waiting.
"""

import logging
import secrets
import threading
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import httpx2
import sqlalchemy as sa
from sqlmodel import Session, col, select

from workspace.clock import now
from workspace.database import Database
from workspace.deals.access import may_see
from workspace.deals.tables import Deal
from workspace.delivery.attempts import attempt_next, unsent
from workspace.delivery.egress import SECONDS, Guarded
from workspace.errors import DealkinError
from workspace.keyring import Keyring
from workspace.people.tables import Person
from workspace.settings import Settings
from workspace.told import Code, Told, in_words, said_by, told
from workspace.webhooks.endpoints import acting_viewer, secrets_of, stop_endpoint
from workspace.webhooks.signing import signed_headers
from workspace.webhooks.tables import WebhookEndpoint, WebhookMessage

logger = logging.getLogger("dealkin.webhooks")

# How long a message waits after each failed attempt, before up to a seventh is added by chance.
DELAYS = (
    timedelta(seconds=5),
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=20),
    timedelta(hours=24),
)
# After these it is given up, however often it was tried.
LONGEST = timedelta(days=3)
# How long an endpoint rests after a failure; the rest doubles with each in a row.
FIRST_REST = timedelta(seconds=5)
LONGEST_REST = timedelta(minutes=5)
# How long messages are kept that were delivered or given up, and how often old ones are deleted.
KEPT = timedelta(days=30)
FORGET_SECONDS = 6 * 3600.0
# How long an attempt may take in all.
ATTEMPT_SECONDS = 20.0
PAUSE_SECONDS = 2.0


@dataclass(frozen=True)
class Answer:
    """What came of an attempt."""

    status: int | None = None
    # Why it failed; empty if it was accepted.
    problem: Told = field(default_factory=dict)
    # Whether its endpoint is told nothing more for that reason.
    stops: bool = False
    # Whether its endpoint may no longer know of the deal.
    withheld: bool = False


def send_due(database: Database, settings: Settings) -> float:
    """Send the message that is due first; returns the seconds until the next look."""
    try:
        stop_orphans(database)
        return 0.0 if send_next(database, settings) else PAUSE_SECONDS
    except Exception:
        # The database may be unreachable for a while; the messages stay in it.
        logger.exception("Webhooks could not be worked on")
        return PAUSE_SECONDS


def stop_orphans(database: Database) -> None:
    """Stop the endpoints that act as a member who is no longer an administrator."""
    with database.read() as session:
        orphans = [endpoint.id for endpoint in _active(session) if _orphaned(session, endpoint)]
    if not orphans:
        return
    with database.write() as session:
        for endpoint in _active(session):
            if endpoint.id in orphans and (why := _orphaned(session, endpoint)):
                stop_endpoint(session, endpoint, by=None, why=why)


def forget_when_due(database: Database) -> float:
    """Delete messages that are kept no longer; returns the seconds until the next look."""
    ended = sa.func.coalesce(col(WebhookMessage.sent_at), col(WebhookMessage.dropped_at))
    with database.write() as session:
        session.execute(sa.delete(WebhookMessage).where(ended < now() - KEPT))
    return FORGET_SECONDS


def send_next(database: Database, settings: Settings) -> bool:
    """Send the message that is due first; whether there was one."""
    return attempt_next(
        database,
        WebhookMessage,
        _due,
        lambda message: _attempt(database, settings, message),
        _settle,
    )


def _active(session: Session) -> list[WebhookEndpoint]:
    active = select(WebhookEndpoint).where(col(WebhookEndpoint.stopped_at).is_(None))
    return list(session.exec(active.order_by(col(WebhookEndpoint.id))))


def _orphaned(session: Session, endpoint: WebhookEndpoint) -> Told:
    """Why an endpoint has no rights any more; empty if it has."""
    if acting_viewer(session, endpoint) is not None:
        return {}
    name = session.get_one(Person, endpoint.acts_as_id).name
    return told(Code.NO_ADMINISTRATOR, name=name)


def _due() -> Any:
    """The messages that are due, by turns of their endpoints."""
    moment = now()
    tried_at, rests_until = col(WebhookEndpoint.tried_at), col(WebhookEndpoint.rests_until)
    return (
        select(WebhookMessage)
        .join(WebhookEndpoint, col(WebhookEndpoint.id) == col(WebhookMessage.endpoint_id))
        .where(
            *unsent(WebhookMessage, moment),
            col(WebhookMessage.due_at) <= moment,
            col(WebhookEndpoint.stopped_at).is_(None),
            sa.or_(rests_until.is_(None), rests_until <= moment),
        )
        .order_by(
            tried_at.is_not(None),
            tried_at,
            col(WebhookMessage.due_at),
            col(WebhookMessage.id),
        )
    )


def _attempt(database: Database, settings: Settings, message: WebhookMessage) -> Answer:
    """Send a message, if its endpoint may still know of the deal."""
    with database.read() as session:
        endpoint = session.get(WebhookEndpoint, message.endpoint_id)
        if endpoint is None:
            return Answer(withheld=True)
        if why := _orphaned(session, endpoint):
            return Answer(problem=why, stops=True)
        deal_id = message.deal_id
        known = deal_id is not None and session.get(Deal, deal_id) is not None
        if known and not may_see(session, endpoint.acts_as_id, deal_id or 0):
            return Answer(withheld=True)
    body = message.body.encode()
    try:
        keys = secrets_of(endpoint, Keyring(settings))
        headers = signed_headers(keys, message.message_id, int(now().timestamp()), body)
        status = _post(settings, endpoint.url, headers, body)
    except (DealkinError, httpx2.HTTPError, httpx2.InvalidURL, OSError, RuntimeError) as error:
        return Answer(problem=said_by(error))
    if 200 <= status < 300:
        return Answer(status)
    if status == httpx2.codes.GONE:
        return Answer(status, told(Code.RECEIVER_GONE), stops=True)
    code = Code.RECEIVER_REDIRECTS if 300 <= status < 400 else Code.RECEIVER_ANSWERED
    return Answer(status, told(code, status=status))


def _post(settings: Settings, url: str, headers: dict[str, str], body: bytes) -> int:
    """Post a body, and return the status of the answer, whose own body is not read."""
    with httpx2.Client(transport=Guarded(settings), timeout=SECONDS) as client:
        # The client's limit is between two bytes, so that an answer could drip for ever.
        limit = threading.Timer(ATTEMPT_SECONDS, client.close)
        limit.start()
        try:
            sent = {"content-type": "application/json", "user-agent": "Dealkin", **headers}
            with client.stream("POST", url, content=body, headers=sent) as response:
                return int(response.status_code)
        finally:
            limit.cancel()


def _settle(session: Session, row: WebhookMessage, answer: Answer) -> None:
    """Store what came of an attempt."""
    endpoint = session.get_one(WebhookEndpoint, row.endpoint_id, with_for_update=True)
    endpoint.tried_at = now()
    session.add(endpoint)
    if answer.withheld:
        session.delete(row)
        return
    row.status, row.problem = answer.status, answer.problem
    if not answer.problem:
        row.sent_at = endpoint.accepted_at = now()
        endpoint.failures, endpoint.rests_until = 0, None
        return
    logger.warning("Webhook message %s was not taken: %s", row.message_id, in_words(answer.problem))
    if answer.stops:
        stop_endpoint(session, endpoint, by=None, why=answer.problem)
        return
    endpoint.failures += 1
    doubled: int = 2 ** min(endpoint.failures - 1, 10)
    endpoint.rests_until = now() + min(FIRST_REST * doubled, LONGEST_REST)
    if row.attempts > len(DELAYS) or now() >= row.offered_at + LONGEST:
        row.dropped_at = now()
    else:
        row.due_at = now() + delay(row.attempts)


def delay(attempts: int) -> timedelta:
    """How long a message waits after a number of failed attempts."""
    base = DELAYS[attempts - 1]
    return base + base * secrets.randbelow(150) / 1000
