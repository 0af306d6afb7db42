"""Writes the rows of the index in the transactions that write the documents.

Only the holder of the catalog's lock writes them, so that no two transactions count the same term
at once. Every process keeps the rows wherever there are some, whatever way it searches itself.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col

from similarity.index.boilerplate import LEAST_HOLDERS, LEAST_SHARE, IsBoilerplate, digest_of
from similarity.index.centring import centred
from similarity.index.facets import Facts, facts
from similarity.index.in_database import tables
from similarity.index.in_database.packing import FacetColumns, Terms, key_of, sent
from similarity.index.in_database.tables import DOCUMENT, LANGUAGE, PIECE, POSTING, PRINT, TERM
from similarity.index.sources import Kind
from similarity.index.stored import Entry, centring_of, said_in, stored_entries
from similarity.index.tables import Document
from workspace.database import batches


class _Old(NamedTuple):
    """What is read of a row that is replaced."""

    subject: int
    language: str
    counted: bool
    length: int
    terms: bytes
    prints: list[int]
    digest: int


def follow(
    session: Session, changed: Mapping[Kind, Iterable[int]], renewed: Iterable[Kind]
) -> None:
    """Bring the rows of these subjects in step with their documents, where there are rows.

    `renewed` are the kinds whose mean has been renewed, so that all their vectors move.
    """
    state = tables.kept(session)
    if not state or state.format != tables.FORMAT:
        return
    bring_in_step(session, state.model, changed, renewed)


def bring_in_step(
    session: Session,
    model: str,
    changed: Mapping[Kind, Iterable[int]],
    renewed: Iterable[Kind] = (),
) -> None:
    """Bring the rows of these subjects, which are of a model, in step with their documents."""
    for kind in Kind:
        rows = Rows(session, kind, model)
        if kind in renewed:
            every = sa.select(col(Document.subject_id)).where(col(Document.kind) == kind)
            subjects = [*session.scalars(every), *changed.get(kind, ())]
        else:
            subjects = _outdated(session, kind, sorted(changed.get(kind, ())))
        rows.follow(subjects)


def _outdated(session: Session, kind: Kind, subjects: list[int]) -> list[int]:
    """Those of these subjects whose row is of another document, or of another account.

    Where only facets of a deal are others, they are written here.
    """
    outdated: list[int] = []
    for batch in batches(subjects):
        names = ("subject", "document", "account", *FacetColumns._fields)
        had = sa.select(*(DOCUMENT.c[name] for name in names)).where(
            DOCUMENT.c.kind == str(kind), DOCUMENT.c.subject.in_(batch)
        )
        before: dict[int, list[Any]] = {
            subject: [*state, tuple(shared)] for subject, *state, shared in session.execute(had)
        }
        has = sa.select(col(Document.subject_id), col(Document.id)).where(
            col(Document.kind) == kind, col(Document.subject_id).in_(batch)
        )
        now = {row[0]: [row[1], None, *FacetColumns()] for row in session.execute(has)}
        for deal, deal_facts in (facts(session, batch) if kind is Kind.DEAL else {}).items():
            if deal in now:
                now[deal][1:] = deal_facts.account_id, *FacetColumns.of(deal_facts.facets)
        for subject in batch:
            old, new = before.get(subject), now.get(subject)
            if old is None or new is None or old[:2] != new[:2]:
                if old != new:
                    outdated.append(subject)
            elif old != new:
                columns = FacetColumns(*new[2:])._asdict()
                columns["shared"] = sa.cast(list(columns["shared"]), tables.Integers)
                update = sa.update(DOCUMENT).values(columns)
                row = (DOCUMENT.c.kind == str(kind), DOCUMENT.c.subject == subject)
                session.execute(update.where(*row))
    return outdated


def _of_columns(facts_of: Facts | None) -> list[Any]:
    """The facets of a deal in its columns; of other kinds nothing is known."""
    columns = FacetColumns.of(facts_of.facets) if facts_of else FacetColumns()
    return [*columns[:-1], list(columns.shared)]


class Rows:
    """The rows of one kind."""

    def __init__(self, session: Session, kind: Kind, model: str, *, fresh: bool = False) -> None:
        self._session = session
        self._of = kind
        self._kind = str(kind)
        self._model = model
        # Whether all rows are new, so that vectors are indexed when all of them are there.
        self._fresh = fresh
        # While they are, the number of each term and its holders are counted here.
        self._vocabulary: dict[str, list[int]] | None = {} if fresh else None
        last = sa.select(sa.func.coalesce(sa.func.max(TERM.c.id), 0))
        self._first = 0 if not fresh else session.scalars(last).one() + 1
        self._centring = centring_of(session, kind, model)

    def follow(self, subjects: Sequence[int]) -> None:
        """Bring the rows of these subjects in step with their stored documents."""
        if subjects:
            self.put(subjects)
            self.settle()

    def put(self, subjects: Sequence[int]) -> None:
        """Put the stored documents of these subjects in the place of their rows. `settle` has to
        follow."""
        for batch in batches(subjects):
            entries = stored_entries(self._session, self._of, self._model, batch)
            self._replace(batch, entries)
        if self._vocabulary:
            self._write_vocabulary(self._vocabulary)
        self._vocabulary = None

    def settle(self) -> None:
        """Decide again what is boilerplate, and put the words again of documents that have it."""
        for batch in batches(self._settle()):
            self._reword(
                stored_entries(self._session, self._of, self._model, batch, with_vectors=False)
            )

    def _replace(self, subjects: Sequence[int], entries: Sequence[Entry]) -> None:
        """Put these entries in the place of the rows of these subjects."""
        old = self._old(subjects)
        digests = {each.id: digest_of(each.prints, each.account, each.id) for each in entries}
        self._recount_sentences(old, entries, digests)
        is_boilerplate = self._is_boilerplate()
        said = {each.id: said_in(each, is_boilerplate) for each in entries}
        terms = self._recount_terms(old, entries, {key: words for key, (words, _) in said.items()})
        self._delete_postings(old)
        for table in (PIECE, DOCUMENT):
            gone = sa.delete(table).where(
                table.c.kind == self._kind, table.c.subject.in_(list(subjects))
            )
            self._session.execute(gone)
        self._copy_documents(entries, digests, said, terms)
        self._copy_postings(entries, terms)
        self._copy_pieces(entries)

    def _reword(self, entries: Sequence[Entry]) -> None:
        """Put the words of documents again, of which other sentences are boilerplate now."""
        old = self._old([entry.id for entry in entries])
        is_boilerplate = self._is_boilerplate()
        said = {each.id: said_in(each, is_boilerplate) for each in entries}
        terms = self._recount_terms(old, entries, {key: words for key, (words, _) in said.items()})
        self._delete_postings(old)
        update = (
            sa.update(DOCUMENT)
            .where(DOCUMENT.c.kind == self._kind, DOCUMENT.c.subject == sa.bindparam("of"))
            .values({name: sa.bindparam(f"new_{name}") for name in ("length", "terms", "hollow")})
        )
        self._session.connection().execute(
            update,
            [
                {
                    "of": entry.id,
                    "new_length": len(said[entry.id][0]),
                    "new_terms": terms[entry.id].packed(),
                    "new_hollow": said[entry.id][1],
                }
                for entry in entries
            ],
        )
        self._copy_postings(entries, terms)

    def _old(self, subjects: Sequence[int]) -> list[_Old]:
        columns = [DOCUMENT.c[name] for name in _Old._fields]
        query = sa.select(*columns).where(
            DOCUMENT.c.kind == self._kind, DOCUMENT.c.subject.in_(list(subjects))
        )
        return [_Old(*row) for row in self._session.execute(query)]

    def _is_boilerplate(self) -> IsBoilerplate:
        query = sa.select(PRINT.c.print).where(PRINT.c.kind == self._kind, PRINT.c.boilerplate)
        known = set(self._session.scalars(query))
        return lambda prints: not known.isdisjoint(prints)

    def _recount_sentences(
        self, old: Sequence[_Old], entries: Sequence[Entry], digests: Mapping[int, int]
    ) -> None:
        """Count the holders of sentences again. Documents of one account with the same sentences
        are copies, and count as one; see `SentenceIndex`."""
        prints: dict[int, Iterable[int]] = {}
        change: Counter[int] = Counter()
        for row in old:
            if row.counted and row.prints:
                prints[row.digest] = row.prints
                change[row.digest] -= 1
        for entry in entries:
            if entry.counted and (own := entry.prints):
                prints[digests[entry.id]] = own
                change[digests[entry.id]] += 1
        moved = [digest for digest, more in change.items() if more]
        counts = (
            sa.select(DOCUMENT.c.digest, sa.func.count())
            .where(
                DOCUMENT.c.kind == self._kind,
                DOCUMENT.c.counted,
                DOCUMENT.c.digest.in_(moved),
                DOCUMENT.c.prints != sa.cast([], tables.Integers),
            )
            .group_by(DOCUMENT.c.digest)
        )
        before: dict[int, int] = dict(self._session.execute(counts).all()) if moved else {}
        more: Counter[int] = Counter()
        for digest in moved:
            had = before.get(digest, 0)
            step = bool(had + change[digest]) - bool(had)
            if step:
                more.update(dict.fromkeys(prints[digest], step))
        self._add(PRINT, ("print",), {(each,): (n,) for each, n in more.items() if n}, ("holders",))
        if any(n < 0 for n in more.values()):
            self._session.execute(
                sa.delete(PRINT).where(
                    PRINT.c.kind == self._kind,
                    PRINT.c.print.in_([each for each, n in more.items() if n < 0]),
                    PRINT.c.holders == 0,
                    ~PRINT.c.boilerplate,
                )
            )

    def _settle(self) -> list[int]:
        """Decide again what is boilerplate; the documents that hold what has become it, or is none
        any more."""
        total = sa.select(sa.func.coalesce(sa.func.sum(LANGUAGE.c.documents), 0))
        counted = self._session.scalars(total.where(LANGUAGE.c.kind == self._kind)).one()
        least = max(LEAST_HOLDERS, math.ceil(LEAST_SHARE * counted))
        flips: list[int] = []
        for now, condition in (
            (False, PRINT.c.holders >= least),
            (True, PRINT.c.holders < least),
        ):
            update = (
                sa.update(PRINT)
                .where(
                    PRINT.c.kind == self._kind, PRINT.c.boilerplate == sa.literal(now), condition
                )
                .values(boilerplate=not now)
            )
            flips += self._session.scalars(update.returning(PRINT.c.print))
        if not flips:
            return []
        holding = sa.select(DOCUMENT.c.subject).where(
            DOCUMENT.c.kind == self._kind,
            DOCUMENT.c.prints.op("&&")(sa.cast(flips, tables.Integers)),
        )
        return sorted(self._session.scalars(holding))

    def _recount_terms(
        self, old: Sequence[_Old], entries: Sequence[Entry], words: Mapping[int, Sequence[str]]
    ) -> dict[int, Terms]:
        """Count the holders of terms, and the languages and words, again; the terms of each entry
        by the numbers that they now have."""
        counts_of = {entry.id: Counter(map(key_of, words[entry.id])) for entry in entries}
        gone: defaultdict[int, list[int]] = defaultdict(lambda: [0, 0])
        languages: defaultdict[tuple[str], list[int]] = defaultdict(lambda: [0, 0])
        for row in old:
            for number in Terms.stored(row.terms).numbers.tolist():
                gone[number][0] -= row.counted
                gone[number][1] -= 1
            if row.counted:
                languages[row.language,][0] -= 1
                languages[row.language,][1] -= row.length
        come: defaultdict[tuple[str], list[int]] = defaultdict(lambda: [0, 0])
        for entry in entries:
            for term in counts_of[entry.id]:
                come[term,][0] += entry.counted
                come[term,][1] += 1
            if entry.counted:
                languages[entry.language,][0] += 1
                languages[entry.language,][1] += len(words[entry.id])
        if gone:
            self._subtract(gone)
        if self._vocabulary is None:
            numbers = self._add(TERM, ("term",), come, ("counted", "holders"), returning=TERM.c.id)
        else:
            numbers = self._counted(self._vocabulary, come)
        self._add(LANGUAGE, ("language",), languages, ("documents", "words"))
        if gone:
            unused = sa.delete(TERM).where(TERM.c.id.in_(list(gone)), TERM.c.holders == 0)
            self._session.execute(unused)
        terms = {}
        for document, counts in counts_of.items():
            terms[document] = Terms.of({numbers[term]: n for term, n in counts.items()})
        return terms

    def _counted(
        self, vocabulary: dict[str, list[int]], come: Mapping[tuple[str], Sequence[int]]
    ) -> dict[str, int]:
        """Count holders of terms in a vocabulary; the numbers of these terms."""
        numbers = {}
        for (term,), (counted, holders) in come.items():
            known = vocabulary.setdefault(term, [self._first + len(vocabulary), 0, 0])
            known[1] += counted
            known[2] += holders
            numbers[term] = known[0]
        return numbers

    def _write_vocabulary(self, vocabulary: Mapping[str, Sequence[int]]) -> None:
        rows = (
            (number, self._kind, term, counted, holders)
            for term, (number, counted, holders) in vocabulary.items()
        )
        self._copy(TERM, ("int4", "text", "text", "int4", "int4"), rows)
        counter = sa.func.pg_get_serial_sequence(TERM.name, "id")
        last = self._first + len(vocabulary)
        self._session.execute(sa.select(sa.func.setval(counter, last)))

    def _subtract(self, gone: Mapping[int, Sequence[int]]) -> None:
        less = sa.func.unnest(
            sa.cast(list(gone), tables.Integers),
            sa.cast([each[0] for each in gone.values()], tables.Integers),
            sa.cast([each[1] for each in gone.values()], tables.Integers),
        ).table_valued(*(sa.column(name, sa.Integer) for name in ("id", "counted", "holders")))
        less = less.render_derived("less")
        self._session.execute(
            sa.update(TERM)
            .where(TERM.c.id == less.c.id)
            .values(
                counted=TERM.c.counted + less.c.counted, holders=TERM.c.holders + less.c.holders
            )
        )

    def _add(
        self,
        table: sa.TableClause,
        keys: tuple[str],
        more: Mapping[tuple[Any], Sequence[int]],
        columns: Sequence[str],
        returning: Any = None,
    ) -> dict[Any, int]:
        """Add numbers to columns of the rows with these keys, which are made where they lack."""
        if not more:
            return {}
        ordered = sorted(more)
        arrays = [
            sa.cast([each[0] for each in ordered], sa.ARRAY(table.c[keys[0]].type)),
            *(
                sa.cast([more[each][at] for each in ordered], sa.ARRAY(table.c[name].type))
                for at, name in enumerate(columns)
            ),
        ]
        rows = sa.func.unnest(*arrays).table_valued(
            sa.column("key", table.c[keys[0]].type),
            *(sa.column(name, table.c[name].type) for name in columns),
        )
        rows = rows.render_derived("more")
        new = insert(table).from_select(
            ["kind", keys[0], *columns],
            sa.select(sa.literal(self._kind, sa.Text), rows.c.key, *(rows.c[n] for n in columns)),
        )
        changed = new.on_conflict_do_update(
            index_elements=["kind", keys[0]],
            set_={name: table.c[name] + new.excluded[name] for name in columns},
        )
        if returning is None:
            self._session.execute(changed)
            return {}
        found = self._session.execute(changed.returning(table.c[keys[0]], returning))
        return dict(found.all())

    def _delete_postings(self, old: Sequence[_Old]) -> None:
        terms = [Terms.stored(row.terms).numbers for row in old]
        if not terms:
            return
        subjects = np.repeat([row.subject for row in old], list(map(len, terms))).tolist()
        gone = sa.func.unnest(
            sa.cast(np.concatenate(terms).tolist(), tables.Integers),
            sa.cast(subjects, tables.Integers),
        ).table_valued(sa.column("term", sa.Integer), sa.column("subject", sa.Integer))
        gone = gone.render_derived("gone")
        self._session.execute(
            sa.delete(POSTING).where(
                POSTING.c.term == gone.c.term, POSTING.c.subject == gone.c.subject
            )
        )

    def _copy_postings(self, entries: Sequence[Entry], terms: Mapping[int, Terms]) -> None:
        self._copy(
            POSTING,
            ("int4", "int4", "int2", "int4"),
            (
                (number, entry.id, count, total)
                for entry in entries
                for own in [terms[entry.id]]
                for total in [int(own.counts.sum(dtype=np.int64))]
                for number, count in zip(own.numbers.tolist(), own.counts.tolist(), strict=True)
            ),
        )

    def _copy_documents(
        self,
        entries: Sequence[Entry],
        digests: Mapping[int, int],
        said: Mapping[int, tuple[list[str], bool]],
        terms: Mapping[int, Terms],
    ) -> None:
        self._copy(
            DOCUMENT,
            ("text", "int4", "int4", "int4", "text", "bool", "int4", "bytea", "bytea", "bool",
             "int4[]", "int8", "text", "int4", "text", "text", "int4", "int4[]"),
            (
                (
                    self._kind,
                    entry.id,
                    entry.row,
                    entry.account,
                    entry.language,
                    entry.counted,
                    len(said[entry.id][0]),
                    terms[entry.id].packed(),
                    bytes(entry.roles[: len(entry.vectors)]),
                    said[entry.id][1],
                    sorted(entry.prints),
                    digests[entry.id],
                    *_of_columns(entry.facts),
                )
                for entry in entries
            ),
        )  # fmt: skip

    def _copy_pieces(self, entries: Sequence[Entry]) -> None:
        rows: list[tuple[Any, ...]] = []
        for entry in entries:
            if not len(entry.vectors):
                continue
            mean = self._centring.means.get(entry.language, self._centring.mean)
            moved = sent(centred(entry.vectors, mean))
            rows += (
                (self._kind, entry.id, position, entry.counted, vector)
                for position, vector in enumerate(moved)
            )
        if not rows:
            return
        state = tables.kept(self._session)
        if not self._fresh and state and not state.dimension:
            dimension = next(entry.vectors.shape[1] for entry in entries if len(entry.vectors))
            tables.index_vectors(self._session, dimension)
        self._copy(PIECE, ("text", "int4", "int2", "bool", "bytea"), rows)

    def _copy(
        self, table: sa.TableClause, types: Sequence[str], rows: Iterable[Sequence[Any]]
    ) -> None:
        """Add rows by PostgreSQL's COPY, several times as fast as statements."""
        driver: Any = self._session.connection().connection.driver_connection
        columns = ", ".join(column.name for column in table.columns)
        command = f"COPY {table.name} ({columns}) FROM STDIN (FORMAT BINARY)"
        with driver.cursor() as cursor, cursor.copy(command) as copy:
            copy.set_types(types)
            for row in rows:
                copy.write_row(row)
