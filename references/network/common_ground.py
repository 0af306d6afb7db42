"""Common ground: what two people share that they could talk about."""

import itertools
import math
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from references.network.ties import Tie, strength_on, visible
from workspace.clock import today
from workspace.keys import plain
from workspace.people.profile_privacy import HiddenField, ProfileField
from workspace.people.tables import (
    Education,
    Employment,
    Gathering,
    Membership,
    Person,
    language_name,
    languages_of,
)
from workspace.people.viewer import Viewer

# The worth of a shared place: at the same time, and at different times.
_WORTH = {"employer": (0.6, 0.3), "school": (0.45, 0.25), "circle": (0.4, 0.25)}
_HOME_TOWN = 0.4
_CITY = 0.1
_LANGUAGE = 0.2
# Most people at work share English, so that it says little.
_ENGLISH = 0.03


@dataclass(frozen=True)
class Shared:
    """Something that two people share, and its worth for a conversation, from 0 to 1."""

    kind: str
    text: str
    worth: float


@dataclass(frozen=True)
class _Stay:
    name: str
    plain_name: str
    start: date | None
    end: date | None


@dataclass(frozen=True)
class _Origins:
    """Where a person is from, as it is compared and as it is shown, and what they speak."""

    home_town: str
    plain_home_town: str
    city: str
    plain_city: str
    languages: frozenset[str]


def common_ground(
    session: Session,
    viewer: Viewer,
    ours: Collection[int],
    theirs: Collection[int],
    *,
    but_not: str = "",
) -> dict[tuple[int, int], list[Shared]]:
    """What each of ours shares with each of theirs, the best first; no pair that shares nothing.

    Ties are those that the viewer may see, except those of the origin `but_not`.
    """
    pairs = itertools.product(ours, theirs)
    return ground_of_pairs(session, viewer, list(pairs), but_not=but_not)


def ground_of_pairs(
    session: Session,
    viewer: Viewer,
    pairs: Collection[tuple[int, int]],
    *,
    but_not: str = "",
) -> dict[tuple[int, int], list[Shared]]:
    """What the two of each pair share, the best first; no pair that shares nothing."""
    if not pairs:
        return {}
    ours, theirs = {one for one, _ in pairs}, {other for _, other in pairs}
    people = ours | theirs
    stays = _stays(session, people)
    origins = _origins(session, viewer, people)
    ties = _ties(session, viewer, ours, theirs, but_not)
    # Many people are from the same places, so that what follows from them is compared once.
    number = {each: place for place, each in enumerate(dict.fromkeys(origins.values()))}
    numbers = {person: number[each] for person, each in origins.items()}
    compared: dict[tuple[int, int], list[Shared]] = {}
    ground: dict[tuple[int, int], list[Shared]] = {}
    for pair in pairs:
        one, other = pair
        if one == other or one not in numbers or other not in numbers:
            continue
        both = numbers[one], numbers[other]
        if (shared := compared.get(both)) is None:
            shared = compared[both] = _best_first(_shared_origins(origins[one], origins[other]))
        more = ties.get(pair, [])
        if one in stays and other in stays:
            more = [*more, *_shared_stays(stays[one], stays[other])]
        if more or shared:
            ground[pair] = _best_first([*more, *shared]) if more else shared
    return ground


def worth_of(shared: Iterable[Shared]) -> float:
    """The combined worth of everything that two people share, from 0 to 1."""
    return 1.0 - math.prod(1.0 - item.worth for item in shared)


def _best_first(shared: Iterable[Shared]) -> list[Shared]:
    return sorted(shared, key=lambda item: (-item.worth, item.text))


# Making these queries takes longer than running them.
_FEW: Any = sa.bindparam("people", expanding=True)
_JOBS = select(Employment).where(col(Employment.person_id).in_(_FEW))
_STUDIES = select(Education).where(col(Education.person_id).in_(_FEW))
_MEMBERSHIPS = select(Membership).where(col(Membership.person_id).in_(_FEW))
_PEOPLE = select(Person).where(col(Person.id).in_(_FEW))
_HIDING = select(HiddenField).where(col(HiddenField.person_id).in_(_FEW))


