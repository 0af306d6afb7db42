"""Kin: the right ones first, for reasons that are true, out of what a filter leaves."""

import json
import math
from dataclasses import asdict
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import Session, col, select

from similarity import calibration
from similarity.feedback import REASONS, KinFeedback, Verdict, judge, judgements, withdraw
from similarity.index.catalog import Catalog
from similarity.index.language import stems
from similarity.kin import Kin
from similarity.scoring import Weights
from similarity.snippets import snippet, surfaces
from tests.backends import EVERY
from tests.similarity.asking import kin_of_deal, kin_of_text
from tests.world import FakeEmbedder, World, ago, stage
from workspace.accounts.accounts import Account, add_account
from workspace.audit import AuditEntry
from workspace.database import Database
from workspace.deals import lifecycle
from workspace.deals.filters import DealFilter
from workspace.deals.products import find_or_add_competitor
from workspace.deals.tables import Deal, DealProduct, NewDeal, Product
from workspace.errors import Invalid
from workspace.people.viewer import PLAIN_VIEW

BACKENDS = EVERY


def kin(
    world: World, catalog: Catalog, name: str, who: str = "charlie", **given_: object
) -> list[Kin]:
    with world.database.read() as session:
        deal = world.deal(session, name)
        return kin_of_deal(session, world.viewer(who), catalog, deal, **given_)  # type: ignore[arg-type]


def of_text(world: World, catalog: Catalog, text: str, **given_: object) -> list[Kin]:
    with world.database.read() as session:
        return kin_of_text(session, PLAIN_VIEW, catalog, text, **given_)  # type: ignore[arg-type]


def names(world: World, found: list[Kin]) -> list[str]:
    by_key = {key: name for name, key in world.deals.items()}
    return [by_key[each.key] for each in found]


def test_should_put_the_nearest_deal_first(world: World, catalog: Catalog) -> None:
    found = kin(world, catalog, "kestrel")
    order = names(world, found)
    assert order[:2] == ["brannoc", "havel"]
    assert "kestrel" not in order
    assert (found[0].band, found[-1].band) == ("strong", "weak")
    assert [each.score for each in found] == sorted((e.score for e in found), reverse=True)


@pytest.mark.parametrize("text", ["zzqx", "qwrt plkj vbnm", "…", "мнцк вдгш", "12345 67890"])
def test_should_call_no_deal_alike_that_shares_nothing(
    world: World, catalog: Catalog, text: str
) -> None:
    assert {each.band for each in of_text(world, catalog, text)} <= {"weak"}


