"""The Playbook tab: the assets that won this deal's kin, and using them here."""

from dataclasses import dataclass
from typing import Any

from litestar import Controller
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Response

from references.removal import delete_use
from references.suggestion_counts import Fate, SuggestionKind
from similarity.playbook import Playbook, playbook_of_deal
from web.forms import row_id
from web.pages.deal_room.header import DealHeader, deal_header
from web.policies import Policy, open_to
from web.routes import at, get, post
from web.visits import Visit
from workspace import assets
from workspace.assets import Asset, Use, UseRow
from workspace.deals import access
from workspace.errors import NotFound
from workspace.keys import row_of_key


@dataclass(frozen=True)
class PlaybookPage:
    """The Playbook tab: what to use, and what is in use here."""

    header: DealHeader
    playbook: Playbook
    uses: list[UseRow]

    @property
    def used(self) -> set[str]:
        """The keys of the assets that are in use here."""
        return {use.asset_key for use in self.uses}


class PlaybookController(Controller):
    """/deals/{key}/playbook."""

    path = "/deals/{key:str}/playbook"
    opt = open_to(reads=Policy.MEMBERS, writes=Policy.WRITERS)

    @get()
    def show(self, visit: NamedDependency[Visit], key: FromPath[str]) -> Response[str]:
        with visit.read() as session:
            header = deal_header(session, visit.viewer, key, "playbook")
            page = PlaybookPage(
                header=header,
                playbook=playbook_of_deal(
                    session, visit.viewer, visit.workspace.catalog, header.deal
                ),
                uses=assets.use_rows(session, visit.viewer, deal_id=header.deal.id),
            )
        shown = [play.key for play in page.playbook.plays]
        shown += [asset.key for asset in page.playbook.general]
        visit.count(SuggestionKind.CONTENT, Fate.SHOWN, page.header.deal, shown)
        return visit.show("deal_room/playbook.html", page)

    @post("/uses")
    def use(self, visit: NamedDependency[Visit], key: FromPath[str]) -> Response[Any]:
        asset_key = visit.form.text("asset", 80, required=True)
        with visit.write() as session:
            deal = access.editable_deal(session, visit.viewer, key)
            visit.form.done()
            asset = row_of_key(session, Asset, asset_key)
            assets.use(session, asset, deal, visit.viewer.person_id)
        visit.count(SuggestionKind.CONTENT, Fate.USED, deal, [asset_key])
        return visit.go(at("deals", key, "playbook"), f"{asset.name} is in use on this deal.")

    @post("/uses/{use_id:int}/helped")
    def helped(
        self, visit: NamedDependency[Visit], key: FromPath[str], use_id: FromPath[int]
    ) -> Response[Any]:
        answer = visit.form.choice("helped", ("yes", "no", "unknown"), required=True)
        with visit.write() as session:
            deal = access.editable_deal(session, visit.viewer, key)
            visit.form.done()
            made = session.get(Use, row_id(use_id))
            if made is None or made.deal_id != deal.id:
                raise NotFound("There is no such use on this deal.")
            value = {"yes": True, "no": False}.get(answer or "")
            assets.say_helped(session, made, visit.viewer.person_id, value)
        return visit.go(at("deals", key, "playbook"), "Noted: the next deal's playbook knows.")

    @post("/uses/{use_id:int}/remove")
    def remove(
        self, visit: NamedDependency[Visit], key: FromPath[str], use_id: FromPath[int]
    ) -> Response[Any]:
        visit.form.done()
        with visit.write() as session:
            deal = access.editable_deal(session, visit.viewer, key)
            made = session.get(Use, row_id(use_id))
            if made is None or made.deal_id != deal.id:
                raise NotFound("There is no such use on this deal.")
            revision = delete_use(session, visit.viewer, made)
        return visit.go_deleted(at("deals", key, "playbook"), revision)
