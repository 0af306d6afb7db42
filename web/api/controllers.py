"""The Controllers of the API, with what each of their handlers is given."""

from litestar import Router
from litestar.di import Provide

from web.api.accounts import AccountsController
from web.api.advocates import AdvocatesController
from web.api.calls import provide_call
from web.api.deal_room import DealRoomController
from web.api.deal_team import DealTeamController
from web.api.deal_work import DealWorkController
from web.api.deals import DealsController
from web.api.finding import FindingController
from web.api.library import AssetsController
from web.api.me import MeController
from web.api.network import (
    ConnectionsController,
    IntroductionsController,
    TiesOfPersonController,
)
from web.api.people import PeopleOfRecordController
from web.api.records import (
    AdministrationController,
    ChoicesController,
    DeletedRecordsController,
    DuplicatesController,
    FactsController,
    ImportsController,
)
from web.api.references import (
    AskForReferenceController,
    ReferenceInfluenceController,
    ReferenceRequestsController,
)
from web.api.work import (
    AvailabilityOfCallerController,
    InboxOfCallerController,
    StaffingOfDealsController,
)

CONTROLLERS = (
    AccountsController,
    AdministrationController,
    AdvocatesController,
    AskForReferenceController,
    AssetsController,
    AvailabilityOfCallerController,
    ChoicesController,
    ConnectionsController,
    DealRoomController,
    DealTeamController,
    DealWorkController,
    DealsController,
    DeletedRecordsController,
    DuplicatesController,
    FactsController,
    FindingController,
    ImportsController,
    InboxOfCallerController,
    IntroductionsController,
    MeController,
    PeopleOfRecordController,
    ReferenceInfluenceController,
    ReferenceRequestsController,
    StaffingOfDealsController,
    TiesOfPersonController,
)
API = Router("/", route_handlers=CONTROLLERS, dependencies={"call": Provide(provide_call)})
