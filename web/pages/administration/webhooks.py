"""Webhooks, for administrators: the addresses of other programs, and what was delivered to them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any

from litestar import Controller
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Response
from sqlmodel import Session

from web.edit_conflicts import EditForm, edit_form, require_unchanged
from web.forms import Form, row_id, uncounted_id
from web.lists import filled, first_page
from web.policies import Policy, open_to
from web.rendering import query
from web.routes import get, post
from web.visits import Visit
from workspace.clock import today
from workspace.people.tables import Role
from workspace.people.viewer import Viewer, require_role
from workspace.value_lists import join_values
from workspace.webhooks import endpoints, messages
from workspace.webhooks.endpoints import EndpointRow
from workspace.webhooks.messages import STATES, MessageRow
from workspace.webhooks.tables import EventGroup, WebhookEndpoint

LIST = "/administration/webhooks"
PAGE = 50
LABELS = {
    EventGroup.DEAL: "Deals",
    EventGroup.STAGE: "Stages",
    EventGroup.SEAT: "Seats",
    EventGroup.REFERENCE: "References",
    EventGroup.ADVOCATE: "Advocates",
}


@dataclass(frozen=True)
class WebhooksPage:
    """All endpoints."""

    rows: list[EndpointRow]


@dataclass(frozen=True)
class EndpointForm:
    """The form over an endpoint, or over a new one."""

    form: EditForm
    chosen: list[str]
    groups: tuple[tuple[str, str], ...] = tuple(LABELS.items())


@dataclass(frozen=True)
class EndpointPage:
    """An endpoint with its deliveries."""

    endpoint: WebhookEndpoint
    acts_as: str
    is_mine: bool
    inputs: EndpointForm
    # What is wrong with the form that replays events.
    wrong: Mapping[str, str]
    rows: list[MessageRow]
    more: int | None
    params: dict[str, str]
    choices: tuple[tuple[str, str], ...] = (
        ("", "All"),
        *((state, state.capitalize()) for state in STATES),
    )


@dataclass(frozen=True)
class SecretPage:
    """The secret of an endpoint, which is shown this once."""

    endpoint_id: int
    name: str
    secret: str
    is_new: bool


class WebhookController(Controller):
    """/administration/webhooks."""

    path = LIST
    opt = open_to(reads=Policy.ADMINISTRATORS, writes=Policy.ADMINISTRATORS)

    @get()
    def list(self, visit: NamedDependency[Visit]) -> Response[str]:
        return visit.show("administration/webhooks/list.html", visit.page(webhooks_page))

    @get("/new")
    def new(self, visit: NamedDependency[Visit]) -> Response[str]:
        return visit.show("administration/webhooks/new.html", new_form(Form()))

    @post()
    def add(self, visit: NamedDependency[Visit]) -> Response[Any]:
        name, url, groups = read_facts(visit.form)
        with visit.saving() as session:
            visit.form.done()
            row, secret = endpoints.add_endpoint(
                session, visit.workspace.keyring, name, url, groups, by=person_of(visit)
            )
        if visit.form.refusal:
            return visit.show("administration/webhooks/new.html", new_form(visit.form))
        page = SecretPage(row.id, row.name, secret, True)
        return visit.show("administration/webhooks/secret.html", page)

    @get("/{endpoint_id:int}")
    def show(self, visit: NamedDependency[Visit], endpoint_id: FromPath[int]) -> Response[str]:
        state = visit.form.choice("state", STATES)
        after = visit.form.integer("after", 1)
        visit.form.check()
        page = visit.page(endpoint_page, row_id(endpoint_id), Form(), state, after)
        fragment = "_rows.html" if after is not None else "_results.html"
        return visit.answer(
            "administration/webhooks/show.html",
            f"administration/webhooks/{fragment}",
            page,
            address=f"{here(endpoint_id)}?{query(page.params)}",
        )

    @post("/{endpoint_id:int}")
    def save(self, visit: NamedDependency[Visit], endpoint_id: FromPath[int]) -> Response[Any]:
        name, url, groups = read_facts(visit.form)
        with visit.saving() as session:
            row = endpoints.locked_endpoint(session, row_id(endpoint_id))
            require_unchanged(visit.form, saved_facts(row))
            visit.form.done()
            endpoints.save_endpoint(session, row, name, url, groups, by=person_of(visit))
        if visit.form.refusal:
            page = visit.page(endpoint_page, row_id(endpoint_id), visit.form)
            return visit.show("administration/webhooks/show.html", page)
        return visit.go(here(endpoint_id), "Saved.")

    @post("/{endpoint_id:int}/rotate")
    def rotate(self, visit: NamedDependency[Visit], endpoint_id: FromPath[int]) -> Response[str]:
        visit.form.done()
        with visit.write() as session:
            row = endpoints.locked_endpoint(session, row_id(endpoint_id))
            secret = endpoints.rotate_secret(
                session, visit.workspace.keyring, row, by=person_of(visit)
            )
        page = SecretPage(row.id, row.name, secret, False)
        return visit.show("administration/webhooks/secret.html", page)

    @post("/{endpoint_id:int}/test")
    def test(self, visit: NamedDependency[Visit], endpoint_id: FromPath[int]) -> Response[Any]:
        visit.form.done()
        with visit.write() as session:
            messages.send_test(session, endpoints.locked_endpoint(session, row_id(endpoint_id)))
        return visit.go(here(endpoint_id), "A test event will be sent. Reload to see the answer.")

    @post("/{endpoint_id:int}/stop")
    def stop(self, visit: NamedDependency[Visit], endpoint_id: FromPath[int]) -> Response[Any]:
        visit.form.done()
        with visit.write() as session:
            row = endpoints.locked_endpoint(session, row_id(endpoint_id))
            endpoints.stop_endpoint(session, row, by=person_of(visit))
        return visit.go(here(endpoint_id), "The webhook is stopped.")

    @post("/{endpoint_id:int}/resume")
    def resume(self, visit: NamedDependency[Visit], endpoint_id: FromPath[int]) -> Response[Any]:
        visit.form.done()
        with visit.write() as session:
            row = endpoints.locked_endpoint(session, row_id(endpoint_id))
            endpoints.resume_endpoint(session, row, by=person_of(visit))
        return visit.go(here(endpoint_id), "The webhook sends events again.")

    @post("/{endpoint_id:int}/remove")
    def remove(self, visit: NamedDependency[Visit], endpoint_id: FromPath[int]) -> Response[Any]:
        visit.form.done()
        with visit.write() as session:
            row = endpoints.locked_endpoint(session, row_id(endpoint_id))
            endpoints.remove_endpoint(session, row, by=person_of(visit))
        return visit.go(LIST, f"{row.name} is removed.")

    @post("/{endpoint_id:int}/replay")
    def replay_failed(
        self, visit: NamedDependency[Visit], endpoint_id: FromPath[int]
    ) -> Response[Any]:
        visit.form.text("since", 10, required=True)
        since = visit.form.day("since")
        with visit.saving() as session:
            row = endpoints.locked_endpoint(session, row_id(endpoint_id))
            visit.form.done()
            messages.replay_failed(session, visit.viewer, row, first_moment(since or today()))
        if visit.form.refusal:
            page = visit.page(endpoint_page, row_id(endpoint_id), Form(), wrong=visit.form.wrong)
            return visit.show("administration/webhooks/show.html", page)
        return visit.go(here(endpoint_id), "Failed events will be sent again.")

    @post("/{endpoint_id:int}/messages/{message:int}/replay")
    def replay(
        self, visit: NamedDependency[Visit], endpoint_id: FromPath[int], message: FromPath[int]
    ) -> Response[Any]:
        visit.form.done()
        with visit.write() as session:
            row = endpoints.locked_endpoint(session, row_id(endpoint_id))
            messages.replay(session, visit.viewer, row, uncounted_id(message))
        return visit.go(here(endpoint_id), "The event will be sent again.")


def here(endpoint_id: int) -> str:
    """The address of an endpoint's page."""
    return f"{LIST}/{endpoint_id}"