def _stays(session: Session, people: Collection[int]) -> dict[int, dict[str, list[_Stay]]]:
    """Where each of these people was, by the kind of place."""
    stays: dict[int, dict[str, list[_Stay]]] = {}

    def add(person_id: int, kind: str, name: str, start: date | None, end: date | None) -> None:
        if plain_name := plain(name):
            of_kind = stays.setdefault(person_id, {}).setdefault(kind, [])
            of_kind.append(_Stay(name, plain_name, start, end))

    of = {"people": list(people)}
    for job in session.exec(_JOBS, params=of):
        add(job.person_id, "employer", job.organisation, job.start, job.end or today())
    for study in session.exec(_STUDIES, params=of):
        start, end = study.start or study.end, study.end or study.start
        add(study.person_id, "school", study.institution, start, end)
    for row in session.exec(_MEMBERSHIPS, params=of):
        ends = row.end or (row.start if row.kind == Gathering.EVENT else today())
        add(row.person_id, "circle", row.organisation, row.start, ends)
    return stays


def _shared_stays(
    ours: Mapping[str, list[_Stay]], theirs: Mapping[str, list[_Stay]]
) -> list[Shared]:
    shared: list[Shared] = []
    for kind, worth in _WORTH.items():
        if kind in ours and kind in theirs:
            shared += _places(kind, worth, ours[kind], theirs[kind])
    return shared


def _places(
    kind: str, worth: tuple[float, float], ours: list[_Stay], theirs: list[_Stay]
) -> list[Shared]:
    """The places that both share, each once; at the same time if they ever were."""
    best: dict[str, Shared] = {}
    for one, other in itertools.product(ours, theirs):
        name = one.plain_name
        if name != other.plain_name:
            continue
        start = max(filter(None, (one.start, other.start)), default=None)
        end = min(filter(None, (one.end, other.end)), default=None)
        known = one.start and other.start and one.end and other.end
        together = bool(known and start and end and start <= end)
        what = {"employer": "worked at", "school": "studied at", "circle": "were part of"}[kind]
        when = f", {_years(start, end)}" if together and start and end else ""
        text = f"both {what} {one.name}{when}" + ("" if together else ", at other times")
        shared = Shared(kind, text, worth[0] if together else worth[1])
        if name not in best or best[name].worth < shared.worth:
            best[name] = shared
    return list(best.values())


def _origins(session: Session, viewer: Viewer, people: Collection[int]) -> dict[int, _Origins]:
    rows = session.exec(_PEOPLE, params={"people": list(people)}).all()
    hiding = session.exec(_HIDING, params={"people": list(people)})
    hidden = {(row.person_id, row.field) for row in hiding if row.person_id != viewer.person_id}
    origins = {}
    for person in rows:
        hides_town = (person.id, ProfileField.HOME_TOWN) in hidden
        town = "" if hides_town else person.home_town
        hides_languages = (person.id, ProfileField.LANGUAGES) in hidden
        spoken = frozenset() if hides_languages else frozenset(languages_of(person))
        origins[person.id] = _Origins(town, plain(town), person.city, plain(person.city), spoken)
    return origins


def _shared_origins(one: _Origins, other: _Origins) -> list[Shared]:
    shared = []
    if one.plain_home_town and one.plain_home_town == other.plain_home_town:
        shared.append(Shared("home town", f"both from {one.home_town}", _HOME_TOWN))
    if one.plain_city and one.plain_city == other.plain_city:
        shared.append(Shared("city", f"both in {one.city}", _CITY))
    spoken = one.languages & other.languages
    for language in sorted(spoken - {"en"}):
        shared.append(Shared("language", f"both speak {language_name(language)}", _LANGUAGE))
    if spoken == {"en"}:
        shared.append(Shared("language", "both speak English", _ENGLISH))
    return shared


def _ties(
    session: Session,
    viewer: Viewer,
    ours: Collection[int],
    theirs: Collection[int],
    but_not: str,
) -> dict[tuple[int, int], list[Shared]]:
    """The ties between them, except those that follow from the facts compared here."""
    ties: dict[tuple[int, int], list[Shared]] = defaultdict(list)
    people = {*ours, *theirs}
    query = select(Tie).where(
        visible(session, viewer),
        col(Tie.one_id).in_(people),
        col(Tie.other_id).in_(people),
        col(Tie.source).not_in(("employment", "education", "membership")),
        sa.or_(col(Tie.origin) == "", col(Tie.origin) != but_not),
    )
    for tie in session.exec(query.order_by(col(Tie.id))):
        text = f"{tie.kind}: {tie.evidence or tie.source}"
        shared = Shared("tie", text, strength_on(tie, today()))
        for two in ((tie.one_id, tie.other_id), (tie.other_id, tie.one_id)):
            if two[0] in ours and two[1] in theirs:
                ties[two].append(shared)
    return ties


def _years(start: date, end: date) -> str:
    return f"{start.year}" if start.year == end.year else f"{start.year}–{end.year}"
