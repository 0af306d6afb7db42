"""The demo's reference requests: one in every state of the desk, made by the steps of the desk."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from sqlmodel import Session, col, select

from references.desk import workflow
from references.desk.advocates import Activity, Advocate
from references.desk.request import Guest, Party, ReferenceRequest, RequestStep
from references.desk.rules import account_owner
from workspace.clock import now, today
from workspace.deals.tables import Deal
from workspace.keys import row_of_key
from workspace.people.members import viewer as viewer_of
from workspace.people.tables import Person
from workspace.people.viewer import Viewer
from workspace.timeline.timeline import TimelineEntry

DESK = "tamsin-rowe"


@dataclass(frozen=True)
class _Ask:
    """A request of the demo: for which deal, with whom, and how many days ago it was made."""

    deal: str
    advocate: str
    contact: str
    days: int
    message: str
    # The steps after it was submitted; without any it is a draft.
    steps: tuple[str, ...]
    activity: Activity = Activity.CALL


_ASKS = (
    _Ask(
        *("HW-0263", "deborah-quintrell", "claudette-robichaud", 12),
        "Claudette asks how long the first claims took to settle after go-live.",
        ("submit", "decline"),
    ),
    _Ask(
        *("HW-0274", "halina-strak", "krzysztof-rogala-mis", 11),
        "The city's IT lead wants to hear how the hospital trained its staff.",
        ("submit", "cancel"),
    ),
    _Ask(
        *("HW-0252", "natalia-brylska", "eoin-rafferty", 16),
        "Eoin has 48 approval rules in spreadsheets and wants to hear about the 61.",
        (
            *("submit", "approve", "approve as owner", "invite", "accept", "schedule", "complete"),
            *("tell as advocate", "tell as contact"),
        ),
    ),
    _Ask(
        *("HW-0271", "montserrat-puig-aldana", "colin-threlfall", 9),
        "Colin asks how a regulated team keeps its evidence in one place.",
        ("submit", "approve", "approve as owner", "invite", "refuse"),
    ),
    _Ask(
        *("HW-0267", "janet-ormerod", "danuta-krzemien", 8),
        "Danuta signs the budget. Janet can tell her what the first hard month cost and saved.",
        ("submit", "approve", "approve as owner", "invite", "accept", "schedule"),
    ),
    _Ask(
        *("HW-0249", "terrence-oyama", "marjorie-ellicott", 6),
        "Marjorie runs two call centers and wants to hear what changed on the busiest days.",
        ("submit", "approve", "approve as owner", "invite", "accept"),
    ),
    _Ask(
        *("HW-0248", "margaret-oyelaran", "annegret-sullwold", 5),
        "Annegret plans the rota of nine wards and worries about the works council.",
        ("submit", "approve", "approve as owner", "invite"),
    ),
    _Ask(
        *("HW-0256", "eirik-tveit", "sabine-kruckow", 4),
        "Sabine wants to know how Eirik's engineers came to trust the alarms.",
        ("submit", "approve", "approve as owner"),
    ),
    _Ask(
        *("HW-0258", "torstein-myhre", "nadine-bollhagen", 3),
        "Nadine would like to see a night shift before she decides.",
        ("submit", "approve"),
    ),
    _Ask(
        *("HW-0254", "antje-holmsen", "femke-oosterbaan", 5),
        "Femke asks how the vans are loaded when half of the orders change after noon.",
        ("submit",),
    ),
    _Ask(
        *("HW-0273", "sigrid-haugland-berg", "justyna-pietrzela", 1),
        "Justyna presents to her board in December.",
        (),
    ),
)


# What both said after their call.
_TOLD = {
    Party.ADVOCATE: "He asked which rules no two branches agree on. I told him to write down"
    " who may overrule one, before any software arrives.",
    Party.PROSPECT: "Natalia showed us her screen with the 61 rules, and the four that she would"
    " drop today. Worth more than three vendor workshops.",
}
# What advocates wrote after references that the demo's files have: deal, advocate and text.
_WRITTEN = (
    (
        "HW-0246",
        "sylwia-marchlik",
        "Pan Kępa stał na rampie od trzeciej i sam liczył palety. Powiedziałam, że pierwszy miesiąc"
        " był trudny, i pokazałam mu, ile ciężarówek czeka dzisiaj: dwie.",
    ),
    (
        "HW-0272",
        "neil-aspinall-roe",
        "She wanted to know what we do with chicken on bank holidays. I sent her our curves for"
        " Easter; nobody had asked me for them before.",
    ),
)


def add_requests(session: Session, origin: str) -> None:
    """Add the demo's requests. Their emails stay in the outbox, with links to `origin`."""
    for ask in _ASKS:
        _Making(session, ask, origin).make()
    for deal, advocate, text in _WRITTEN:
        query = (
            select(ReferenceRequest)
            .join(Deal, col(Deal.id) == col(ReferenceRequest.deal_id))
            .join(Advocate, col(Advocate.id) == col(ReferenceRequest.advocate_id))
            .join(Person, col(Person.id) == col(Advocate.person_id))
            .where(Deal.key == deal, Person.key == advocate)
        )
        request = session.exec(query).one()
        request.advocate_feedback = text
        session.add(request)


