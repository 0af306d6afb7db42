"""Currency, exchange rates and quotas: what sums and forecast are made with."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from litestar import Controller
from litestar.di import NamedDependency
from litestar.response import Response
from sqlmodel import Session, col, select

from web.edit_conflicts import EditForm, edit_form, require_unchanged
from web.forms import Form
from web.policies import Policy, open_to
from web.routes import get, post
from web.visits import Visit
from workspace.clock import today
from workspace.company import company, set_company
from workspace.deals.forecast import quotas_of, set_quota
from workspace.deals.money import ExchangeRate, listed_rates, remove_rate, set_rate
from workspace.deals.quarters import Quarter, quarter_of
from workspace.errors import Invalid
from workspace.people.tables import Member, MemberRole, Person, Role
from workspace.people.viewer import Viewer, require_leader

PATH = "/deals/targets"


@dataclass(frozen=True)
class TargetsPage:
    """The settings, and forms over them."""

    currency: str
    rates: list[ExchangeRate]
    quarters: Sequence[Quarter]
    sellers: list[Person]
    form: EditForm
    labels: dict[str, str]
    # What was sent to one of the small forms, and what is wrong with it.
    values: dict[str, str]
    wrong: dict[str, str]


class TargetsController(Controller):
    """/deals/targets, for managers and administrators."""

    path = PATH
    opt = open_to(reads=Policy.LEADERS, writes=Policy.LEADERS)

    @get()
    def show(self, visit: NamedDependency[Visit]) -> Response[str]:
        return visit.show("deals/targets.html", visit.page(targets_page, Form()))

    @post("/currency")
    def choose_currency(self, visit: NamedDependency[Visit]) -> Response[Any]:
        require_leader(visit.viewer)
        with visit.saving() as session:
            currency = visit.form.currency("currency") or ""
            visit.form.done()
            set_company(session, visit.viewer.person_id, currency=currency)
        return self._after(visit, "Currency saved.")

    @post("/rates")
    def set_rate(self, visit: NamedDependency[Visit]) -> Response[Any]:
        require_leader(visit.viewer)
        with visit.saving() as session:
            currency, day = visit.form.currency("of"), visit.form.day("day")
            rate = _rate(visit.form)
            for name, value in (("of", currency), ("day", day)):
                if value is None:
                    visit.form.refuse(name, "Required.")
            visit.form.done()
            if currency == company(session).currency:
                raise Invalid("Rate not saved.", {"of": "Choose another currency."})
            if currency and day and rate is not None:
                set_rate(session, visit.viewer.person_id, currency, day, rate)
        return self._after(visit, "Rate saved.")

    @post("/rates/remove")
    def remove_rate(self, visit: NamedDependency[Visit]) -> Response[Any]:
        require_leader(visit.viewer)
        currency, day = visit.form.currency("of"), visit.form.day("day")
        visit.form.done()
        with visit.write() as session:
            if currency and day:
                remove_rate(session, visit.viewer.person_id, currency, day)
        return visit.go(PATH, "Rate removed.")

    @post("/quotas")
    def set_quotas(self, visit: NamedDependency[Visit]) -> Response[Any]:
        require_leader(visit.viewer)
        with visit.saving() as session:
            people, quarters = _sellers(session), _quarters()
            require_unchanged(visit.form, quota_values(session, people, quarters))
            read = {
                (person.id, quarter): visit.form.money(_field(person, quarter))
                for person in people
                for quarter in quarters
            }
            visit.form.done()
            for person in people:
                for quarter in quarters:
                    amount = read[person.id, quarter]
                    set_quota(session, visit.viewer.person_id, person, quarter, amount)
        return self._after(visit, "Quotas saved.")

    def _after(self, visit: Visit, said: str) -> Response[Any]:
        if visit.form.refusal:
            return visit.show("deals/targets.html", visit.page(targets_page, visit.form))
        return visit.go(PATH, said)


def targets_page(session: Session, _viewer: Viewer, form: Form) -> TargetsPage:
    """The page, with what was sent over what is saved."""
    people, quarters = _sellers(session), _quarters()
    labels = {
        _field(person, quarter): f"{person.name}, {quarter.label}"
        for person in people
        for quarter in quarters
    }
    saved = quota_values(session, people, quarters)
    own = any(name in labels for name in form.values)
    return TargetsPage(
        currency=company(session).currency,
        rates=listed_rates(session),
        quarters=quarters,
        sellers=people,
        form=edit_form(form if own else Form(), saved, labels=labels),
        labels=labels,
        values={} if own else form.values,
        wrong={} if own else form.wrong,
    )


def quota_values(
    session: Session, people: Sequence[Person], quarters: Sequence[Quarter]
) -> dict[str, str]:
    """The quotas as the form shows them."""
    quotas = quotas_of(session, quarters)
    return {
        _field(person, quarter): _plain(quotas.get((person.id, quarter.key)))
        for person in people
        for quarter in quarters
    }


def _field(person: Person, quarter: Quarter) -> str:
    return f"quota-{person.key}-{quarter.key}"


def _plain(amount: Decimal | None) -> str:
    return "" if amount is None else f"{amount:,.2f}".removesuffix(".00")


def _quarters() -> list[Quarter]:
    this = quarter_of(today())
    return [this, this.next, this.next.next, this.next.next.next]


def _sellers(session: Session) -> list[Person]:
    """The active members who sell."""
    query = (
        select(Person)
        .join(Member, col(Member.person_id) == col(Person.id))
        .where(
            col(Member.active).is_(True),
            col(Person.id).in_(select(MemberRole.person_id).where(MemberRole.role == Role.REP)),
        )
        .order_by(Person.name, col(Person.id))
    )
    return list(session.exec(query))


def _rate(form: Form) -> Decimal | None:
    text = form.text("rate", 20, required=True).replace(",", ".")
    try:
        rate = Decimal(text) if text else None
        if rate is not None and not Decimal("0.0000001") <= rate <= Decimal(10**9):
            raise InvalidOperation
    except InvalidOperation:
        form.refuse("rate", "Enter a number above 0, for example 0.23.")
        return None
    return rate
