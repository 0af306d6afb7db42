"""All that a viewer can learn from likeness, as plain values that can be compared."""

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from sqlmodel import Session, col, select

from similarity.experts import experts_of_deal, experts_of_text
from similarity.index.catalog import Catalog
from similarity.index.sources import Kind
from similarity.inquiry import Inquiry, ask_of_deal, ask_of_text
from similarity.kin import Kin, KinRow, nearest_deals, present
from similarity.playbook import playbook_of_deal, playbook_of_text
from similarity.questions import about_text
from similarity.retrieval import ask, best, match, text_scores
from similarity.scoring import Weights
from similarity.search import search
from workspace.database import Database
from workspace.deals.access import visible_deals
from workspace.deals.filters import DealFilter
from workspace.deals.tables import Deal
from workspace.people.viewer import Viewer

TEXTS = (
    "patient records in one warehouse",
    "dashboards for managers",
    "merger that is not public, only the board knows",
    "regulatory reporting against Datamoor",
)
# Longer than what is asked for at a time, with the rarest words last.
LONG = (
    " ".join(f"filler{number}" for number in range(80))
    + " warehouse records dashboards board merger discretion heron egret osprey tern"
)


def kin_of_deal(
    session: Session,
    viewer: Viewer,
    catalog: Catalog,
    deal: Deal,
    *,
    filter: DealFilter | None = None,
    weights: Weights | None = None,
    limit: int = 10,
) -> list[Kin]:
    """The deals nearest to a deal that the viewer may see, however near, the best first."""
    asked = ask_of_deal(session, viewer, catalog, deal, weights=weights)
    return _kin(session, catalog, asked, filter, limit)


def kin_of_text(
    session: Session,
    viewer: Viewer,
    catalog: Catalog,
    text: str,
    *,
    filter: DealFilter | None = None,
    weights: Weights | None = None,
    limit: int = 10,
) -> list[Kin]:
    """The deals nearest to a text that the viewer may see, however near, the best first."""
    asked = ask_of_text(session, viewer, catalog, text, weights=weights)
    return _kin(session, catalog, asked, filter, limit)


def _kin(
    session: Session, catalog: Catalog, inquiry: Inquiry, filter: DealFilter | None, limit: int
) -> list[Kin]:
    ranked = nearest_deals(session, catalog, inquiry, filter, limit)
    return present(session, catalog, inquiry, [KinRow(deal, []) for deal in ranked[:limit]])


def everything(
    database: Database,
    viewer: Viewer,
    catalog: Catalog,
    keys: Iterable[str],
    texts: Iterable[str] = (*TEXTS, LONG),
) -> dict[str, Any]:
    """Kin, playbooks, experts and searches of one viewer, with every score."""
    found: dict[str, Any] = {}
    with database.read() as session:
        for deal in session.exec(
            select(Deal).where(visible_deals(viewer), col(Deal.key).in_(keys))
        ):
            found[f"kin of {deal.key}"] = [
                asdict(each) for each in kin_of_deal(session, viewer, catalog, deal, limit=50)
            ]
            found[f"playbook of {deal.key}"] = asdict(
                playbook_of_deal(session, viewer, catalog, deal, limit=50)
            )
            found[f"experts of {deal.key}"] = [
                asdict(each) for each in experts_of_deal(session, viewer, catalog, deal, limit=50)
            ]
        for text in texts:
            for filter in (None, DealFilter(competitor="datamoor")):
                found[f"kin of {text}, {filter}"] = [
                    asdict(each)
                    for each in kin_of_text(session, viewer, catalog, text, filter=filter, limit=50)
                ]
            found[f"playbook of {text}"] = asdict(
                playbook_of_text(session, viewer, catalog, text, limit=50)
            )
            found[f"experts of {text}"] = [
                asdict(each) for each in experts_of_text(session, viewer, catalog, text, limit=50)
            ]
            found[f"search {text}"] = asdict(search(session, viewer, catalog, text, limit=50))
    return found


def kin_scores(database: Database, viewer: Viewer, catalog: Catalog) -> dict[str, Any]:
    """Ids and scores of what is found for some texts, in order: quicker than everything."""
    found: dict[str, Any] = {}
    with database.read() as session:
        for text in (TEXTS[0], LONG):
            found[text] = [
                [
                    (kin.id, kin.score)
                    for kin in kin_of_text(session, viewer, catalog, text, limit=50)
                ],
                _text_values(session, catalog, Kind.ASSET, text),
                _text_values(session, catalog, Kind.PERSON, text),
            ]
        readable = select(Deal).where(visible_deals(viewer)).order_by(Deal.key)
        for deal in session.exec(readable.limit(1)):
            kin = kin_of_deal(session, viewer, catalog, deal, limit=50)
            found[deal.key] = [(each.id, each.score) for each in kin]
    return found


def _scores(deals: Iterable[Kin]) -> list[tuple[int, float]]:
    return [(deal.id, deal.score) for deal in deals]


def _text_values(
    session: Session, catalog: Catalog, kind: Kind, text: str
) -> list[tuple[int, float, float]]:
    """How near the documents of a kind are to a text, in meaning and in words, the best first."""
    vector = about_text(catalog, text).vector
    with catalog.searching(session, kind) as collection:
        asked = ask(collection, text, vector, Weights(), catalog.encoder.languages)
        matches = match(collection, asked)
    rows = best(matches, text_scores(matches, asked.weights), 50)
    return [(matches.ids[row], matches.meaning[row], matches.words[row]) for row in rows]
