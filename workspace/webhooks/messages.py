"""Messages to endpoints: written with the event, listed, and sent again."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from secrets import token_hex
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from workspace.audit import audit
from workspace.clock import now
from workspace.database import fetch, insert_rows, select_row
from workspace.deals.access import visible_deals
from workspace.deals.tables import Deal
from workspace.errors import NotFound
from workspace.people.field_rights import FieldGroup, readable_fields
from workspace.people.viewer import Viewer
from workspace.told import Told
from workspace.webhooks.endpoints import acting_viewer, groups_of
from workspace.webhooks.tables import WebhookEndpoint, WebhookMessage

TEST_TYPE = "test"
STATES = ("delivered", "waiting", "failed")


@dataclass(frozen=True)
class Event:
    """Something that happened, as endpoints are told of it."""

    type: str
    at: datetime
    data: dict[str, object] = field(default_factory=dict)
    deal_id: int | None = None
    # Of a deal that was deleted: whether it was confidential, and whose it was.
    is_gone: bool = False
    confidential: bool = False
    owner_id: int | None = None
    # The fields that one has to be allowed to read.
    needs: FieldGroup | None = None


@dataclass(frozen=True)
class MessageRow:
    """A message in the list of deliveries."""

    id: int
    message_id: str
    type: str
    created_at: datetime
    due_at: datetime
    sent_at: datetime | None
    dropped_at: datetime | None
    attempts: int
    status: int | None
    problem: Told
    body: str

    @property
    def state(self) -> str:
        """Whether it was delivered, waits, or was given up."""
        if self.sent_at:
            return "delivered"
        return "failed" if self.dropped_at else "waiting"


def publish(session: Session, read: Callable[[], Sequence[Event]]) -> None:
    """Write messages about events, for the endpoints that want them and may know of them.

    The events are read only where there is an endpoint.
    """
    active = select(WebhookEndpoint).where(col(WebhookEndpoint.stopped_at).is_(None))
    endpoints = session.exec(active.order_by(col(WebhookEndpoint.id))).all()
    events = read() if endpoints else ()
    rows: list[dict[str, Any]] = []
    for endpoint in endpoints:
        groups = {str(group) for group in groups_of(endpoint)}
        wanted = [event for event in events if event.type.partition(".")[0] in groups]
        viewer = acting_viewer(session, endpoint) if wanted else None
        if viewer is not None:
            rows += _messages(session, endpoint, viewer, wanted)
    insert_rows(session, WebhookMessage, rows)


def send_test(session: Session, endpoint: WebhookEndpoint) -> None:
    """Write a message by which the receiver can be tried."""
    rows = [_message(endpoint, Event(TEST_TYPE, now()), confidential=False)]
    insert_rows(session, WebhookMessage, rows)


def message_rows(
    session: Session,
    viewer: Viewer,
    endpoint_id: int,
    *,
    state: str | None = None,
    before: int | None = None,
    limit: int,
) -> list[MessageRow]:
    """The messages to an endpoint, the latest first, but those about deals hidden from a viewer."""
    query = select_row(MessageRow, WebhookMessage).where(
        col(WebhookMessage.endpoint_id) == endpoint_id, _shown_to(viewer)
    )
    if state:
        query = query.where(*_in_state(state))
    if before is not None:
        query = query.where(col(WebhookMessage.id) < before)
    return fetch(session, MessageRow, query.order_by(col(WebhookMessage.id).desc()).limit(limit))


def replay(session: Session, viewer: Viewer, endpoint: WebhookEndpoint, message_id: int) -> None:
    """Send a message once more, under the same id."""
    query = select(WebhookMessage).where(
        WebhookMessage.id == message_id,
        WebhookMessage.endpoint_id == endpoint.id,
        _shown_to(viewer),
    )
    message = session.exec(query.with_for_update()).first()
    if message is None:
        raise NotFound("There is no such message.")
    _offer([message])
    session.add(message)
    detail: dict[str, object] = {"message": message.message_id}
    audit(session, viewer.person_id, "webhook replayed", f"webhook {endpoint.id}", detail)


def replay_failed(
    session: Session, viewer: Viewer, endpoint: WebhookEndpoint, since: datetime
) -> None:
    """Send the messages once more that were written since a moment and given up."""
    query = select(WebhookMessage).where(
        WebhookMessage.endpoint_id == endpoint.id,
        col(WebhookMessage.created_at) >= since,
        *_in_state("failed"),
    )
    messages = session.exec(query.order_by(col(WebhookMessage.id)).with_for_update()).all()
    _offer(messages)
    session.add_all(messages)
    detail: dict[str, object] = {"since": since.isoformat()}
    audit(session, viewer.person_id, "webhook replayed", f"webhook {endpoint.id}", detail)


def _offer(messages: Sequence[WebhookMessage]) -> None:
    for message in messages:
        message.due_at = message.offered_at = now()
        message.attempts = 0
        message.sent_at = message.dropped_at = None


def _messages(
    session: Session, endpoint: WebhookEndpoint, viewer: Viewer, events: Sequence[Event]
) -> list[dict[str, Any]]:
    ids = {event.deal_id for event in events if event.deal_id is not None}
    deals = select(Deal.id, Deal.confidential).where(col(Deal.id).in_(ids), visible_deals(viewer))
    seen = dict(session.exec(deals).all())
    readable = readable_fields(session, viewer)
    rows = []
    for event in events:
        if event.needs is not None and event.needs not in readable:
            continue
        if event.is_gone:
            # Who else saw it cannot be told any more.
            if event.confidential and event.owner_id != viewer.person_id:
                continue
        elif event.deal_id is not None and event.deal_id not in seen:
            continue
        confidential = event.confidential or seen.get(event.deal_id or 0, False)
        rows.append(_message(endpoint, event, confidential=confidential))
    return rows


def _message(endpoint: WebhookEndpoint, event: Event, *, confidential: bool) -> dict[str, Any]:
    moment = now()
    timestamp = event.at.astimezone(UTC).isoformat(timespec="milliseconds")
    body = {
        "type": event.type,
        "timestamp": timestamp.replace("+00:00", "Z"),
        "data": event.data,
    }
    return {
        "message_id": f"msg_{token_hex(12)}",
        "endpoint_id": endpoint.id,
        "type": event.type,
        "deal_id": event.deal_id,
        "confidential": confidential,
        "body": json.dumps(body, ensure_ascii=False),
        "created_at": moment,
        "offered_at": moment,
        "due_at": moment,
        "attempts": 0,
        "leased_until": None,
        "sent_at": None,
        "dropped_at": None,
        "problem": {},
        "status": None,
    }


def _in_state(state: str) -> tuple[sa.ColumnElement[bool], ...]:
    sent, dropped = col(WebhookMessage.sent_at), col(WebhookMessage.dropped_at)
    match state:
        case "delivered":
            return (sent.is_not(None),)
        case "failed":
            return (dropped.is_not(None),)
    return sent.is_(None), dropped.is_(None)


def _shown_to(viewer: Viewer) -> sa.ColumnElement[bool]:
    """Whether a viewer may know of the deal that a message is about."""
    seen = sa.exists().where(col(Deal.id) == col(WebhookMessage.deal_id), visible_deals(viewer))
    hidden_now = sa.exists().where(
        col(Deal.id) == col(WebhookMessage.deal_id), sa.not_(visible_deals(viewer))
    )
    public = sa.and_(col(WebhookMessage.confidential).is_(False), sa.not_(hidden_now))
    return sa.or_(public, seen)
