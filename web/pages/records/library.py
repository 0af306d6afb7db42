"""The library: demos and collateral, and what came of using them."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import quote

from litestar import Controller
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Response
from sqlmodel import Session, col

from references.removal import delete_asset, may_remove
from web.columns import Arrangement, Column, ordering, read_remembered
from web.edit_conflicts import EditForm, edit_form, lock_unchanged
from web.forms import Form
from web.lists import RecordList, answer_record_list, filled, first_page, remembered
from web.own_fields import (
    OwnFact,
    form_values,
    labels_of,
    own_facts,
    predicates,
    read_filter,
    read_own,
)
from web.policies import Policy, open_to
from web.routes import at, get, post
from web.visits import Visit
from workspace.assets import assets, files, sharing
from workspace.assets.assets import KINDS, Asset, AssetRow, UseRow
from workspace.assets.files import FileRow
from workspace.assets.inspection import FILE_KINDS, LARGEST_FILE, InspectedFile, inspect
from workspace.assets.sharing import SharedRow
from workspace.clock import today
from workspace.deals import lists
from workspace.deals.products import all_products, choose_products
from workspace.deals.tables import Product
from workspace.errors import Invalid
from workspace.keys import row_of_key
from workspace.own_fields.fields import FieldSubject, OwnField, editable, readable
from workspace.people.tables import Person
from workspace.people.viewer import Viewer, require_writer

PAGE = 50
# Uses that an asset's page shows, the newest.
USES = 200
# What a browser offers to choose.
ACCEPTED = ",".join(f".{each}" for kind in FILE_KINDS.values() for each in kind.extensions)
# A form with a file, and what surrounds it.
_LARGEST_FORM = LARGEST_FILE + 1_000_000
_TAKES_FILES = open_to(reads=Policy.MEMBERS, writes=Policy.WRITERS, takes_files=True)


COLUMNS = {
    "kind": Column("Kind", "kind"),
    "won": Column("Won with it", "won", begins_largest=True),
    "uses": Column("Deals", "uses", is_numeric=True, begins_largest=True),
    "author": Column("Author", "author"),
    "published": Column("Published", "published", begins_largest=True),
    "expires": Column("Expires", "expires"),
}
USUAL_COLUMNS = ("kind", "won", "uses", "author", "published")


@dataclass(frozen=True)
class Library(RecordList):
    """The assets that were chosen."""

    products: list[tuple[str, str]]
    kinds: tuple[str, ...] = KINDS


@dataclass(frozen=True)
class AssetPage:
    """An asset, and its uses on deals that the viewer may see."""

    asset: Asset
    author: Person | None
    products: list[str]
    # The versions of its file, the newest first.
    files: list[FileRow]
    # Links that buyers were sent, on deals that the viewer may see.
    shared: Sequence[SharedRow]
    uses: list[UseRow]
    # Of the deals it was used on, counted as the list of assets counts them.
    won: int
    closed: int
    own: list[OwnFact]
    may_edit: bool
    may_remove: bool
    expired: bool
    wrong: dict[str, str]
    accepted: str = ACCEPTED
    largest: int = LARGEST_FILE // 10**6


@dataclass(frozen=True)
class AssetForm:
    """The form over an asset; without a key, a new one's."""

    key: str | None
    name: str
    form: EditForm
    chosen_products: list[str]
    products: list[tuple[str, str]]
    own: list[OwnField]
    kinds: tuple[str, ...] = KINDS
    accepted: str = ACCEPTED
    largest: int = LARGEST_FILE // 10**6


