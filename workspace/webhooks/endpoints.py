"""Endpoints: what administrators set, and with whose rights an endpoint is told of events.

An endpoint acts as the administrator who saved or resumed it last. So it brings nobody events that
they may not see themselves: an administrator who takes it over does so with their own rights.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from workspace.audit import audit
from workspace.clock import now
from workspace.database import fetch, select_row
from workspace.deals.access import may_see
from workspace.delivery.egress import require_address
from workspace.errors import Invalid, NotFound
from workspace.keyring import Keyring
from workspace.people import members
from workspace.people.tables import Member, Person, Role
from workspace.people.viewer import Viewer
from workspace.told import Told
from workspace.value_lists import join_values, split_values
from workspace.webhooks.signing import new_secret
from workspace.webhooks.tables import EventGroup, WebhookEndpoint, WebhookMessage

# How long the former secret signs, too, so that receivers can change over.
OVERLAP = timedelta(days=1)


@dataclass(frozen=True)
class EndpointRow:
    """An endpoint in the list of administrators."""

    id: int
    name: str
    url: str
    acts_as: str
    stopped_at: datetime | None
    stopped_why: Told
    accepted_at: datetime | None
    failures: int


def endpoint_rows(session: Session) -> list[EndpointRow]:
    """All endpoints by name."""
    query = (
        select_row(EndpointRow, WebhookEndpoint, acts_as=Person.name)
        .join(Person, col(Person.id) == col(WebhookEndpoint.acts_as_id))
        .order_by(col(WebhookEndpoint.name), col(WebhookEndpoint.id))
    )
    return fetch(session, EndpointRow, query)


def endpoint_of(session: Session, endpoint_id: int) -> WebhookEndpoint:
    """The endpoint of that number."""
    endpoint = session.get(WebhookEndpoint, endpoint_id)
    if endpoint is None:
        raise NotFound("There is no such webhook.")
    return endpoint


def locked_endpoint(session: Session, endpoint_id: int) -> WebhookEndpoint:
    """The endpoint of that number, locked until this transaction ends."""
    endpoint = endpoint_of(session, endpoint_id)
    session.refresh(endpoint, with_for_update={"key_share": True})
    return endpoint


def groups_of(endpoint: WebhookEndpoint) -> list[EventGroup]:
    """The groups of events that an endpoint is told of."""
    return [EventGroup(name) for name in split_values(endpoint.events)]


def acting_viewer(session: Session, endpoint: WebhookEndpoint) -> Viewer | None:
    """The administrator as whom an endpoint acts; None once they are no administrator."""
    person = session.get_one(Person, endpoint.acts_as_id)
    member = session.get_one(Member, endpoint.acts_as_id)
    viewer = members.viewer(session, person.id, person.name)
    return viewer if member.active and Role.ADMIN in viewer.roles else None


def add_endpoint(
    session: Session,
    keyring: Keyring,
    name: str,
    url: str,
    groups: Collection[EventGroup],
    *,
    by: int,
) -> tuple[WebhookEndpoint, str]:
    """Add an endpoint; the endpoint, and its secret, which is shown once."""
    _require_facts(url, groups)
    secret = new_secret()
    endpoint = WebhookEndpoint(
        name=name,
        url=url,
        events=_joined(groups),
        acts_as_id=by,
        secret=keyring.encrypt(secret),
    )
    session.add(endpoint)
    session.flush()
    _audit(session, endpoint, by, "webhook added", {"url": url, "events": endpoint.events})
    return endpoint, secret


def save_endpoint(
    session: Session,
    endpoint: WebhookEndpoint,
    name: str,
    url: str,
    groups: Collection[EventGroup],
    *,
    by: int,
) -> None:
    """Change an endpoint, which acts as `by` from then on."""
    _require_facts(url, groups)
    endpoint.name, endpoint.url, endpoint.events = name, url, _joined(groups)
    _act_as(session, endpoint, by)
    _audit(session, endpoint, by, "webhook saved", {"url": url, "events": endpoint.events})


def rotate_secret(session: Session, keyring: Keyring, endpoint: WebhookEndpoint, *, by: int) -> str:
    """Give an endpoint a new secret, which is shown once; the former one signs for a day, too."""
    secret = new_secret()
    endpoint.former_secret, endpoint.former_until = endpoint.secret, now() + OVERLAP
    endpoint.secret = keyring.encrypt(secret)
    session.add(endpoint)
    _audit(session, endpoint, by, "webhook secret rotated")
    return secret


def secrets_of(endpoint: WebhookEndpoint, keyring: Keyring) -> list[str]:
    """The secrets that sign now, the newest first."""
    stored = [endpoint.secret]
    if endpoint.former_until and endpoint.former_until > now():
        stored.append(endpoint.former_secret)
    return [keyring.decrypt(secret) for secret in stored]


def stop_endpoint(
    session: Session, endpoint: WebhookEndpoint, *, by: int | None, why: Told | None = None
) -> None:
    """Stop an endpoint: it is told of nothing more. What waits for it stays."""
    if endpoint.stopped_at is None:
        endpoint.stopped_at, endpoint.stopped_why = now(), why or {}
        session.add(endpoint)
        _audit(session, endpoint, by, "webhook stopped", {"why": why["code"]} if why else None)


def resume_endpoint(session: Session, endpoint: WebhookEndpoint, *, by: int) -> None:
    """Resume a stopped endpoint, which acts as `by` from then on; what waits is sent at once."""
    if endpoint.stopped_at is not None:
        endpoint.stopped_at, endpoint.stopped_why = None, {}
        endpoint.failures, endpoint.rests_until = 0, None
        _act_as(session, endpoint, by)
        _audit(session, endpoint, by, "webhook resumed")


def remove_endpoint(session: Session, endpoint: WebhookEndpoint, *, by: int) -> None:
    """Remove an endpoint with its messages."""
    _audit(session, endpoint, by, "webhook removed", {"name": endpoint.name})
    session.delete(endpoint)


def renew_secrets(session: Session, keyring: Keyring) -> int:
    """Encrypt the secrets of all endpoints with the first key; how many there are."""
    count = 0
    for endpoint in session.exec(select(WebhookEndpoint).order_by(col(WebhookEndpoint.id))):
        endpoint.secret = keyring.renew(endpoint.secret)
        count += 1
        if endpoint.former_secret:
            endpoint.former_secret = keyring.renew(endpoint.former_secret)
            count += 1
        session.add(endpoint)
    return count


def _act_as(session: Session, endpoint: WebhookEndpoint, person_id: int) -> None:
    """Have an endpoint act as another member, who gets no message about a deal hidden from them."""
    if endpoint.acts_as_id != person_id:
        endpoint.acts_as_id = person_id
        about_hidden = select(WebhookMessage).where(
            WebhookMessage.endpoint_id == endpoint.id, col(WebhookMessage.confidential).is_(True)
        )
        for message in session.exec(about_hidden.order_by(col(WebhookMessage.id))):
            if message.deal_id is None or not may_see(session, person_id, message.deal_id):
                session.delete(message)
    session.add(endpoint)


def _require_facts(url: str, groups: Collection[EventGroup]) -> None:
    require_address(url, "url")
    if not groups:
        raise Invalid("Choose at least one kind of event.", {"events": "Choose at least one."})


def _joined(groups: Collection[EventGroup]) -> str:
    return join_values(group for group in EventGroup if group in groups)


def _audit(
    session: Session,
    endpoint: WebhookEndpoint,
    by: int | None,
    action: str,
    detail: dict[str, object] | None = None,
) -> None:
    audit(session, by, action, f"webhook {endpoint.id}", detail)
