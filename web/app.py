"""The composition root: the web application on a workspace."""

from typing import Any

from litestar import Litestar
from litestar.datastructures import MutableScopeHeaders, State
from litestar.di import Provide
from litestar.types import Message, Scope

from web import errors
from web.api.controllers import API
from web.api.docs import DocsController
from web.assistants.controller import AssistantController
from web.conditions import Conditions
from web.denials import Denials, note_denial
from web.dependencies import provide_pulse, provide_visit
from web.limits import Limiter
from web.live_updates import Pulse
from web.middleware import AsDeclared, FromOurPages, InTime, InTurn, Queues, WithinLimits
from web.pages.administration.audit import AuditController
from web.pages.administration.company import CompanyController
from web.pages.administration.fields import FieldRightController
from web.pages.administration.invitations import JoinController
from web.pages.administration.jobs import JobController
from web.pages.administration.members import InvitationController, MemberController
from web.pages.administration.own_fields import OwnFieldController
from web.pages.administration.privacy import OwnDataController, PrivacyController
from web.pages.administration.providers import ProviderController
from web.pages.administration.retention import RetentionController
from web.pages.administration.sign_in import SignInRuleController
from web.pages.administration.stranded import StrandedDealController
from web.pages.administration.webhooks import WebhookController
from web.pages.deal_room.activity import ActivityController
from web.pages.deal_room.brief import BriefController
from web.pages.deal_room.cells import CellController
from web.pages.deal_room.experts import ExpertController
from web.pages.deal_room.kin import KinController
from web.pages.deal_room.overview import OverviewController
from web.pages.deal_room.playbook import PlaybookController
from web.pages.deal_room.references import ReferencesController
from web.pages.deal_room.stakeholders import StakeholderController
from web.pages.deal_room.suggestions import SuggestionsController
from web.pages.deal_room.tasks import TaskController
from web.pages.deals.list import DealController
from web.pages.deals.saved_views import ViewController
from web.pages.deals.stages import StageController
from web.pages.deals.targets import TargetsController
from web.pages.demo import DemoController
from web.pages.drafts import DraftController
from web.pages.experts import TopicController
from web.pages.exports import ExportController
from web.pages.health import HealthController, MetricsController
from web.pages.help import HelpController
from web.pages.imports import ImportController
from web.pages.inbox import InboxController
from web.pages.insights import InsightsController
from web.pages.live import LiveController
from web.pages.network.connections import ConnectionController
from web.pages.network.introductions import IntroductionController
from web.pages.network.keep_in_touch import KeepInTouchController
from web.pages.network.search import NetworkController
from web.pages.network.ties import AccountPathsController, TiesController
from web.pages.pipeline_history import PipelineHistoryController
from web.pages.records.accounts import AccountController
from web.pages.records.deleted import DeletedController
from web.pages.records.duplicates import DuplicateController
from web.pages.records.facts import FactController
from web.pages.records.library import LibraryController
from web.pages.records.people import PeopleController
from web.pages.records.shared import SharedController
from web.pages.references.advocates import AdvocateController
from web.pages.references.desk import DeskController
from web.pages.references.email_texts import EmailTextController
from web.pages.references.emails import EmailController
from web.pages.references.guests import GuestController
from web.pages.references.influence import InfluenceController
from web.pages.search import SearchController
from web.pages.sign_in.forgotten import ForgottenController
from web.pages.sign_in.passkeys import PasskeyController, PasskeySignInController
from web.pages.sign_in.security import ConfirmController, SecurityController
from web.pages.sign_in.two_step import CodeController, TwoStepController
from web.pages.sign_in.with_provider import ProviderSignInController
from web.pages.similar import SimilarController
from web.pages.staffing.bus_factor import BusFactorController
from web.pages.staffing.eligibility import EligibilityController
from web.pages.staffing.seat_roles import SeatRoleController
from web.pages.staffing.staffing import AvailabilityController, StaffingController
from web.pages.today import TodayController
from web.pages.tokens import AllTokensController, TokenController
from web.policies import require_policies
from web.pools import use_pools
from web.signin import PreferencesController, SignInController, SignOutController
from web.static_files import StaticController
from web.suggestion_tally import Tally
from web.workspace import Workspace