class LibraryController(Controller):
    """/library."""

    path = "/library"
    opt = open_to(reads=Policy.MEMBERS, writes=Policy.WRITERS)

    @get()
    def list(self, visit: NamedDependency[Visit]) -> Response[str]:
        return answer_record_list(visit, "records/library", library)

    @get("/new")
    def new(self, visit: NamedDependency[Visit]) -> Response[str]:
        require_writer(visit.viewer)
        page = visit.page(asset_form, None, Form([("published", str(today()))]))
        return visit.show("records/library/edit.html", page)

    @post(request_max_body_size=_LARGEST_FORM, opt=_TAKES_FILES)
    def publish(self, visit: NamedDependency[Visit]) -> Response[Any]:
        require_writer(visit.viewer)
        upload = keep_upload(visit)
        with visit.saving() as session:
            asset = publish_asset(session, visit.viewer, visit.form)
            if upload:
                files.add_version(session, asset, *upload, visit.viewer.person_id)
        if visit.form.refusal:
            discard(visit, upload)
            return _form_again(visit, None)
        return visit.go(at("library", asset.key), f"{asset.name} is published.")

    @get("/{key:str}")
    def show(self, visit: NamedDependency[Visit], key: FromPath[str]) -> Response[str]:
        return visit.show("records/library/show.html", visit.page(asset_page, key))

    @get("/{key:str}/edit")
    def edit(self, visit: NamedDependency[Visit], key: FromPath[str]) -> Response[str]:
        return visit.show("records/library/edit.html", visit.page(asset_form, key, Form()))

    @post("/{key:str}/edit")
    def change(self, visit: NamedDependency[Visit], key: FromPath[str]) -> Response[Any]:
        with visit.saving() as session:
            change_asset(session, visit.viewer, key, visit.form)
        if visit.form.refusal:
            return _form_again(visit, key)
        return visit.go(at("library", key), "Saved.")

    @post("/{key:str}/files", request_max_body_size=_LARGEST_FORM, opt=_TAKES_FILES)
    def add_file(self, visit: NamedDependency[Visit], key: FromPath[str]) -> Response[Any]:
        with visit.read() as session:
            assets.editable_asset(session, visit.viewer, key)
        upload = keep_upload(visit)
        if upload is None:
            visit.form.refuse("file", "Choose a file.")
        with visit.saving() as session:
            asset = assets.editable_asset(session, visit.viewer, key)
            visit.form.done()
            if upload:
                row = files.add_version(session, asset, *upload, visit.viewer.person_id)
        if visit.form.refusal:
            discard(visit, upload)
            page = visit.page(asset_page, key, visit.form.wrong)
            return visit.show("records/library/show.html", page)
        return visit.go(at("library", key), f"Version {row.version} is uploaded.")

    @get("/{key:str}/files/{version:int}")
    def download(
        self, visit: NamedDependency[Visit], key: FromPath[str], version: FromPath[int]
    ) -> Response[bytes]:
        with visit.read() as session:
            asset = row_of_key(session, Asset, key)
            row = files.version_of(session, asset.id, version)
        return attachment(row, files.read(visit.workspace.settings.files, row))

    @post("/{key:str}/withdrawal")
    def withdraw(self, visit: NamedDependency[Visit], key: FromPath[str]) -> Response[Any]:
        with visit.write() as session:
            asset = withdraw_asset(session, visit.viewer, key, visit.form)
        said = "withdrawn: no playbook offers it" if asset.withdrawn else "offered again"
        return visit.go(at("library", key), f"{asset.name} is {said}.")

    @post("/{key:str}/delete")
    def delete(self, visit: NamedDependency[Visit], key: FromPath[str]) -> Response[Any]:
        visit.form.done()
        with visit.write() as session:
            asset = row_of_key(session, Asset, key)
            revision = delete_asset(session, visit.viewer, asset)
        return visit.go_deleted("/library", revision)


def publish_asset(session: Session, viewer: Viewer, form: Form) -> Asset:
    """Publish the asset of a form."""
    facts, product_ids = read_asset(session, viewer, form, {})
    name, kind = facts.pop("name"), facts.pop("kind")
    return assets.publish(session, name, kind, viewer.person_id, product_ids, **facts)


def change_asset(session: Session, viewer: Viewer, key: str, form: Form) -> None:
    """Give an asset the facts of a form that was opened over it."""
    asset = assets.editable_asset(session, viewer, key)
    lock_unchanged(session, asset, form, partial(asset_values, viewer=viewer))
    facts, product_ids = read_asset(session, viewer, form, asset.own)
    assets.edit_asset(session, asset, viewer.person_id, facts, product_ids)


def withdraw_asset(session: Session, viewer: Viewer, key: str, form: Form) -> Asset:
    """Withdraw an asset, or offer it again, as a form says."""
    withdrawn = form.choice("withdrawn", ("yes", "no"), required=True) == "yes"
    asset = assets.editable_asset(session, viewer, key)
    form.done()
    assets.edit_asset(session, asset, viewer.person_id, {"withdrawn": withdrawn})
    return asset


def library(session: Session, visit: Visit) -> Library:
    """The page that an address asks for."""
    own = readable(session, visit.viewer, FieldSubject.ASSET)
    arranged = arrangement(visit.form, own, remembered(visit))
    rows, params = chosen_assets(session, visit.viewer, visit.form, PAGE + 1, arranged)
    shown, last = first_page(rows, PAGE)
    return Library(
        path="/library",
        rows=shown,
        more=last.key if last else None,
        params=params,
        known=COLUMNS,
        own=own,
        arranged=arranged,
        products=lists.choices(session, visit.viewer).products,
    )


def arrangement(asked: Form, own: list[OwnField], kept: str = "") -> Arrangement:
    """The columns and the order of the list."""
    return read_remembered(asked, kept, COLUMNS, assets.ASSET_ORDERS, USUAL_COLUMNS, own)


