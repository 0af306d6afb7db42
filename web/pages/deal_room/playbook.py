"""The Playbook tab: the assets that won this deal's kin, and using them here."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from litestar import Controller
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Response
from sqlmodel import Session

from references.removal import delete_use
from references.suggestion_counts import Fate, SuggestionKind
from similarity.playbook import Playbook, playbook_of_deal
from web.forms import Form, uncounted_id
from web.pages.deal_room.header import DealHeader, deal_header
from web.policies import Policy, open_to
from web.routes import at, get, post
from web.visits import Visit
from workspace.assets import assets, files, sharing
from workspace.assets.assets import Asset, Use, UseRow
from workspace.assets.sharing import LIFETIMES, SharedRow
from workspace.deals import access
from workspace.errors import NotFound
from workspace.keys import row_of_key
from workspace.people.viewer import Viewer


@dataclass(frozen=True)
class PlaybookPage:
    """The Playbook tab: what to use, and what is in use here."""

    header: DealHeader
    playbook: Playbook
    # The version of each recommended asset's file, by the asset's id.
    files: dict[int, int]
    uses: list[UseRow]
    # Links that buyers were sent, and what can be shared, by key and name.
    shared: Sequence[SharedRow]
    shareable: list[tuple[str, str]]
    form: Form
    # A link that was just made, which is shown once.
    link: str
    lifetimes: tuple[tuple[str, str], ...] = tuple((str(n), f"{n} days") for n in LIFETIMES)

    @property
    def used(self) -> set[str]:
        """The keys of the assets that are in use here."""
        return {use.asset_key for use in self.uses}


def suggested_by(playbook: Playbook) -> dict[SuggestionKind, list[str]]:
    """What a playbook suggests, as it is counted."""
    plays = [play.key for play in playbook.plays]
    return {SuggestionKind.CONTENT: plays + [asset.key for asset in playbook.general]}


class PlaybookController(Controller):
    """/deals/{key}/playbook."""

    path = "/deals/{key:str}/playbook"
    opt = open_to(reads=Policy.MEMBERS, writes=Policy.WRITERS)

    @get()
    def show(self, visit: NamedDependency[Visit], key: FromPath[str]) -> Response[str]:
        page = visit.page(playbook_page, visit, key)
        visit.count_shown(page.header.deal, suggested_by(page.playbook))
        return visit.show("deal_room/playbook.html", page)

    @post("/uses")
    def use(self, visit: NamedDependency[Visit], key: FromPath[str]) -> Response[Any]:
        with visit.write() as session:
            asset = use_asset(session, visit.viewer, key, visit.form)
            deal = access.readable_deal(session, visit.viewer, key)
        visit.count(SuggestionKind.CONTENT, Fate.USED, deal, [asset.key])
        return visit.go(at("deals", key, "playbook"), f"{asset.name} is in use on this deal.")

    @post("/uses/{use_id:int}/helped")
    def helped(
        self, visit: NamedDependency[Visit], key: FromPath[str], use_id: FromPath[int]
    ) -> Response[Any]:
        with visit.write() as session:
            say_helped(session, visit.viewer, key, use_id, visit.form)
        return visit.go(at("deals", key, "playbook"), "Noted: the next deal's playbook knows.")

    @post("/uses/{use_id:int}/remove")
    def remove(
        self, visit: NamedDependency[Visit], key: FromPath[str], use_id: FromPath[int]
    ) -> Response[Any]:
        visit.form.done()
        with visit.write() as session:
            made = editable_use(session, visit.viewer, key, use_id)
            revision = delete_use(session, visit.viewer, made)
        return visit.go_deleted(at("deals", key, "playbook"), revision)

    @post("/links")
    def share(self, visit: NamedDependency[Visit], key: FromPath[str]) -> Response[Any]:
        asset = visit.form.text("asset", 80, required=True)
        recipient = visit.form.text("recipient", 200, required=True)
        days = visit.form.choice("days", [str(each) for each in LIFETIMES], required=True)
        link = ""
        with visit.saving() as session:
            deal = access.editable_deal(session, visit.viewer, key)
            visit.form.done()
            by = visit.viewer.person_id
            token = sharing.share(session, deal, asset, recipient, int(days or 0), by)
            link = f"{visit.workspace.origin.rstrip('/')}/shared/{token}"
        page = visit.page(playbook_page, visit, key, link)
        return visit.show("deal_room/playbook.html", page)

    @post("/links/{link_id:int}/end")
    def end(
        self, visit: NamedDependency[Visit], key: FromPath[str], link_id: FromPath[int]
    ) -> Response[Any]:
        visit.form.done()
        with visit.write() as session:
            deal = access.editable_deal(session, visit.viewer, key)
            sharing.end_link(session, deal, uncounted_id(link_id), visit.viewer.person_id)
        return visit.go(at("deals", key, "playbook"), "The link no longer works.")


def playbook_page(
    session: Session, viewer: Viewer, visit: Visit, key: str, link: str = ""
) -> PlaybookPage:
    """The Playbook tab, with a link that was just made."""
    header = deal_header(session, viewer, key, "playbook")
    if link:
        visit.form.sent.clear()
    playbook = playbook_of_deal(session, viewer, visit.workspace.catalog, header.deal)
    return PlaybookPage(
        header=header,
        playbook=playbook,
        files=files.newest_versions(session, [play.asset_id for play in playbook.plays]),
        uses=assets.use_rows(session, viewer, deal_id=header.deal.id),
        shared=sharing.shared_rows(session, viewer, deal_id=header.deal.id),
        shareable=sharing.shareable(session, header.deal.id) if header.may_edit else [],
        form=visit.form,
        link=link,
    )


def use_asset(session: Session, viewer: Viewer, key: str, form: Form) -> Asset:
    """Note that the asset of a form is used on a deal."""
    asset_key = form.text("asset", 80, required=True)
    deal = access.editable_deal(session, viewer, key)
    form.done()
    asset = row_of_key(session, Asset, asset_key)
    assets.use(session, asset, deal, viewer.person_id)
    return asset


def say_helped(session: Session, viewer: Viewer, key: str, use_id: int, form: Form) -> None:
    """Note whether an asset helped on a deal."""
    answer = form.choice("helped", ("yes", "no", "unknown"), required=True)
    made = editable_use(session, viewer, key, use_id)
    form.done()
    value = {"yes": True, "no": False}.get(answer or "")
    assets.say_helped(session, made, viewer.person_id, value)


def editable_use(session: Session, viewer: Viewer, key: str, use_id: int) -> Use:
    """A use of an asset on a deal that the viewer may edit."""
    deal = access.editable_deal(session, viewer, key)
    made = session.get(Use, uncounted_id(use_id))
    if made is None or made.deal_id != deal.id:
        raise NotFound("There is no such use on this deal.")
    return made
