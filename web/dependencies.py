"""What handlers are given, and the doors in front of every one of them."""

from dataclasses import dataclass
from typing import Any

from litestar import Request
from litestar.exceptions import NotAuthorizedException

from references.network.paths import Network
from similarity.index.catalog import Catalog
from web.forms import Form, parse_pairs
from web.live_updates import Pulse
from workspace.database import Database
from workspace.people.viewer import Viewer


@dataclass(frozen=True)
class Mail:
    """How mail leaves: the address that links in it begin with, and whether it is sent at all."""

    origin: str
    is_sent: bool


def provide_viewer(request: Request[Any, Any, Any]) -> Viewer:
    """Who looks and acts."""
    viewer: Viewer | None = request.scope.get("user")
    if viewer is None:
        raise NotAuthorizedException
    return viewer


def provide_database(request: Request[Any, Any, Any]) -> Database:
    """The workspace's database."""
    database: Database = request.app.state.database
    return database


def provide_catalog(request: Request[Any, Any, Any]) -> Catalog:
    """Everything that can be searched."""
    catalog: Catalog = request.app.state.catalog
    return catalog


def provide_network(request: Request[Any, Any, Any]) -> Network:
    """Who knows whom."""
    network: Network = request.app.state.network
    return network


def provide_mail(request: Request[Any, Any, Any]) -> Mail:
    """How mail leaves."""
    mail: Mail = request.app.state.mail
    return mail


def provide_pulse(request: Request[Any, Any, Any]) -> Pulse:
    """What wakes open pages."""
    pulse: Pulse = request.app.state.pulse
    return pulse


async def provide_form(request: Request[Any, Any, Any]) -> Form:
    """The fields of the submitted form."""
    if request.headers.get("content-type", "").split(";")[0] != "application/x-www-form-urlencoded":
        return Form()
    return Form(parse_pairs(await request.body()))


def provide_asked(request: Request[Any, Any, Any]) -> Form:
    """The fields of the address: filters, sorting, paging."""
    return Form(parse_pairs(request.scope["query_string"]))
