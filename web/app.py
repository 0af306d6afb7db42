"""The composition root: one application from settings, a database and a catalog."""

import asyncio
from typing import Any

from litestar import Litestar
from litestar.datastructures import MutableScopeHeaders, State
from litestar.di import Provide
from litestar.types import Message, Scope

from references.network.paths import Network
from similarity.index.catalog import Catalog
from web import errors
from web.dependencies import (
    Mail,
    provide_asked,
    provide_catalog,
    provide_database,
    provide_form,
    provide_mail,
    provide_network,
    provide_pulse,
    provide_viewer,
)
from web.live_updates import Pulse
from web.middleware import PAGES_AT_ONCE, FromOurPages, InTurn, MembersOnly
from web.pages.deal_room.activity import ActivityController
from web.pages.deal_room.brief import BriefController
from web.pages.deal_room.experts import ExpertController
from web.pages.deal_room.kin import KinController
from web.pages.deal_room.overview import OverviewController
from web.pages.deal_room.playbook import PlaybookController
from web.pages.deal_room.references import ReferencesController
from web.pages.deal_room.stakeholders import StakeholderController
from web.pages.deal_room.tasks import TaskController
from web.pages.deals.list import DealController
from web.pages.deals.saved_views import ViewController
from web.pages.deals.stages import StageController
from web.pages.inbox import InboxController
from web.pages.live import LiveController
from web.pages.network.connections import ConnectionController
from web.pages.network.introductions import IntroductionController
from web.pages.network.keep_in_touch import KeepInTouchController
from web.pages.network.ties import AccountPathsController, TiesController
from web.pages.records.accounts import AccountController
from web.pages.records.library import LibraryController
from web.pages.records.people import PeopleController
from web.pages.references.advocates import AdvocateController
from web.pages.references.desk import DeskController
from web.pages.references.guests import GuestController
from web.pages.references.influence import InfluenceController
from web.pages.search import SearchController
from web.pages.staffing.seat_roles import SeatRoleController
from web.pages.staffing.staffing import AvailabilityController, StaffingController
from web.pages.today import TodayController
from web.signin import PreferencesController, SignInController, SignOutController
from web.static_files import StaticController
from workspace.database import Database
from workspace.settings import Settings

CONTROLLERS = (
    AccountController,
    AccountPathsController,
    ActivityController,
    AvailabilityController,
    BriefController,
    ConnectionController,
    AdvocateController,
    DealController,
    DeskController,
    ExpertController,
    GuestController,
    InfluenceController,
    InboxController,
    IntroductionController,
    KeepInTouchController,
    KinController,
    LibraryController,
    LiveController,
    OverviewController,
    PeopleController,
    PlaybookController,
    PreferencesController,
    ReferencesController,
    SearchController,
    SeatRoleController,
    SignInController,
    SignOutController,
    StaffingController,
    StageController,
    StakeholderController,
    StaticController,
    TaskController,
    TiesController,
    TodayController,
    ViewController,
)
# Forms hold text; files will get a limit of their own.
LARGEST_BODY = 1_000_000

_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:;"
        " font-src 'self'; connect-src 'self'; manifest-src 'self'; form-action 'self';"
        " base-uri 'none'; object-src 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


def create_app(
    settings: Settings,
    database: Database,
    catalog: Catalog,
    network: Network,
    address: str = "http://127.0.0.1:8000",
) -> Litestar:
    """The web application; `address` is where it is served, for links where no origin is set."""
    state = app_state(settings, database, catalog, network, address)
    return Litestar(
        route_handlers=CONTROLLERS,
        dependencies={
            "viewer": Provide(provide_viewer, sync_to_thread=False),
            "database": Provide(provide_database, sync_to_thread=False),
            "catalog": Provide(provide_catalog, sync_to_thread=False),
            "network": Provide(provide_network, sync_to_thread=False),
            "mail": Provide(provide_mail, sync_to_thread=False),
            "pulse": Provide(provide_pulse, sync_to_thread=False),
            "form": Provide(provide_form),
            "asked": Provide(provide_asked, sync_to_thread=False),
        },
        middleware=[FromOurPages(settings.origin), MembersOnly(), InTurn()],
        exception_handlers=errors.HANDLERS,
        before_send=[_secure_headers(state.secure)],
        state=state,
        request_max_body_size=LARGEST_BODY,
        openapi_config=None,
        # Problems go to standard error; the framework would also tell of every library's doings.
        logging_config=None,
        debug=False,
    )


def app_state(
    settings: Settings, database: Database, catalog: Catalog, network: Network, address: str
) -> State:
    """What the application's handlers work with. It may be given another one between requests,
    of the same origin."""
    return State(
        {
            "database": database,
            "catalog": catalog,
            "network": network,
            "pulse": Pulse(database),
            "turns": asyncio.Semaphore(PAGES_AT_ONCE),
            "secure": bool(settings.origin and settings.origin.startswith("https://")),
            "mail": Mail(settings.origin or address, bool(settings.smtp_url)),
        }
    )


def _secure_headers(secure: bool) -> Any:
    async def add(message: Message, _scope: Scope) -> None:
        if message["type"] != "http.response.start":
            return
        headers = MutableScopeHeaders.from_message(message)
        for name, value in _HEADERS.items():
            headers.setdefault(name, value)
        # Pages hold what only this viewer may see: no cache may keep them.
        headers.setdefault("Cache-Control", "private, no-store")
        if secure:
            headers.setdefault("Strict-Transport-Security", "max-age=31536000")

    return add