def test_should_call_nothing_strong_with_a_model_that_was_not_measured(
    world: World, catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert kin(world, catalog, "kestrel")[0].band == "strong"
    monkeypatch.delitem(calibration.NEARNESS_FLOORS, FakeEmbedder.model_id)
    found = kin(world, catalog, "kestrel")
    assert found[0].band == "fair"
    assert {each.band for each in found} <= {"fair", "weak"}


def test_should_not_compare_meaning_with_a_language_that_the_model_does_not_know(
    world: World, catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_case = "Ewidencja pacjentów szpitali oraz dyżury lekarzy i pielęgniarek"
    with world.database.write() as session:
        for number in range(4):
            lifecycle.log(session, f"Szpital {number}", None, None, use_case=use_case)
    # To this model every text is near to every other.
    monkeypatch.setattr(FakeEmbedder, "encode", lambda _, texts: np.ones((len(texts), 64)) / 8)
    asked = "We want one schedule for the doctors of our wards"
    polish = [each for each in of_text(world, catalog, asked) if each.name.startswith("Szpital")]
    assert [term.value for each in polish for term in each.terms if term.name == "meaning"] == [
        0.0 for _ in polish
    ]
    same = of_text(world, catalog, "Ewidencja lekarzy i pielęgniarek oraz dyżury na oddziałach")
    meanings = {
        term.value
        for each in same
        if each.name.startswith("Szpital")
        for term in each.terms
        if term.name == "meaning"
    }
    assert min(meanings) > 0


def test_should_find_kin_of_a_deal_that_was_just_logged(world: World, catalog: Catalog) -> None:
    with world.database.write() as session:
        deal = lifecycle.log(
            session,
            "Harbour clinics",
            add_account(session, "Harbour Clinics", industry="Q86", headcount=1_500, country="GB"),
            world.people["charlie"],
            use_case="Patient records of five clinics in one warehouse",
        )
    with world.database.read() as session:
        order = names(world, kin_of_deal(session, world.viewer("charlie"), catalog, deal))
    assert set(order[:3]) == {"brannoc", "havel", "kestrel"}


def test_should_find_kin_of_a_deal_with_only_a_name(world: World, catalog: Catalog) -> None:
    found = kin(world, catalog, "unclaimed")
    assert {"orlik", "wards", "meridian"} & set(names(world, found)[:4])
    assert all(term.name in {"meaning", "words", "recency"} for term in found[0].terms)


def test_should_find_kin_of_a_sentence(world: World, catalog: Catalog) -> None:
    found = of_text(world, catalog, "risk reports that the audit accepts, every night")
    assert names(world, found)[0] == "lumen"
    assert {term.name for term in found[0].terms} == {"meaning", "words", "recency"}


@pytest.mark.parametrize("name", ["kestrel", "wards", "meridian", "unclaimed"])
def test_should_give_true_reasons_that_add_up_to_the_score(
    world: World, catalog: Catalog, name: str
) -> None:
    found = kin(world, catalog, name, who="alice", limit=50)
    assert len(found) == len(world.deals) - 1
    for each in found:
        assert each.score == math.fsum(term.value * term.weight for term in each.terms)
        assert [term.contribution for term in each.terms] == sorted(
            (term.contribution for term in each.terms), reverse=True
        )
        because = {term.name: term.because for term in each.terms}
        with world.database.read() as session:
            deal = world.deal(session, name)
            other = session.exec(select(Deal).where(Deal.key == each.key)).one()
            account = session.get(Account, other.account_id) if other.account_id else None
            products = {p.name for p in products_of(session, other)}
        for term in each.terms:
            if term.name == "product" and term.value:
                named = term.because.removeprefix("same product: ").split(", ")
                assert set(named) <= products
        if account and deal.account_id == other.account_id:
            assert because["region"] == "same country"
        # The words that are said to be in common are in both.
        shown = because["words"]
        if shown != "no common words":
            written = f"{other.name} {other.use_case} {other.notes} {other.reason}"
            ours = set(stems(f"{deal.name} {deal.use_case} {deal.notes}", "en"))
            for word in shown.removeprefix("both mention ").split(", "):
                assert set(stems(word, "en")) & ours
                around = f"{written} {account.name if account else ''} {' '.join(products)}"
                assert set(stems(word, "en")) <= set(stems(around, "en")) | set(stems(shown, "en"))


def products_of(session: Session, deal: Deal) -> list[Product]:
    query = select(Product).join(
        DealProduct,
        DealProduct.product_id == Product.id,  # type: ignore[arg-type]
    )
    return list(session.exec(query.where(DealProduct.deal_id == deal.id)))


def test_should_show_what_the_record_says(world: World, catalog: Catalog) -> None:
    best = kin(world, catalog, "kestrel")[0]
    with world.database.read() as session:
        deal = world.deal(session, "brannoc")
        text = "".join(piece.text for piece in best.snippet)
        written = deal.reason if best.source == "reason" else f"{deal.use_case}. {deal.notes}"
        assert text.strip(" …") in " ".join(written.split())
    hits = {stem for piece in best.snippet if piece.hit for stem in stems(piece.text, "en")}
    ours = "Kestrel Health records Patient records of nine hospitals in one warehouse"
    assert hits
    assert hits <= set(stems(f"{ours} Asks who has done this with the same records system", "en"))
    assert (best.account, best.outcome, best.owner) == (
        "St Brannoc Hospital", "won", "Alice Adeyemi",
    )  # fmt: skip
    assert best.account_key == world.accounts["brannoc"]
    assert (best.amount, best.currency, best.closed) == (240_000, "EUR", ago(200))
    assert not best.liked


def test_should_show_a_deal_without_an_account_or_an_owner(world: World, catalog: Catalog) -> None:
    found = {each.key: each for each in of_text(world, catalog, "somebody asks", limit=50)}
    unclaimed = found[world.deals["unclaimed"]]
    assert (unclaimed.account, unclaimed.account_key, unclaimed.owner) == (
        "No account yet", None, "",
    )  # fmt: skip


def test_should_be_convertible_to_json(world: World, catalog: Catalog) -> None:
    for each in kin(world, catalog, "kestrel"):
        data = asdict(each)
        # What is not JSON's own is an amount or a date, and reads as people write it.
        data |= {"amount": str(data["amount"]), "closed": str(data["closed"])}
        back = json.loads(json.dumps(data))
        assert back["score"] == each.score
        assert [term["value"] for term in back["terms"]] == [term.value for term in each.terms]
        assert type(each.score) is float
        assert all(type(term.value) is float for term in each.terms)


def test_should_drop_a_term_without_weight(world: World, catalog: Catalog) -> None:
    for name in Weights.names():
        for each in kin(world, catalog, "kestrel", weights=Weights(**{name: 0.0})):
            assert all(term.contribution == 0 for term in each.terms if term.name == name)


def test_should_order_by_the_weights(world: World, catalog: Catalog) -> None:
    nothing = dict.fromkeys(Weights.names(), 0.0)
    by_competitor = kin(world, catalog, "kestrel", weights=Weights(**{**nothing, "competitor": 1}))
    against = {each.key for each in by_competitor if each.score == 1}
    assert against == {
        world.deals[name] for name in ("brannoc", "havel", "ribera", "tidewater", "wards")
    }
    by_size = kin(world, catalog, "kestrel", weights=Weights(**{**nothing, "size": 1}))
    assert names(world, by_size)[0] == "tidewater"


FILTERS: list[tuple[dict[str, object], set[str]]] = [
    ({"outcome": "lost"}, {"ribera", "orlik"}),
    ({"outcome": "closed"}, {"brannoc", "havel", "lumen", "ribera", "orlik", "fjord"}),
    ({"industry": "K64"}, {"lumen", "ribera"}),
    ({"size": "over 20,000"}, {"meridian"}),
    ({"product": "relay-integration"}, {"fjord", "meridian"}),
    ({"competitor": "quarrystone"}, {"lumen", "orlik"}),
    ({"region": "Southern Europe"}, {"ribera"}),
    ({"owner": "charlie-costa", "outcome": "won"}, {"lumen", "fjord"}),
    ({"since": ago(130), "outcome": "won"}, {"lumen"}),
    ({"product": "nothing of ours"}, set()),
]


def test_should_apply_filters(world: World, catalog: Catalog) -> None:
    for given_, expected in FILTERS:
        chosen = DealFilter(**given_)  # type: ignore[arg-type]
        assert set(names(world, kin(world, catalog, "kestrel", filter=chosen))) == expected
        by_text = of_text(world, catalog, "patient records", filter=chosen)
        assert set(names(world, by_text)) == expected


def test_should_find_the_only_match_of_a_rare_filter(world: World, catalog: Catalog) -> None:
    """One of 500 deals is against Zanzibar, and 499 are more like what is asked for."""
    with world.database.write() as session:
        zanzibar = find_or_add_competitor(session, "Zanzibar")
        new = [
            NewDeal(f"Patient records warehouse {number}", None, stage(session, "Closed Won"))
            for number in range(499)
        ]
        rare = NewDeal(
            "Ferry tickets", None, stage(session, "Closed Won"), key="rare", competitors=[zanzibar]
        )
        lifecycle.log_all(session, [*new, rare], None, "logged", {})
    only = DealFilter(competitor=zanzibar.key)
    for limit in (1, 10):
        found = of_text(world, catalog, "patient records warehouse", filter=only, limit=limit)
        assert [each.key for each in found] == ["rare"]
        with world.database.read() as session:
            deal = world.deal(session, "kestrel")
            of_deal = kin_of_deal(
                session, world.viewer("charlie"), catalog, deal, filter=only, limit=limit
            )
        assert [each.key for each in of_deal] == ["rare"]
    assert "rare" not in {each.key for each in of_text(world, catalog, "patient records")}


def test_should_keep_the_limit(world: World, catalog: Catalog) -> None:
    every = kin(world, catalog, "kestrel", limit=50)
    for limit in (0, 1, 3):
        assert kin(world, catalog, "kestrel", limit=limit) == every[:limit]


STRANGE = ["", " ", "?!", "\u202e", "😀", "a" * 50_000, "' OR 1=1 --", "the of and", '%_*"']


def test_should_answer_strange_questions(world: World, catalog: Catalog) -> None:
    for text in STRANGE:
        for each in of_text(world, catalog, text):
            assert math.isfinite(each.score)
            assert 0 <= each.score <= sum(Weights().items().values())


def test_should_find_no_kin_in_an_empty_record(database: Database, catalog: Catalog) -> None:
    with database.read() as session:
        assert kin_of_text(session, PLAIN_VIEW, catalog, "anything") == []
    with database.write() as session:
        deal = lifecycle.log(session, "The first deal", None, None)
    with database.read() as session:
        assert kin_of_deal(session, PLAIN_VIEW, catalog, deal) == []
        assert [each.key for each in kin_of_text(session, PLAIN_VIEW, catalog, "deal")] == [
            deal.key
        ]


def say(world: World, about: str, of: str, verdict: Verdict, reason: str = "") -> None:
    with world.database.write() as session:
        deal, other = world.deal(session, about), world.deal(session, of)
        judge(session, deal.id, other.id, verdict, reason, world.people["charlie"])


def take_back(world: World, about: str, of: str) -> None:
    with world.database.write() as session:
        deal, other = world.deal(session, about), world.deal(session, of)
        withdraw(session, deal.id, other.id, world.people["charlie"])


def test_should_hide_an_unlike_kin_for_this_deal_only(world: World, catalog: Catalog) -> None:
    before = kin(world, catalog, "kestrel")
    say(world, "kestrel", "brannoc", Verdict.UNLIKE, "different use")
    after = kin(world, catalog, "kestrel", limit=50)
    assert {each.key for each in after} == {
        key
        for name, key in world.deals.items()
        if name not in ("kestrel", "brannoc", "nightingale")
    }
    assert "brannoc" in names(world, kin(world, catalog, "wards"))
    # And not the other way round.
    assert "kestrel" in names(world, kin(world, catalog, "brannoc"))
    take_back(world, "kestrel", "brannoc")
    assert kin(world, catalog, "kestrel") == before


def test_should_mark_a_liked_kin(world: World, catalog: Catalog) -> None:
    say(world, "kestrel", "havel", Verdict.LIKE)
    liked = {each.key: each.liked for each in kin(world, catalog, "kestrel")}
    assert [key for key, is_liked in liked.items() if is_liked] == [world.deals["havel"]]
    say(world, "kestrel", "havel", Verdict.UNLIKE, REASONS[0])
    assert "havel" not in names(world, kin(world, catalog, "kestrel"))


def test_should_record_the_reason_and_the_author_of_a_judgement(world: World) -> None:
    for reason in ("", "because"):
        with pytest.raises(Invalid) as refused:
            say(world, "kestrel", "brannoc", Verdict.UNLIKE, reason)
        assert set(refused.value.fields) == {"reason"}
    say(world, "kestrel", "brannoc", Verdict.UNLIKE, "too old")
    with world.database.read() as session:
        deal = world.deal(session, "kestrel")
        row = judgements(session, deal.id)[world.deal(session, "brannoc").id]
        assert (row.verdict, row.reason, row.by_id) == (
            "unlike", "too old", world.people["charlie"],
        )  # fmt: skip
    take_back(world, "kestrel", "brannoc")
    take_back(world, "kestrel", "brannoc")
    with world.database.read() as session:
        assert session.exec(select(KinFeedback)).all() == []
        acts = session.exec(
            select(AuditEntry.action)
            .where(AuditEntry.subject == f"deal {deal.id}")
            .order_by(col(AuditEntry.id))
        ).all()
        assert [act for act in acts if "kin" in act] == ["kin unlike", "kin judgement withdrawn"]


def test_should_delete_judgements_with_their_deals(world: World) -> None:
    say(world, "kestrel", "brannoc", Verdict.LIKE)
    with world.database.write() as session:
        deal = lifecycle.log(session, "Short-lived", None, None)
        other = world.deal(session, "brannoc")
        judge(session, deal.id, other.id, Verdict.LIKE, "", None)
        judge(session, other.id, deal.id, Verdict.LIKE, "", None)
        session.flush()
        session.delete(deal)
    with world.database.read() as session:
        assert len(session.exec(select(KinFeedback)).all()) == 1


WORDS = st.lists(st.sampled_from(["patient", "records,", "the", "ward's", "one", "…", "x" * 30]))


@given(WORDS, st.sets(st.sampled_from(["patient", "record", "ward", "one", "none"])))
def test_should_mark_the_hits_of_a_snippet_and_nothing_else(
    words: list[str], hits: set[str]
) -> None:
    width = 5
    pieces = snippet(" ".join(words), hits, "en", width)
    shown = "".join(piece.text for piece in pieces)
    inside = shown.removeprefix("… ").removesuffix("…").split()
    assert len(inside) <= width
    for piece in pieces:
        for word in piece.text.split() if piece.hit else []:
            assert set(stems(word, "en")) & hits
    plain = [word for piece in pieces if not piece.hit for word in piece.text.split()]
    assert not any(set(stems(word, "en")) & hits for word in plain)
    # No other stretch of this width has more of them.
    marked = [bool(set(stems(word, "en")) & hits) for word in words]
    best = max((sum(marked[at : at + width]) for at in range(max(1, len(words)))), default=0)
    assert sum(len(piece.text.split()) for piece in pieces if piece.hit) == best
    # Neighbours differ, so that a page marks stretches and not words.
    assert all(a.hit != b.hit for a, b in pairwise(pieces))


def test_should_show_a_word_of_a_related_name_in_full(world: World, catalog: Catalog) -> None:
    """'Warehouse' is only in the name of Ribera's product."""
    found = of_text(world, catalog, "migration to a warehouse")
    because = {each.key: {t.name: t.because for t in each.terms}["words"] for each in found}
    assert because[world.deals["ribera"]] == "both mention warehouse"


def test_should_show_words_as_they_are_written() -> None:
    text = ["SAP warehouses and Patient Records"]
    assert surfaces(text, ["warehous", "sap", "patient", "gone"], "en") == [
        "warehouses",
        "SAP",
        "patient",
        "gone",
    ]
    # The first text that has a word decides.
    assert surfaces(["Reports", "REPORTING banks"], ["bank", "report"], "en") == [
        "banks",
        "reports",
    ]
    assert surfaces(["naïve"], [], "en") == []
    # What both write as a name is one; what one of them has in a title need not be.
    both = ["We met Beata, and Patient Records were shown", "Ask Beata for the patient list"]
    assert surfaces(both, ["beata", "patient"], "en") == ["Beata", "patient"]