class _Making:
    """A request on its way through its steps."""

    def __init__(self, session: Session, ask: _Ask, origin: str) -> None:
        self.session, self.ask, self.origin = session, ask, origin
        self.deal = session.exec(select(Deal).where(Deal.key == ask.deal)).one()
        person = row_of_key(session, Person, ask.advocate)
        self.contact = row_of_key(session, Person, ask.contact)
        self.advocate = session.exec(select(Advocate).where(Advocate.person_id == person.id)).one()
        self.person = person
        self.desk = self._viewer(row_of_key(session, Person, DESK).id)
        self.request = workflow.draft(
            session,
            self._viewer(self.deal.owner_id or 0),
            self.deal,
            self.advocate,
            ask.activity,
            prospect=self.contact,
            message=ask.message,
        )

    def make(self) -> None:
        """Take the steps, and make it look as if they were taken in the days since."""
        steps = self._steps()
        for name in self.ask.steps:
            steps[name]()
        self._spread_over_days()

    def _steps(self) -> dict[str, Callable[[], None]]:
        session, request, origin = self.session, self.request, self.origin
        asker = self._viewer(self.deal.owner_id or 0)
        advocate = Guest(self.person.id, self.person.name, request.id, Party.ADVOCATE)
        contact = Guest(self.contact.id, self.contact.name, request.id, Party.PROSPECT)
        times = [
            datetime.combine(today() + timedelta(days=days), time(9), UTC) for days in (4, 6, 7)
        ]

        def approve_as_owner() -> None:
            owner = account_owner(session, request)
            if owner is not None and request.owner_approved_by_id is None:
                workflow.approve(session, self._viewer(owner), request)

        def complete() -> None:
            request.starts_at = now() - timedelta(days=1)
            workflow.complete(session, self.desk, request, origin)

        def tell(guest: Guest) -> None:
            workflow.tell(session, guest, request, _TOLD[guest.party])

        return {
            "tell as advocate": lambda: tell(advocate),
            "tell as contact": lambda: tell(contact),
            "submit": lambda: workflow.submit(session, asker, request),
            "approve": lambda: workflow.approve(session, self.desk, request),
            "approve as owner": approve_as_owner,
            "decline": lambda: workflow.decline(
                session, self.desk, request, "They are renewing until January; ask again then."
            ),
            "cancel": lambda: workflow.cancel(
                session, asker, request, "The city has put the tender off."
            ),
            "invite": lambda: workflow.invite(session, self.desk, request, origin),
            "accept": lambda: workflow.accept(session, advocate, request, times, origin),
            "refuse": lambda: workflow.refuse(
                session, advocate, request, "An audit until the end of the month."
            ),
            "schedule": lambda: workflow.schedule(session, contact, request, times[0], origin),
            "complete": complete,
        }

    def _viewer(self, person_id: int) -> Viewer:
        return viewer_of(self.session, person_id, self.session.get_one(Person, person_id).name)

    def _spread_over_days(self) -> None:
        self.session.flush()
        taken = list(
            self.session.exec(
                select(RequestStep)
                .where(RequestStep.request_id == self.request.id)
                .order_by(RequestStep.id)  # type: ignore[arg-type]
            )
        )
        ago = timedelta(days=self.ask.days)
        for number, step in enumerate(taken):
            step.at -= ago - ago * number / (len(taken) + 1)
            self.session.add(step)
        self._spread_timeline(taken)
        request: ReferenceRequest = self.request
        request.created_at, request.changed_at = taken[0].at, taken[-1].at
        if request.due and not request.starts_at:
            request.due -= today() - request.changed_at.date()
        self.session.add(request)

    def _spread_timeline(self, taken: list[RequestStep]) -> None:
        """Have the deal's timeline tell of the steps when they were taken."""
        entries = self.session.exec(
            select(TimelineEntry)
            .where(TimelineEntry.deal_id == self.deal.id, TimelineEntry.kind == "reference")
            .order_by(col(TimelineEntry.at))
        )
        told = [entry for entry in entries if entry.detail["request"] == self.request.key]
        # The draft is not on the timeline.
        for entry, step in zip(told, taken[1:], strict=True):
            entry.at = step.at
            self.session.add(entry)
