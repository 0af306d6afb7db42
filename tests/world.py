"""The fixed cast and their deals, built with the functions that the application uses.

Alice owns the deals that most tests are about. Bob is on her team and can do what she can.
Charlie is a stranger to her deals. Dana manages, Erin markets, Frank can only read and Grace
administers; none of them is on the team of Alice's confidential deal.
"""

import re
import zlib
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal

import numpy as np
from sqlmodel import Session, select

from workspace.accounts.accounts import Account, add_account
from workspace.assets import assets
from workspace.assets.assets import Asset
from workspace.clock import today
from workspace.database import Database
from workspace.deals import lifecycle, team
from workspace.deals.products import find_or_add_competitor, find_or_add_product
from workspace.deals.tables import Deal, Stage
from workspace.keys import free_key
from workspace.people import members
from workspace.people.sign_in import passwords
from workspace.people.tables import Education, Employment, Person, Role
from workspace.people.viewer import Viewer
from workspace.timeline.timeline import record

# Name, roles, title and skills of each member.
CAST = {
    "alice": ("Alice Adeyemi", {Role.REP}, "Account executive", ""),
    "bob": ("Bob Brandt", {Role.EXPERT}, "Solution architect", "data warehousing; hospitals"),
    "charlie": ("Charlie Costa", {Role.REP}, "Account executive", ""),
    "dana": ("Dana Dvořák", {Role.MANAGER}, "Head of sales", ""),
    "erin": ("Erin Eriksen", {Role.MARKETER}, "Customer marketing", ""),
    "frank": ("Frank Fischer", set(), "Finance", ""),
    "grace": ("Grace Gwara", {Role.ADMIN}, "Sales operations", ""),
}


@dataclass(frozen=True)
class _DealFacts:
    """A deal of the cast; `opened` and `closed` are days before today."""

    key: str
    name: str
    account: str | None
    owner: str | None
    stage: str
    opened: int
    closed: int | None
    products: tuple[str, ...]
    competitors: tuple[str, ...]
    amount: int
    use_case: str
    notes: str
    reason: str = ""
    confidential: bool = False


_DEALS = (
    _DealFacts(
        "brannoc", "St Brannoc patient records", "brannoc", "alice", "Closed Won", 320, 200,
        ("Atlas Warehouse",), ("Datamoor",), 240_000,
        "Consolidate patient records of four hospitals in one warehouse for waiting-time reports",
        "The chief information officer feared a long migration; the ward demo settled it.",
        "Reference visit to a clinic with the same records system",
    ),
    _DealFacts(
        "havel", "Havel Clinics data platform", "havel", "alice", "Closed Won", 520, 400,
        ("Atlas Warehouse", "Beacon Dashboards"), ("Datamoor",), 95_000,
        "Patient records and billing of twelve clinics in one warehouse with dashboards",
        "Head of data had used the competitor before and wanted out.",
        "Fixed price for the migration",
    ),
    _DealFacts(
        "lumen", "Lumen Bank risk warehouse", "lumen", "charlie", "Closed Won", 300, 120,
        ("Atlas Warehouse",), ("Quarrystone",), 780_000,
        "Regulatory risk reporting from forty source systems, every night before six",
        "Audit asked for lineage on every figure.",
        "Lineage out of the box",
    ),
    _DealFacts(
        "ribera", "Banco Ribera reporting", "ribera", "charlie", "Closed Lost", 260, 90,
        ("Atlas Warehouse",), ("Datamoor",), 410_000,
        "Regulatory reporting for the central bank",
        "Procurement wanted one vendor for everything.",
        "Price",
    ),
    _DealFacts(
        "orlik", "Orlik shop dashboards", "orlik", "alice", "Closed Lost", 420, 300,
        ("Beacon Dashboards",), ("Quarrystone",), 60_000,
        "Daily sales dashboards for two hundred shop managers",
        "No demo with their own data was given.",
        "No decision",
    ),
    _DealFacts(
        "fjord", "Fjord freight integration", "fjord", "charlie", "Closed Won", 640, 500,
        ("Relay Integration",), (), 130_000,
        "Connect carriers, customs and the warehouse system",
        "Wanted to be live before the Christmas peak.",
        "Speed",
    ),
    _DealFacts(
        "tidewater", "Tidewater claims warehouse", "tidewater", "charlie", "Value Proposition",
        60, None, ("Atlas Warehouse",), ("Datamoor",), 350_000,
        "Claims history of three merged insurers in one warehouse",
        "Their architect asks for a customer who merged systems too.",
    ),
    _DealFacts(
        "meridian", "Meridian plant integration", "meridian", "alice", "Negotiation/Review",
        120, None, ("Relay Integration", "Beacon Dashboards"), (), 520_000,
        "Stream machine data of six plants to quality dashboards",
        "Works council must agree to the dashboards.",
    ),
    _DealFacts(
        "wards", "St Brannoc ward dashboards", "brannoc", "alice", "Qualification", 20, None,
        ("Beacon Dashboards",), ("Datamoor",), 80_000,
        "Waiting-time dashboards for ward managers on top of the patient records warehouse",
        "Same people as last year; wants a demo on the wards.",
    ),
    _DealFacts(
        "kestrel", "Kestrel Health records", "kestrel", "charlie", "Needs Analysis", 10, None,
        ("Atlas Warehouse",), ("Datamoor",), 200_000,
        "Patient records of nine hospitals in one warehouse",
        "Asks who has done this with the same records system.",
    ),
    _DealFacts(
        "nightingale", "Project Nightingale", "kestrel", "alice", "Closed Won", 200, 60,
        ("Atlas Warehouse",), ("Datamoor",), 990_000,
        "Patient records of nine hospitals before a merger that is not public",
        "Only the board knows of the merger.",
        "Discretion",
        confidential=True,
    ),
    _DealFacts(
        "unclaimed", "Request from the web site", None, None, "Prospecting", 5, None,
        (), (), 0,
        "Somebody asks for dashboards",
        "",
    ),
)  # fmt: skip


