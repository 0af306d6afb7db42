"""Links by which a buyer downloads an asset's file: each for one recipient, from one deal.

Only the hash of a link's secret is stored. A link ends by its day, by a member, with the asset, and
with the access of the member who made it. Programs look at links in mail, so that showing the page
of a link counts as nothing; a download counts.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlmodel import Field, Session, SQLModel, col, select

from workspace.assets import assets, files
from workspace.assets.assets import Asset, Use, usable
from workspace.assets.files import AssetFile, FileRow
from workspace.audit import audit
from workspace.clock import now
from workspace.database import SECRET, fetch, select_row
from workspace.deals.access import visible_deals
from workspace.deals.tables import Deal
from workspace.errors import Conflict, Invalid, NotFound
from workspace.ids import uncounted_id
from workspace.people.sign_in.tokens import new_token, token_hash
from workspace.people.tables import Member, Person
from workspace.people.viewer import Viewer
from workspace.timeline.timeline import record

# For how many days a link can work.
LIFETIMES = (7, 14, 30, 90)
# Links of one deal that work at the same time, and downloads by one link.
_MOST_LINKS = 50
_MOST_DOWNLOADS = 200


class ShareLink(SQLModel, table=True):
    """A link by which one recipient downloads the newest version of an asset's file."""

    id: int = uncounted_id()
    token_hash: str = Field(unique=True, max_length=64, sa_column_kwargs={"info": {SECRET: True}})
    asset_id: int = Field(foreign_key="asset.id", index=True, ondelete="CASCADE")
    deal_id: int = Field(foreign_key="deal.id", index=True, ondelete="CASCADE")
    by_id: int | None = Field(default=None, foreign_key="person.id", index=True)
    # To whom it is sent, as the member calls them.
    recipient: str = Field(max_length=200)
    created_at: datetime = Field(default_factory=now)
    expires_at: datetime
    revoked_at: datetime | None = None
    downloads: int = 0
    last_download_at: datetime | None = None


@dataclass(frozen=True)
class SharedRow:
    """A link as a line on the deal's or the asset's page."""

    id: int
    asset_key: str
    asset_name: str
    deal_key: str
    deal_name: str
    by: str | None
    recipient: str
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None
    downloads: int
    last_download_at: datetime | None

    @property
    def works(self) -> bool:
        """Whether neither its day nor a member has ended it."""
        return self.revoked_at is None and self.expires_at > now()


@dataclass(frozen=True)
class Shared:
    """What a link shows its recipient."""

    asset: str
    file: FileRow
    sender: str
    sender_email: str
    expires_at: datetime


def shareable(session: Session, deal_id: int) -> list[tuple[str, str]]:
    """The assets with a file that can be shared, by key and name; those used on the deal first."""
    used = sa.exists().where(col(Use.asset_id) == col(Asset.id), col(Use.deal_id) == deal_id)
    newest = (
        sa.select(sa.func.max(col(AssetFile.version)))
        .where(col(AssetFile.asset_id) == col(Asset.id))
        .correlate(Asset)
        .scalar_subquery()
    )
    has_file = sa.exists().where(
        col(AssetFile.asset_id) == col(Asset.id),
        col(AssetFile.version) == newest,
        col(AssetFile.erased_at).is_(None),
    )
    query = sa.select(col(Asset.key), col(Asset.name)).where(usable(), has_file)
    rows = session.execute(query.order_by(sa.desc(used), col(Asset.name), col(Asset.id)))
    return [(row.key, row.name) for row in rows]