CONTROLLERS = (
    AccountController,
    AccountPathsController,
    ActivityController,
    AvailabilityController,
    BriefController,
    CodeController,
    ConfirmController,
    BusFactorController,
    CompanyController,
    ConnectionController,
    AdvocateController,
    AssistantController,
    AuditController,
    CellController,
    DealController,
    DeletedController,
    DuplicateController,
    FactController,
    DemoController,
    DocsController,
    DeskController,
    DraftController,
    EmailController,
    EmailTextController,
    ExpertController,
    ExportController,
    ForgottenController,
    GuestController,
    HealthController,
    HelpController,
    InfluenceController,
    ImportController,
    InboxController,
    InsightsController,
    PipelineHistoryController,
    IntroductionController,
    InvitationController,
    JobController,
    JoinController,
    KeepInTouchController,
    KinController,
    LibraryController,
    LiveController,
    MemberController,
    MetricsController,
    NetworkController,
    FieldRightController,
    StrandedDealController,
    WebhookController,
    OverviewController,
    SuggestionsController,
    OwnFieldController,
    PasskeyController,
    PasskeySignInController,
    PeopleController,
    PlaybookController,
    OwnDataController,
    PreferencesController,
    PrivacyController,
    ProviderController,
    ProviderSignInController,
    ReferencesController,
    RetentionController,
    SearchController,
    SecurityController,
    SharedController,
    SimilarController,
    SeatRoleController,
    EligibilityController,
    TopicController,
    TwoStepController,
    SignInController,
    SignInRuleController,
    SignOutController,
    StaffingController,
    StageController,
    StakeholderController,
    StaticController,
    TargetsController,
    TaskController,
    TiesController,
    TodayController,
    TokenController,
    AllTokensController,
    ViewController,
)
# Bytes of a request's body: forms hold text only.
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


def create_app(workspace: Workspace) -> Litestar:
    """The web application on a workspace; every route of it has a policy."""
    app = Litestar(
        route_handlers=[*CONTROLLERS, API],
        dependencies={
            "visit": Provide(provide_visit),
            "pulse": Provide(provide_pulse, sync_to_thread=False),
        },
        middleware=[
            InTime(),
            FromOurPages(workspace.settings.origin),
            AsDeclared(),
            WithinLimits(),
            InTurn(),
        ],
        exception_handlers=errors.HANDLERS,
        before_send=[_secure_headers(workspace.is_secure), note_denial],
        on_startup=[use_pools],
        state=app_state(workspace),
        request_max_body_size=LARGEST_BODY,
        openapi_config=None,
        # Problems go to standard error; the framework's log would also hold every library's.
        logging_config=None,
        debug=False,
    )
    require_policies(app)
    return app


def app_state(workspace: Workspace) -> State:
    """What handlers find in the application; it can be exchanged between requests for that of
    another workspace with the same origin."""
    return State(
        {
            "workspace": workspace,
            "pulse": Pulse(workspace.database),
            "limiter": Limiter(),
            "queues": Queues(),
            "conditions": Conditions(),
            "denials": Denials(),
            "tally": Tally(),
        }
    )


def _secure_headers(secure: bool) -> Any:
    async def add(message: Message, _scope: Scope) -> None:
        if message["type"] != "http.response.start":
            return
        headers = MutableScopeHeaders.from_message(message)
        for name, value in _HEADERS.items():
            headers.setdefault(name, value)
        # Pages show what only their viewer may see, so no cache may store them.
        headers.setdefault("Cache-Control", "private, no-store")
        if secure:
            headers.setdefault("Strict-Transport-Security", "max-age=31536000")

    return add