@dataclass
class World:
    """The cast, their accounts, deals and assets, by the short names that tests use."""

    database: Database
    people: dict[str, int] = field(default_factory=dict)
    viewers: dict[str, Viewer] = field(default_factory=dict)
    # The keys of deals, accounts and assets.
    deals: dict[str, str] = field(default_factory=dict)
    accounts: dict[str, str] = field(default_factory=dict)
    assets: dict[str, str] = field(default_factory=dict)

    @property
    def confidential_deal(self) -> str:
        """The key of the deal that only Alice and Bob can see."""
        return self.deals["nightingale"]

    def viewer(self, name: str) -> Viewer:
        """The viewer for one of the cast."""
        return self.viewers[name]

    def email(self, name: str) -> str:
        """The e-mail address that one of the cast signs in with."""
        return f"{name}@dealkin.example"

    def password(self, name: str) -> str:
        """The password that one of the cast signs in with."""
        return f"the password of {name}"

    def deal(self, session: Session, name: str) -> Deal:
        """The row of a deal."""
        return session.exec(select(Deal).where(Deal.key == self.deals[name])).one()

    def account(self, session: Session, name: str) -> Account:
        """The row of an account."""
        return session.exec(select(Account).where(Account.key == self.accounts[name])).one()

    def asset(self, session: Session, name: str) -> Asset:
        """The row of an asset."""
        return session.exec(select(Asset).where(Asset.key == self.assets[name])).one()


class FakeEmbedder:
    """Embeds texts by hashing their words, so that texts with common words are near."""

    model_id = "fake"
    dimension = 64
    languages = frozenset({"en"})

    problem = ""

    def load(self) -> None:
        """There is nothing to load."""

    def load_in_background(self) -> None:
        """There is nothing to load."""

    def encode(self, texts: list[str]) -> np.ndarray:
        """A unit vector for each text; zero for a text without words."""
        rows = np.zeros((len(texts), self.dimension), dtype=np.float32)
        for row, text in zip(rows, texts, strict=True):
            for word in re.findall(r"\w+", text.lower()):
                row[zlib.crc32(word.encode()) % self.dimension] += 1.0
            length = np.linalg.norm(row)
            if length:
                row /= length
        return rows


def ago(days: int) -> date:
    """The date some days before today."""
    return today() - timedelta(days=days)


def stage(session: Session, name: str) -> Stage:
    """The stage of that name."""
    return session.exec(select(Stage).where(Stage.name == name)).one()


def log_closed_deals(world: World, amount: int | None = None) -> None:
    """Twelve closed deals like St Brannoc's ward dashboards, all but the first of them won.

    With `amount`, each is worth a euro more than the one before.
    """
    with world.database.write() as session:
        for number in range(12):
            lifecycle.log(
                session,
                "St Brannoc ward dashboards",
                world.account(session, "brannoc"),
                world.people["alice"],
                stage=stage(session, "Closed Won" if number else "Closed Lost"),
                opened=ago(200),
                closed=ago(100),
                amount=None if amount is None else Decimal(amount + number),
                currency=None if amount is None else "EUR",
            )


def build_world(database: Database) -> World:
    """Fill an empty, migrated database with the cast, their accounts, deals and assets."""
    world = World(database)
    with database.write() as session:
        _add_cast(session, world)
        _add_accounts(session, world)
        _add_deals(session, world)
        _add_assets(session, world)
        world.viewers = {
            name: members.viewer(session, world.people[name], full_name)
            for name, (full_name, *_) in CAST.items()
        }
    return world


def _add_cast(session: Session, world: World) -> None:
    for name, (full_name, roles, title, skills) in CAST.items():
        person = members.add_member(
            session, full_name, world.email(name), roles, title=title, skills=skills
        )
        passwords.set_password(session, person.id, world.password(name))
        world.people[name] = person.id


