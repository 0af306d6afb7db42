"""The library: demos and collateral, and what came of using them."""

from dataclasses import dataclass, replace
from typing import Any

from litestar import Controller
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Response
from sqlmodel import Session

from web.edit_conflicts import (
    Difference,
    EditConflict,
    differences,
    fingerprint,
    lock_row,
    require_unchanged,
)
from web.forms import Form
from web.rendering import query
from web.responses import answer, at, go, show
from web.routes import Request, get, post
from web.workspace import Workspace
from workspace import assets
from workspace.assets import KINDS, Asset, AssetRow, UseRow
from workspace.clock import today
from workspace.deals import lists
from workspace.deals.products import all_products, choose_products
from workspace.errors import Invalid
from workspace.people.tables import Person
from workspace.people.viewer import Viewer, require_writer

PAGE = 50
# Uses that an asset's page shows, the newest.
USES = 200


@dataclass(frozen=True)
class Library:
    """The assets that were chosen."""

    rows: list[AssetRow]
    more: str | None
    params: dict[str, str]
    products: list[tuple[str, str]]
    kinds: tuple[str, ...] = KINDS


@dataclass(frozen=True)
class AssetPage:
    """An asset, and its uses on deals that the viewer may see."""

    asset: Asset
    author: Person | None
    products: list[str]
    uses: list[UseRow]
    # Of the deals it was used on, counted as the list of assets counts them.
    won: int
    closed: int
    may_edit: bool
    expired: bool


@dataclass(frozen=True)
class AssetForm:
    """The form over an asset; without a key, a new one's."""

    key: str | None
    name: str
    values: dict[str, str]
    chosen_products: list[str]
    wrong: dict[str, str]
    products: list[tuple[str, str]]
    seen: str = ""  # The mark of the values that the form was opened with.
    differences: list[Difference] | None = None
    kinds: tuple[str, ...] = KINDS


class LibraryController(Controller):
    """/library."""

    path = "/library"

    @get()
    def list(
        self,
        request: Request,
        asked: NamedDependency[Form],
        viewer: NamedDependency[Viewer],
        workspace: NamedDependency[Workspace],
    ) -> Response[str]:
        with workspace.database.read() as session:
            page = library(session, viewer, asked)
        fragment = (
            "records/library/_rows.html"
            if "after" in asked.sent
            else "records/library/_results.html"
        )
        address = "/library?" + query(page.params)
        return answer(request, "records/library/list.html", fragment, page, address=address)

    @get("/new")
    def new(
        self,
        request: Request,
        viewer: NamedDependency[Viewer],
        workspace: NamedDependency[Workspace],
    ) -> Response[str]:
        require_writer(viewer)
        with workspace.database.read() as session:
            products = lists.choices(session, viewer).products
        page = AssetForm(None, "", {"published": str(today())}, [], {}, products)
        return show(request, "records/library/edit.html", page)

    @post()
    def publish(
        self,
        request: Request,
        form: NamedDependency[Form],
        viewer: NamedDependency[Viewer],
        workspace: NamedDependency[Workspace],
    ) -> Response[Any]:
        require_writer(viewer)
        try:
            with workspace.database.write() as session:
                facts, product_ids = read_asset(session, viewer, form)
                asset = assets.publish(
                    session,
                    facts.pop("name"),
                    facts.pop("kind"),
                    viewer.person_id,
                    product_ids,
                    **facts,
                )
        except Invalid as wrong:
            form.wrong.update(wrong.fields)
            return self._again(request, viewer, workspace, form, None)
        return go(request, at("library", asset.key), f"{asset.name} is published.")

    @get("/{key:str}")
    def show(
        self,
        request: Request,
        key: FromPath[str],
        viewer: NamedDependency[Viewer],
        workspace: NamedDependency[Workspace],
    ) -> Response[str]:
        with workspace.database.read() as session:
            page = asset_page(session, viewer, key)
        return show(request, "records/library/show.html", page)

    @get("/{key:str}/edit")
    def edit(
        self,
        request: Request,
        key: FromPath[str],
        viewer: NamedDependency[Viewer],
        workspace: NamedDependency[Workspace],
    ) -> Response[str]:
        with workspace.database.read() as session:
            asset = assets.editable_asset(session, viewer, key)
            page = asset_form(session, viewer, asset)
        return show(request, "records/library/edit.html", page)

    @post("/{key:str}/edit")
    def change(
        self,
        request: Request,
        key: FromPath[str],
        form: NamedDependency[Form],
        viewer: NamedDependency[Viewer],
        workspace: NamedDependency[Workspace],
    ) -> Response[Any]:
        try:
            with workspace.database.write() as session:
                asset = assets.editable_asset(session, viewer, key)
                lock_row(session, asset)
                require_unchanged(form, asset_values(session, asset))
                facts, product_ids = read_asset(session, viewer, form)
                assets.edit_asset(session, asset, viewer.person_id, facts, product_ids)
        except EditConflict:
            with workspace.database.read() as session:
                asset = assets.editable_asset(session, viewer, key)
                page = stale_form(session, viewer, asset, form)
            return answer(
                request, "records/library/edit.html", "records/library/_form.html", page, status=409
            )
        except Invalid as wrong:
            form.wrong.update(wrong.fields)
            return self._again(request, viewer, workspace, form, key)
        return go(request, at("library", key), "Saved.")

    @post("/{key:str}/withdrawal")
    def withdraw(
        self,
        request: Request,
        key: FromPath[str],
        form: NamedDependency[Form],
        viewer: NamedDependency[Viewer],
        workspace: NamedDependency[Workspace],
    ) -> Response[Any]:
        withdrawn = form.choice("withdrawn", ("yes", "no"), required=True) == "yes"
        with workspace.database.write() as session:
            asset = assets.editable_asset(session, viewer, key)
            form.done()
            assets.edit_asset(session, asset, viewer.person_id, {"withdrawn": withdrawn})
        said = "withdrawn: no playbook offers it" if withdrawn else "offered again"
        return go(request, at("library", key), f"{asset.name} is {said}.")

    def _again(
        self,
        request: Request,
        viewer: Viewer,
        workspace: Workspace,
        form: Form,
        key: str | None,
    ) -> Response[str]:
        with workspace.database.read() as session:
            products = lists.choices(session, viewer).products
        chosen = form.sent.get("product", [])
        name = form.values.get("name", "")
        seen = form.values.get("seen", "")
        page = AssetForm(key, name, form.values, chosen, form.wrong, products, seen)
        return answer(
            request, "records/library/edit.html", "records/library/_form.html", page, status=422
        )


