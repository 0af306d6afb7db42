"""Amounts in one currency: the company's own, by dated rates that the company enters.

An amount of an open deal counts by today's rate, and one of a closed deal by the rate of its
closing day: the last one entered for that day or before it. Where there is none, the amount stays
in its own currency. Sums of boards, lists, forecast, influence and outlook follow this rule.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from sqlalchemy import Numeric
from sqlmodel import Field, Session, SQLModel, col, select

from workspace.audit import audit
from workspace.clock import today
from workspace.company import company
from workspace.errors import Invalid, NotFound
from workspace.reading import found_once

# An amount, its currency, and the day whose rate counts.
Part = tuple[Decimal | None, str | None, date | None]


class ExchangeRate(SQLModel, table=True):
    """What one unit of a currency is worth in the company's currency, from a day on."""

    currency: str = Field(primary_key=True, max_length=3)
    day: date = Field(primary_key=True)
    rate: Decimal = Field(sa_type=Numeric(18, 8))


@dataclass(frozen=True)
class Rates:
    """The company's currency, and the rates of the others; without a currency none is converted."""

    home: str = ""
    # The days from which a currency's rates hold, and the rates, in the order of the days.
    days: dict[str, list[date]] = field(default_factory=dict)
    values: dict[str, list[Decimal]] = field(default_factory=dict)

    def rate(self, currency: str, day: date | None) -> Decimal | None:
        """The rate of a currency on a day, or today's; None where there is none."""
        if not self.home:
            return None
        if currency == self.home:
            return Decimal(1)
        place = bisect_right(self.days.get(currency, []), day or today())
        return self.values[currency][place - 1] if place else None

    def convert(
        self, amount: Decimal | None, currency: str | None, day: date | None
    ) -> Decimal | None:
        """An amount in the company's currency; None where it has no rate."""
        rate = self.rate(currency, day) if currency else None
        return None if amount is None or rate is None else amount * rate

    def add_up(self, parts: Iterable[Part]) -> dict[str, Decimal]:
        """The sum in the company's currency, then the sums of what has no rate, by currency."""
        sums: dict[str, Decimal] = defaultdict(Decimal)
        for amount, currency, day in parts:
            if amount:
                converted = self.convert(amount, currency, day)
                if converted is None:
                    sums[currency or ""] += amount
                else:
                    sums[self.home] += converted
        return dict(sorted(sums.items(), key=lambda item: (item[0] != self.home, item[0])))


_RATES = select(ExchangeRate).order_by(col(ExchangeRate.day))


def rates_of(session: Session) -> Rates:
    """The rates that the company has entered."""
    return found_once(session, ExchangeRate, lambda: _rates_of(session))


def _rates_of(session: Session) -> Rates:
    rates = Rates(company(session).currency)
    for row in session.exec(_RATES):
        rates.days.setdefault(row.currency, []).append(row.day)
        rates.values.setdefault(row.currency, []).append(row.rate)
    return rates


def set_rate(session: Session, by: int | None, currency: str, day: date, rate: Decimal) -> None:
    """Enter a rate, or correct the one of that day."""
    if rate <= 0:
        raise Invalid("Rate not saved.", {"rate": "Enter a number above 0, for example 0.23."})
    row = session.get(ExchangeRate, (currency, day))
    row = row or ExchangeRate(currency=currency, day=day, rate=rate)
    row.rate = rate
    session.add(row)
    detail: dict[str, object] = {"day": day.isoformat(), "rate": str(rate)}
    audit(session, by, "exchange rate set", f"currency {currency}", detail)


def remove_rate(session: Session, by: int | None, currency: str, day: date) -> None:
    """Remove a rate."""
    row = session.get(ExchangeRate, (currency, day))
    if row is None:
        raise NotFound("There is no such rate.")
    session.delete(row)
    audit(session, by, "exchange rate removed", f"currency {currency}", {"day": day.isoformat()})


def listed_rates(session: Session) -> list[ExchangeRate]:
    """The rates by currency, the newest first."""
    order = (col(ExchangeRate.currency), col(ExchangeRate.day).desc())
    return list(session.exec(select(ExchangeRate).order_by(*order)))