def _add_accounts(session: Session, world: World) -> None:
    for name, full_name, industry, headcount, country in (
        ("brannoc", "St Brannoc Hospital", "Q86", 2_400, "GB"),
        ("havel", "Havel Clinics", "Q86", 800, "CZ"),
        ("kestrel", "Kestrel Health", "Q86", 3_100, "IE"),
        ("lumen", "Lumen Bank", "K64", 12_000, "DE"),
        ("ribera", "Banco Ribera", "K64", 6_000, "ES"),
        ("tidewater", "Tidewater Insurance", "K65", 3_000, "US"),
        ("orlik", "Orlik Retail", "G47", 4_000, "PL"),
        ("fjord", "Fjord Logistics", "H52", 900, "NO"),
        ("meridian", "Meridian Motors", "C29", 30_000, "DE"),
    ):
        account = add_account(
            session, full_name, industry=industry, headcount=headcount, country=country
        )
        world.accounts[name] = account.key

    for name, full_name, title, account_name in (
        ("ines", "Inês Moreira", "Chief information officer", "brannoc"),
        ("jonas", "Jonas Havelka", "Head of data", "havel"),
    ):
        account = world.account(session, account_name)
        contact = Person(
            key=free_key(session, Person, full_name),
            name=full_name,
            title=title,
            account_id=account.id,
        )
        session.add(contact)
        session.flush()
        world.people[name] = contact.id
        session.add(
            Employment(
                person_id=contact.id,
                account_id=account.id,
                organisation=account.name,
                title=title,
                start=date(2019, 3, 1),
            )
        )
        _studied_in_porto(session, contact.id, 2004, 2009)
    _studied_in_porto(session, world.people["bob"], 2006, 2010)


def _studied_in_porto(session: Session, person_id: int, since: int, until: int) -> None:
    session.add(
        Education(
            person_id=person_id,
            institution="University of Porto",
            start=date(since, 9, 1),
            end=date(until, 6, 30),
        )
    )


def _add_deals(session: Session, world: World) -> None:
    products = {
        name: find_or_add_product(session, name, family=family)
        for name, family in (
            ("Atlas Warehouse", "Data"),
            ("Beacon Dashboards", "Analytics"),
            ("Relay Integration", "Data"),
        )
    }
    competitors = {
        name: find_or_add_competitor(session, name) for name in ("Datamoor", "Quarrystone")
    }
    for facts in _DEALS:
        deal = lifecycle.log(
            session,
            facts.name,
            world.account(session, facts.account) if facts.account else None,
            world.people[facts.owner] if facts.owner else None,
            stage=stage(session, facts.stage),
            products=[products[name] for name in facts.products],
            competitors=[competitors[name] for name in facts.competitors],
            amount=Decimal(facts.amount),
            currency="EUR",
            opened=ago(facts.opened),
            closed=ago(facts.closed) if facts.closed is not None else None,
            use_case=facts.use_case,
            notes=facts.notes,
            reason=facts.reason,
            confidential=facts.confidential,
        )
        world.deals[facts.key] = deal.key
        if facts.owner == "alice":
            team.add_seat(
                session,
                deal,
                "product expert",
                world.people["bob"],
                deal.owner_id,
                ago(facts.opened),
                quiet=True,
            )
    record(
        session,
        world.deal(session, "wards").id,
        world.people["alice"],
        "note",
        "Called the ward manager.",
    )


def _add_assets(session: Session, world: World) -> None:
    atlas = find_or_add_product(session, "Atlas Warehouse")
    beacon = find_or_add_product(session, "Beacon Dashboards")
    for name, title, kind, by, product_ids, summary, facts in (
        ("demo", "Ward demo", "demo", "bob", [atlas.id, beacon.id],
         "Patient records from four hospitals, loaded while they watch", {}),
        ("story", "How a bank moved its risk reports", "case study", "erin", [atlas.id],
         "Regulatory reporting before six in the morning", {}),
        ("battlecard", "Against Datamoor", "battlecard", "bob", [atlas.id],
         "What to ask when Datamoor is in the room", {}),
        ("old_deck", "Price deck of last year", "deck", "erin", [atlas.id],
         "Prices that no longer hold", {"expires": ago(30), "published": ago(400)}),
        ("withdrawn_paper", "Benchmarks", "white paper", "erin", [atlas.id],
         "Figures that we took back", {"withdrawn": True}),
    ):  # fmt: skip
        asset = assets.publish(
            session, title, kind, world.people[by], product_ids, summary=summary, **facts
        )
        world.assets[name] = asset.key

    for asset_name, deal_name, by, used, helped, comment in (
        ("demo", "brannoc", "alice", 240, True, "Shown on a ward with their own records"),
        ("demo", "havel", "alice", 430, True, ""),
        ("demo", "nightingale", "alice", 100, True, "Shown to the board before the merger"),
        ("battlecard", "brannoc", "bob", 250, True, ""),
        ("battlecard", "nightingale", "bob", 110, True, ""),
        ("story", "lumen", "charlie", 150, True, ""),
        ("story", "ribera", "charlie", 100, False, "Too general for them"),
        ("old_deck", "havel", "alice", 450, None, ""),
    ):
        assets.use(
            session,
            world.asset(session, asset_name),
            world.deal(session, deal_name),
            world.people[by],
            used_on=ago(used),
            helped=helped,
            comment=comment,
        )