def first_moment(day: date) -> datetime:
    """The moment at which a day begins in UTC."""
    return datetime.combine(day, time(), UTC)


def person_of(visit: Visit) -> int:
    """The administrator, as whom an endpoint acts."""
    require_role(visit.viewer, Role.ADMIN)
    return visit.viewer.person_id or 0


def read_facts(form: Form) -> tuple[str, str, list[EventGroup]]:
    """The name, the address and the events in a form."""
    return (
        form.text("name", 60, required=True),
        form.text("url", 500, required=True),
        [EventGroup(name) for name in form.choices("events", tuple(EventGroup))],
    )


def saved_facts(endpoint: WebhookEndpoint) -> dict[str, str]:
    """An endpoint as its form shows it."""
    return {"name": endpoint.name, "url": endpoint.url, "events": endpoint.events}


def webhooks_page(session: Session, viewer: Viewer) -> WebhooksPage:
    """All endpoints, for administrators."""
    require_role(viewer, Role.ADMIN)
    return WebhooksPage(endpoints.endpoint_rows(session))


def new_form(form: Form) -> EndpointForm:
    """The form over a new endpoint, which at first is told of everything."""
    chosen = form.choices("events", tuple(EventGroup)) if form.refusal else [*EventGroup]
    return EndpointForm(EditForm(form.values, form.wrong), list(chosen))


def endpoint_page(
    session: Session,
    viewer: Viewer,
    endpoint_id: int,
    form: Form,
    state: str | None = None,
    after: int | None = None,
    wrong: Mapping[str, str] | None = None,
) -> EndpointPage:
    """An endpoint, and its deliveries but those about deals hidden from the viewer."""
    require_role(viewer, Role.ADMIN)
    endpoint = endpoints.endpoint_of(session, endpoint_id)
    rows = messages.message_rows(
        session, viewer, endpoint_id, state=state, before=after, limit=PAGE + 1
    )
    shown, last = first_page(rows, PAGE)
    names = {row.id: row.acts_as for row in endpoints.endpoint_rows(session)}
    groups = [str(group) for group in endpoints.groups_of(endpoint)]
    chosen = form.choices("events", tuple(EventGroup)) if form.refusal else groups
    yours = {**form.values, "events": join_values(chosen)}
    return EndpointPage(
        endpoint=endpoint,
        acts_as=names[endpoint_id],
        is_mine=endpoint.acts_as_id == viewer.person_id,
        inputs=EndpointForm(edit_form(form, saved_facts(endpoint), yours), list(chosen)),
        wrong=wrong or {},
        rows=shown,
        more=last.id if last else None,
        params=filled(state=state),
    )