def share(
    session: Session, deal: Deal, asset_key: str, recipient: str, days: int, by: int | None
) -> str:
    """Make a link to an asset's file for a recipient of a deal; its secret, which is told once.

    Sharing an asset is using it on the deal.
    """
    if asset_key not in dict(shareable(session, deal.id)):
        why = "Choose content that has a file, and is neither withdrawn nor expired."
        raise Invalid(why, {"asset": why})
    if days not in LIFETIMES:
        raise Invalid("Choose for how long.", {"days": "Choose for how long."})
    working = sa.select(sa.func.count()).where(
        col(ShareLink.deal_id) == deal.id,
        col(ShareLink.revoked_at).is_(None),
        col(ShareLink.expires_at) > now(),
    )
    if session.execute(working).scalar_one() >= _MOST_LINKS:
        why = f"A deal has at most {_MOST_LINKS} links at a time: end some first."
        raise Invalid(why, {"asset": why})
    asset = session.exec(select(Asset).where(Asset.key == asset_key)).one()
    token = new_token()
    link = ShareLink(
        token_hash=token_hash(token),
        asset_id=asset.id,
        deal_id=deal.id,
        by_id=by,
        recipient=recipient,
        expires_at=now() + timedelta(days=days),
    )
    session.add(link)
    used = select(Use.id).where(Use.asset_id == asset.id, Use.deal_id == deal.id)
    if session.exec(used.limit(1)).first() is None:
        assets.use(session, asset, deal, by)
    _record(session, link, asset, by, "shared")
    return token


def end_link(session: Session, deal: Deal, link_id: int, by: int | None) -> None:
    """End a link of a deal; NotFound if the deal has none of this number."""
    link = session.get(ShareLink, link_id)
    if link is None or link.deal_id != deal.id:
        raise NotFound("There is no such link on this deal.")
    if link.revoked_at is None:
        link.revoked_at = now()
        session.add(link)
        audit(session, by, "share link ended", f"deal {deal.id}", {"link": link.id})


def find_link(session: Session, token: str) -> ShareLink:
    """The link with that secret, whether or not it still works, or NotFound."""
    query = select(ShareLink).where(ShareLink.token_hash == token_hash(token))
    link = session.exec(query).first()
    if link is None:
        raise NotFound("There is no such link. Was the whole address copied?")
    return link


def shared_by(session: Session, link: ShareLink) -> Shared | None:
    """What a link gives; None if it has ended."""
    member = session.get(Member, link.by_id)
    asset = session.exec(select(Asset).where(Asset.id == link.asset_id, usable())).first()
    ended = link.revoked_at is not None or link.expires_at <= now()
    if ended or asset is None or member is None or not member.active:
        return None
    newest = next(iter(files.versions_of(session, asset.id)), None)
    if newest is None or newest.erased_at is not None:
        return None
    sender = session.get_one(Person, member.person_id)
    return Shared(asset.name, newest, sender.name, sender.email or "", link.expires_at)


def count_download(session: Session, link: ShareLink) -> None:
    """Count a download; the member who shared the file is told of the first one."""
    session.refresh(link, with_for_update={"key_share": True})
    if link.downloads >= _MOST_DOWNLOADS:
        raise Conflict("This link was used too often. Ask the sender for a new one.")
    link.downloads, link.last_download_at = link.downloads + 1, now()
    session.add(link)
    detail: dict[str, object] = {"link": link.id, "downloads": link.downloads}
    if link.downloads > 1:
        audit(session, None, "downloaded by link", f"deal {link.deal_id}", detail)
    else:
        asset = session.get_one(Asset, link.asset_id)
        _record(session, link, asset, None, "opened", tell=link.by_id)


def _record(
    session: Session,
    link: ShareLink,
    asset: Asset,
    by: int | None,
    kind: str,
    *,
    tell: int | None = None,
) -> None:
    detail: dict[str, object] = {"asset": asset.key, "recipient": link.recipient}
    reasons = {tell: "shared"} if tell else None
    record(session, link.deal_id, by, kind, asset.name, detail=detail, tell=reasons)


def shared_rows(
    session: Session, viewer: Viewer, *, asset_id: int | None = None, deal_id: int | None = None
) -> Sequence[SharedRow]:
    """The links to an asset, or of a deal, on deals that the viewer can see, the newest first."""
    query = (
        select_row(SharedRow, ShareLink, Asset, Deal, by=Person.name)
        .join(Asset, col(Asset.id) == col(ShareLink.asset_id))
        .join(Deal, col(Deal.id) == col(ShareLink.deal_id))
        .outerjoin(Person, col(Person.id) == col(ShareLink.by_id))
        .where(visible_deals(viewer))
    )
    if asset_id is not None:
        query = query.where(col(ShareLink.asset_id) == asset_id)
    if deal_id is not None:
        query = query.where(col(ShareLink.deal_id) == deal_id)
    return fetch(session, SharedRow, query.order_by(sa.desc(col(ShareLink.id))).limit(100))