def chosen_assets(
    session: Session,
    viewer: Viewer,
    asked: Form,
    limit: int,
    arranged: Arrangement | None = None,
) -> tuple[list[AssetRow], dict[str, str]]:
    """The assets that an address asks for, and its filters."""
    fields = readable(session, viewer, FieldSubject.ASSET)
    arranged = arranged or arrangement(asked, fields)
    text = asked.maybe("q", 200)
    kind = asked.choice("kind", KINDS)
    product = asked.maybe("product", 80)
    every = asked.choice("every", ("yes",))
    after = asked.maybe("after", 80)
    own, own_params = read_filter(session, viewer, FieldSubject.ASSET, asked)
    asked.check()
    rows = assets.asset_rows(
        session,
        viewer,
        kind=kind,
        product=product,
        text=text,
        every=bool(every),
        own=predicates(FieldSubject.ASSET, own),
        **ordering(arranged, fields, col(Asset.own)),
        after=after,
        limit=limit,
    )
    params = filled(q=text, kind=kind, product=product, every=every)
    return rows, {**params, **own_params}


def keep_upload(visit: Visit) -> tuple[InspectedFile, str] | None:
    """The file of a form, and the name under which it is kept; what is wrong with it is noted."""
    if not visit.uploads:
        return None
    try:
        file = inspect(*visit.uploads[0])
        return file, files.keep(visit.workspace.settings.files, file.raw)
    except Invalid as refusal:
        visit.form.refuse("file", str(refusal))
        return None


def discard(visit: Visit, upload: tuple[InspectedFile, str] | None) -> None:
    """Delete a file that was kept for a form that was refused."""
    if upload:
        files.discard(visit.workspace.settings.files, upload[1])


def attachment(row: FileRow, raw: bytes) -> Response[bytes]:
    """A file that browsers save and never show, as what it contains is of others."""
    return Response(
        raw,
        status_code=200,
        media_type=row.media_type,
        headers={
            "Content-Disposition": f"attachment; filename*=UTF-8''{quote(row.name)}",
            "Content-Security-Policy": "sandbox; default-src 'none'",
            "X-Content-Type-Options": "nosniff",
            "Vary": "HX-Request",
        },
    )


def asset_page(
    session: Session, viewer: Viewer, key: str, wrong: dict[str, str] | None = None
) -> AssetPage:
    """An asset as this viewer may know it, and what is wrong with a file for it."""
    asset = row_of_key(session, Asset, key)
    [counted] = assets.asset_rows(session, viewer, asset_id=asset.id, every=True)
    return AssetPage(
        asset=asset,
        author=session.get(Person, asset.author_id) if asset.author_id else None,
        products=[product.name for product in products_about(session, asset)],
        files=files.versions_of(session, asset.id),
        shared=sharing.shared_rows(session, viewer, asset_id=asset.id),
        uses=assets.use_rows(session, viewer, asset_id=asset.id, limit=USES),
        won=counted.won,
        closed=counted.closed,
        own=own_facts(session, viewer, FieldSubject.ASSET, asset.own),
        may_edit=assets.may_edit(viewer, asset),
        may_remove=may_remove(session, viewer, asset),
        expired=bool(asset.expires and asset.expires < today()),
        wrong=wrong or {},
    )


def asset_form(session: Session, viewer: Viewer, key: str | None, form: Form) -> AssetForm:
    """The form over an asset, with what was sent; without a key, over a new one."""
    options = lists.choices(session, viewer).products
    selected = form.sent.get("product", [])
    own = editable(session, viewer, FieldSubject.ASSET)
    if key is None:
        return AssetForm(None, "", EditForm(form.values, form.wrong), selected, options, own)
    asset = assets.editable_asset(session, viewer, key)
    saved = asset_values(session, asset, viewer=viewer)
    yours = {
        **form.values,
        "products": ", ".join(sorted(name for product, name in options if product in selected)),
    }
    return AssetForm(
        key=key,
        name=asset.name,
        form=edit_form(form, saved, yours, labels_of(own)),
        chosen_products=selected
        if form.refusal
        else [product.key for product in products_about(session, asset)],
        products=options,
        own=own,
    )


def asset_values(session: Session, asset: Asset, *, viewer: Viewer) -> dict[str, str]:
    """An asset's facts as text: those of the form's fields, and the names of its products."""
    names = sorted(product.name for product in products_about(session, asset))
    return {
        "name": asset.name,
        "kind": asset.kind,
        "summary": asset.summary,
        "url": asset.url,
        "published": str(asset.published or ""),
        "expires": str(asset.expires or ""),
        "language": asset.language,
        "products": ", ".join(names),
        **form_values(editable(session, viewer, FieldSubject.ASSET), asset.own),
    }


def read_asset(
    session: Session, viewer: Viewer, form: Form, own: dict[str, Any]
) -> tuple[dict[str, Any], list[int]]:
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
        "own": read_own(session, viewer, FieldSubject.ASSET, form, own),
    }
    form.done()
    return facts, [product.id for product in choose_products(session, viewer, chosen)]


def products_about(session: Session, asset: Asset) -> list[Product]:
    """The products that an asset is about."""
    about = set(assets.products_of(session, [asset.id])[asset.id])
    return [product for product in all_products(session) if product.id in about]


def _form_again(visit: Visit, key: str | None) -> Response[str]:
    page = visit.page(asset_form, key, visit.form)
    return visit.answer("records/library/edit.html", "records/library/_form.html", page)
