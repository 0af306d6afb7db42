"""Records that a name being typed may mean, so that nobody adds an account or a person twice."""

from collections.abc import Collection, Mapping

from rapidfuzz import fuzz
from sqlmodel import Session

from similarity.names.lookup import Closeness, NameMatch, find_names
from similarity.names.spelling import words_of
from similarity.names.tables import Subject
from similarity.search import Hit, hidden_subjects, hits_of_ids
from workspace.accounts.company_names import company_keys, same_company
from workspace.people.names import name_key, names_alike
from workspace.people.viewer import Viewer

# A name that is being typed means nothing before this many letters.
FEWEST_LETTERS = 3
# How alike the letters of two names are, of 100, if one is a misspelt version of the other.
ALIKE = 85.0
# How many records share one word of a name before it says nothing.
_MOST_SHARING = 30


def likely_existing(
    session: Session, viewer: Viewer, text: str, kind: Subject, *, limit: int = 4
) -> list[Hit]:
    """The accounts or people that a name may mean, the most alike first.

    They begin with what is typed, differ by typing errors, by a legal form, a nickname or an
    initial, or are written in another script.
    """
    if len("".join(words_of(text))) < FEWEST_LETTERS:
        return []
    hidden = hidden_subjects(session, viewer)[kind]
    begun = _named(session, text, kind, hidden)
    found = dict(begun)
    for word in {*words_of(text), *company_keys(text)}:
        named = _named(session, word, kind, hidden)
        if len(named) < _MOST_SHARING:
            found |= named
    hits = hits_of_ids(session, viewer, kind, list(found), False)
    shares = {
        row_id: max(likeness(hit.name, text, kind), ALIKE if row_id in begun else 0.0)
        for row_id, hit in hits.items()
    }
    alike = [row_id for row_id, share in shares.items() if share >= ALIKE]
    alike.sort(key=lambda row_id: (-shares[row_id], row_id))
    return [hits[row_id] for row_id in alike[:limit]]


def likeness(name: str, typed: str, kind: Subject) -> float:
    """How alike two names are: 100 where they can mean one account or person."""
    if kind == Subject.ACCOUNT:
        if same_company(name, typed):
            return 100.0
        return max(
            fuzz.ratio(one.replace(" ", ""), other.replace(" ", ""))
            for one in company_keys(name)
            for other in company_keys(typed)
        )
    if names_alike(name, typed):
        return 100.0
    return float(fuzz.token_sort_ratio(name_key(name), name_key(typed)))


def _named(
    session: Session, text: str, kind: Subject, hidden: Collection[int]
) -> Mapping[int, NameMatch]:
    matches = find_names(session, text, kind, limit=_MOST_SHARING, hidden=hidden)
    # A key, an address or a telephone is no name.
    return {
        match.subject_id: match
        for match in matches
        if match.closeness not in (Closeness.KEY, Closeness.ADDRESS, Closeness.PHONE)
    }
