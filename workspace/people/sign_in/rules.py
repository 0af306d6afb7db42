"""The rules of signing in that an administrator sets: when sessions end, and who needs a code."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta

from sqlmodel import Session

from workspace.audit import audit
from workspace.errors import Invalid
from workspace.people.tables import Role, SignInRules
from workspace.value_lists import join_values, split_values

# The limits of the limits: a session lasts a working day, or a month on a device at home.
MOST_IDLE_MINUTES = 7 * 24 * 60
MOST_LIFETIME_HOURS = 30 * 24


@dataclass(frozen=True)
class Rules:
    """When a session ends, after a time without use and in any case, and who needs a code."""

    idle: timedelta
    lifetime: timedelta
    # The roles that need two-step verification.
    two_step_roles: frozenset[Role]
    # Whether members sign in by password; without it, through an identity provider alone.
    takes_passwords: bool


def rules_of(session: Session) -> Rules:
    """The rules that hold now."""
    row = session.get(SignInRules, 1) or SignInRules()
    return Rules(
        idle=timedelta(minutes=row.idle_minutes),
        lifetime=timedelta(hours=row.lifetime_hours),
        two_step_roles=frozenset(map(Role, split_values(row.two_step_roles))),
        takes_passwords=row.takes_passwords,
    )


def take_passwords_again(session: Session) -> None:
    """Allow passwords again, from the command line: the provider may not be reachable."""
    row = session.get(SignInRules, 1)
    if row is not None:
        row.takes_passwords = True
        session.add(row)
    audit(session, None, "passwords allowed again", "settings")


def set_rules(
    session: Session,
    *,
    idle_minutes: int,
    lifetime_hours: int,
    two_step_roles: Collection[Role] = (),
    takes_passwords: bool = True,
    by: int | None,
) -> None:
    """Set the rules of signing in. Open sessions keep the lifetime that they began with."""
    wrong = {}
    if not 5 <= idle_minutes <= MOST_IDLE_MINUTES:
        wrong["idle_minutes"] = f"From 5 to {MOST_IDLE_MINUTES:,} minutes."
    if not 1 <= lifetime_hours <= MOST_LIFETIME_HOURS:
        wrong["lifetime_hours"] = f"From 1 to {MOST_LIFETIME_HOURS} hours."
    if wrong:
        raise Invalid("Session rules not saved.", wrong)
    row = session.get(SignInRules, 1) or SignInRules()
    row.idle_minutes, row.lifetime_hours = idle_minutes, lifetime_hours
    row.two_step_roles = join_values(role for role in Role if role in two_step_roles)
    row.takes_passwords = takes_passwords
    session.add(row)
    detail: dict[str, object] = {
        "idle_minutes": idle_minutes,
        "lifetime_hours": lifetime_hours,
        "two_step_roles": sorted(two_step_roles),
        "takes_passwords": takes_passwords,
    }
    audit(session, by, "sign-in rules set", "settings", detail)