def library(session: Session, viewer: Viewer, asked: Form) -> Library:
    """The page that an address asks for."""
    text = asked.maybe("q", 200)
    kind = asked.choice("kind", KINDS)
    product = asked.maybe("product", 80)
    every = asked.choice("every", ("yes",))
    after = asked.maybe("after", 80)
    asked.check()
    rows = assets.asset_rows(
        session,
        viewer,
        kind=kind,
        product=product,
        text=text,
        every=bool(every),
        after=after,
        limit=PAGE + 1,
    )
    sent = {"q": text, "kind": kind, "product": product, "every": every}
    return Library(
        rows=rows[:PAGE],
        more=rows[PAGE - 1].key if len(rows) > PAGE else None,
        params={name: value for name, value in sent.items() if value},
        products=lists.choices(session, viewer).products,
    )


def asset_page(session: Session, viewer: Viewer, key: str) -> AssetPage:
    """An asset as this viewer may know it."""
    asset = assets.asset_of(session, key)
    about = set(assets.products_of(session, [asset.id])[asset.id])
    names = [each.name for each in all_products(session) if each.id in about]
    [counted] = assets.asset_rows(session, viewer, asset_id=asset.id, every=True)
    return AssetPage(
        asset=asset,
        author=session.get(Person, asset.author_id) if asset.author_id else None,
        products=names,
        uses=assets.use_rows(session, viewer, asset_id=asset.id, limit=USES),
        won=counted.won,
        closed=counted.closed,
        may_edit=assets.may_edit(viewer, asset),
        expired=bool(asset.expires and asset.expires < today()),
    )


def asset_form(session: Session, viewer: Viewer, asset: Asset) -> AssetForm:
    """An asset's facts as the form shows them."""
    values = asset_values(session, asset)
    about = set(assets.products_of(session, [asset.id])[asset.id])
    return AssetForm(
        key=asset.key,
        name=asset.name,
        values=values,
        chosen_products=[each.key for each in all_products(session) if each.id in about],
        wrong={},
        products=lists.choices(session, viewer).products,
        seen=fingerprint(values),
    )


def stale_form(session: Session, viewer: Viewer, asset: Asset, form: Form) -> AssetForm:
    """The form with what was typed, beside what somebody else has saved meanwhile."""
    there = asset_form(session, viewer, asset)
    ticked = form.sent.get("product", [])
    names = sorted(title for key, title in there.products if key in ticked)
    yours = {**form.values, "products": ", ".join(names)}
    return replace(
        there,
        values={**there.values, **form.values},
        chosen_products=ticked,
        differences=differences(yours, there.values),
    )


def asset_values(session: Session, asset: Asset) -> dict[str, str]:
    """An asset's facts as text: those of the form's fields, and the names of its products."""
    about = set(assets.products_of(session, [asset.id])[asset.id])
    names = sorted(each.name for each in all_products(session) if each.id in about)
    return {
        "name": asset.name,
        "kind": asset.kind,
        "summary": asset.summary,
        "url": asset.url,
        "published": str(asset.published or ""),
        "expires": str(asset.expires or ""),
        "language": asset.language,
        "products": ", ".join(names),
    }


def read_asset(session: Session, viewer: Viewer, form: Form) -> tuple[dict[str, Any], list[int]]:
    """The facts in a form and the products; `Invalid` where one cannot be taken."""
    options = [value for value, _ in lists.choices(session, viewer).products]
    chosen = form.choices("product", options)
    facts: dict[str, Any] = {
        "name": form.text("name", 200, required=True),
        "kind": form.choice("kind", KINDS, required=True),
        "summary": form.lines("summary", 5_000),
        "url": form.link("url"),
        "published": form.day("published"),
        "expires": form.day("expires"),
        "language": form.text("language", 10),
    }
    form.done()
    return facts, [each.id for each in choose_products(session, viewer, chosen)]
