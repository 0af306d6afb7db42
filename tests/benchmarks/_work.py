"""What a record has around its deals: members with seats, assets in use, buyers and advocates."""

from collections.abc import Iterator
from datetime import timedelta
from itertools import islice
from typing import Any

import numpy as np
import sqlalchemy as sa
from sqlmodel import Session, col

from references.desk.advocates import Activity, Advocate
from references.desk.consent import Consent, ConsentState
from references.network.ties import Tie, TieKind
from workspace.accounts.accounts import Account
from workspace.assets.assets import KINDS, Asset, AssetProduct, Use
from workspace.clock import today
from workspace.deals.seat_roles import DEFAULT_SEAT_ROLES
from workspace.deals.stages import stages
from workspace.deals.stakeholders import BUYING_ROLES
from workspace.deals.tables import Deal, Outcome, Product, Seat, Stakeholder
from workspace.people.tables import Member, Person

MEMBERS = 80
ASSETS = 150
# Of each account so many people are known, and one of them vouches for us at every second one.
CONTACTS = 4
SEATS, USES, BUYERS, TIES = 3, 2, 3, 4
CHUNK = 5_000


def add_work(session: Session, seed: int = 7) -> None:
    """Staff the deals of a made-up record, and put its library to use; the same for each seed."""
    random = np.random.default_rng(seed)
    deals = session.execute(
        sa.select(col(Deal.id), col(Deal.account_id), col(Deal.outcome)).order_by(col(Deal.id))
    ).all()
    accounts = list(session.execute(sa.select(col(Account.id)).order_by(col(Account.id))).scalars())
    products = list(session.execute(sa.select(col(Product.id))).scalars())
    members = _people(session, [{"name": f"Colleague {n}"} for n in range(MEMBERS)])
    _add(session, Member, ({"person_id": person} for person in members))
    contacts = _people(
        session,
        [
            {"name": f"Contact {n}", "account_id": account, "title": "Head of Operations"}
            for n, account in enumerate(np.repeat(accounts, CONTACTS).tolist())
        ],
    )
    _spread_over_stages(session, random, [row.id for row in deals if row.outcome == Outcome.OPEN])

    def some(among: list[int], count: int) -> list[int]:
        return [among[each] for each in random.choice(len(among), count, replace=False)]

    _add(
        session,
        Seat,
        (
            {"deal_id": row.id, "person_id": person, "role": DEFAULT_SEAT_ROLES[place]}
            for row in deals
            # The last one is open.
            for place, person in enumerate([*some(members, SEATS - 1), None])
        ),
    )
    _add(
        session,
        Asset,
        (
            {
                "id": n,
                "key": f"asset-{n}",
                "name": f"Asset {n}",
                "kind": KINDS[n % len(KINDS)],
                "summary": f"What {n} shows",
                "author_id": members[n % MEMBERS],
                "published": today() - timedelta(days=7 * n),
            }
            for n in range(1, ASSETS + 1)
        ),
    )
    _add(
        session,
        AssetProduct,
        ({"asset_id": n, "product_id": some(products, 1)[0]} for n in range(1, ASSETS + 1)),
    )
    assets = list(range(1, ASSETS + 1))
    _add(
        session,
        Use,
        (
            {"asset_id": asset, "deal_id": row.id, "helped": (None, True, False)[asset % 3]}
            for row in deals
            for asset in some(assets, USES)
        ),
    )
    _add(
        session,
        Stakeholder,
        (
            {
                "deal_id": row.id,
                "person_id": contacts[(row.account_id - accounts[0]) * CONTACTS + place],
                "buying_role": BUYING_ROLES[place],
            }
            for row in deals
            for place in range(BUYERS)
        ),
    )
    advocates = contacts[:: 2 * CONTACTS]
    _add(
        session,
        Advocate,
        (
            {"id": n, "person_id": person, "activities": str(Activity.CALL)}
            for n, person in enumerate(advocates, 1)
        ),
    )
    _add(
        session,
        Consent,
        (
            {
                "advocate_id": n,
                "state": ConsentState.GIVEN,
                "captured_on": today(),
                "start": today(),
                "end": today() + timedelta(days=300),
            }
            for n in range(1, len(advocates) + 1)
        ),
    )
    everybody = np.array([*members, *contacts])
    pairs = {
        (min(two), max(two))
        for person in contacts
        for other in random.choice(everybody, TIES).tolist()
        if other != person
        for two in [(person, other)]
    }
    _add(
        session,
        Tie,
        (
            {"one_id": one, "other_id": other, "kind": TieKind.WORKED, "base": 0.6}
            for one, other in sorted(pairs)
        ),
    )


def _spread_over_stages(session: Session, random: np.random.Generator, ids: list[int]) -> None:
    """Open deals are at any open stage, and close some day."""
    places = [row.id for row in stages(session) if row.outcome == Outcome.OPEN]
    rows = [
        {
            "id": each,
            "stage_id": places[int(random.integers(len(places)))],
            "expected_close": today() + timedelta(days=int(random.integers(-60, 300))),
            "next_step": "Call the architect about the integration" if each % 3 else "",
        }
        for each in ids
    ]
    session.execute(sa.update(Deal), rows)


def _people(session: Session, rows: list[dict[str, Any]]) -> list[int]:
    for row in rows:
        row["key"] = row["name"].lower().replace(" ", "-")
    _add(session, Person, rows)
    keys = sa.select(col(Person.key), col(Person.id))
    known = dict(session.execute(keys).all())
    return [known[row["key"]] for row in rows]


def _add(session: Session, table: Any, rows: Any) -> None:
    remaining: Iterator[dict[str, Any]] = iter(rows)
    while part := list(islice(remaining, CHUNK)):
        session.execute(sa.insert(table), part)
