"""Questions: what is asked about a deal or a text, before it is known who asks."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from sqlmodel import Session

from similarity.encoders.embeddings import ModelUnavailable
from similarity.feedback import Verdict, judgements
from similarity.index.catalog import Catalog
from similarity.index.documents import join
from similarity.index.facets import facets
from similarity.index.sources import Kind
from similarity.index.vectors import Vectors
from similarity.learned_weights import own_weights
from similarity.scoring import Facets
from similarity.sentences.denials import affirmed, question_of
from workspace.deals.tables import Deal


@dataclass(frozen=True)
class Question:
    """What kin are ranked by: the text and facets of a deal, or a text alone."""

    text: str
    # The raw vector of the text; None where no model could read it.
    vector: Vectors | None
    facets: Facets
    excluded: frozenset[int] = frozenset()
    liked: frozenset[int] = frozenset()


def about_deal(session: Session, catalog: Catalog, deal: Deal) -> Question:
    """The question for a deal: its prose, its facets, and the judgements of its kin."""
    return about_deals(session, catalog, [deal])[deal.id]


def about_deals(session: Session, catalog: Catalog, deals: Sequence[Deal]) -> dict[int, Question]:
    """The question for each of these deals, by its id: its prose without boilerplate, and without
    what it denies.

    The name is never boilerplate, however many deals have the same one.
    """
    ids = [deal.id for deal in deals]
    counted = {field.key for field in own_weights(session)}
    facets_of = {deal_id: counting(row, counted) for deal_id, row in facets(session, ids).items()}
    contents: dict[int, str] = {}
    # Deals with boilerplate; the stored vectors of the others are of what is asked about.
    cut = []
    with catalog.searching(session, Kind.DEAL) as collection:
        for deal in deals:
            prose = join([deal.use_case, deal.notes])
            content = collection.content(prose)
            contents[deal.id] = join([deal.name, affirmed(content)])
            if content != prose:
                cut.append(deal.id)
    vector_of = dict(
        zip(cut, catalog.content_vectors([contents[each] for each in cut]), strict=True)
    )
    questions = {}
    for deal_id in ids:
        judged = judgements(session, deal_id)
        unlike = {kin for kin, row in judged.items() if row.verdict == Verdict.UNLIKE}
        if deal_id not in vector_of:
            vector_of[deal_id] = catalog.whole_vector(session, Kind.DEAL, deal_id)
        questions[deal_id] = Question(
            text=contents[deal_id],
            vector=vector_of[deal_id],
            facets=facets_of[deal_id],
            excluded=frozenset({deal_id, *unlike}),
            liked=frozenset(judged.keys() - unlike),
        )
    return questions


def counting(facets: Facets, counted: Collection[str]) -> Facets:
    """The facets without the choices of own fields that do not count."""
    own = frozenset(choice for choice in facets.own if choice.partition("=")[0] in counted)
    return facets if own == facets.own else replace(facets, own=own)


def about_text(catalog: Catalog, text: str) -> Question:
    """The question for a text, without what it denies. Without a usable model, it has words but no
    vector."""
    said = question_of(text)
    if text and not said:
        return Question("", None, Facets())
    try:
        return Question(said, catalog.encoder.encode([said])[0], Facets())
    except ModelUnavailable:
        return Question(said, None, Facets())
