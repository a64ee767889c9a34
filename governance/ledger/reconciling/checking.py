"""One pass over all entries, stream by stream, and beside it the rows of these streams.

Streams are read in the order of the index on (stream, number), a few thousand entries at a time; the rows of
many streams are read at once. Of the entries themselves this pass looks at what the walk over the leaves does
not: numbers of those that wait for their leaf, times, and the columns that pages read instead of the body.
"""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
from django.db import DataError, OperationalError, connection, transaction
from psycopg import Cursor

from governance.ledger.canonical import format_time
from governance.ledger.fsck.findings import Finding
from governance.ledger.fsck.progress import Progress, silently
from governance.ledger.models import Entry
from governance.ledger.reconciling.blobs import Named, missing
from governance.ledger.reconciling.declared import UNREADABLE, Declaration, Said
from governance.ledger.reconciling.folding import Folded, Listeners
from governance.ledger.reconciling.opening import open_all
from governance.ledger.reconciling.rows import gone_by_entry, rows_by_entry, rows_of, without_entries

READ_AT_ONCE = 4096
STREAMS_AT_ONCE = 400
ROWS_AT_ONCE = 20_000
BESIDE, BY_ENTRY = "rows beside their entries", "rows that name their entry"
MOST_NAMED = 100
"""Differences that are named; further ones are counted."""

_ENTRIES = """
SELECT stream, stream_seq, id::text, at, body, {is_other}
FROM entry WHERE (stream, stream_seq) > (%s, %s) ORDER BY stream, stream_seq LIMIT %s
"""
# Written out: what a function of the database answers is up to whoever owns the database.
_COMPARED = "document IS DISTINCT FROM pg_catalog.convert_from(body, 'UTF8')::pg_catalog.jsonb"
_AS_TEXT = "document::text"
_BLOBS = (
    "SELECT digest FROM blob WHERE digest <> 'sha256:' || encode(sha256(bytes), 'hex') ORDER BY 1 LIMIT 1"
)

Row = tuple[str, int, str, datetime, bytes, bool]


class Head(msgspec.Struct):
    """What every body says of its own place."""

    id: str
    type: str
    at: str
    refs: dict[str, str | None] = {}


@dataclass(frozen=True)
class Reconciliation:
    """How many entries and rows were compared, and what was found."""

    entries: int
    rows: int
    findings: tuple[Finding, ...]


@contextmanager
def one_snapshot() -> Iterator[None]:
    """Read the database as it is now, whatever is written meanwhile."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        yield


def reconcile(declarations: Sequence[Declaration], progress: Progress = silently) -> Reconciliation:
    """Compare all governed rows with the entries of their streams, within :func:`one_snapshot`."""
    found = _Pass(declarations, progress)
    found.run()
    return Reconciliation(found.entries, found.rows, tuple(found.findings))


class _Pass:
    """The state of one pass."""

    def __init__(self, declarations: Sequence[Declaration], progress: Progress) -> None:
        self.findings: list[Finding] = []
        self.entries = self.rows = 0
        self._listeners = Listeners(declarations)
        self._progress = progress
        self._kinds: set[str] = set()
        self._unnamed = 0
        self._told_by_entry: dict[int, int] = {}
        self._head = msgspec.json.Decoder(Head)
        self._said = msgspec.json.Decoder(Said)
        self._named = Named()

    def run(self) -> None:
        """All entries, then the tables whose rows name their entries, rows without any, and blobs."""
        total = Entry.objects.count()
        waiting: list[Folded] = []
        for folded in self._streams(total):
            waiting.append(folded)
            told = sum(len(rows) for one in waiting for rows in one.rows.values())
            if len(waiting) >= STREAMS_AT_ONCE or told >= ROWS_AT_ONCE:
                self._compare(waiting)
                waiting = []
        self._compare(waiting)
        self._compare_by_entry()
        for declared in self._listeners.declarations:
            for finding in without_entries(declared):
                self._note(finding)
        self._blobs()
        if self._unnamed:
            self.findings.append(Finding("row", f"And {self._unnamed:,} further differences of rows."))

    def _streams(self, total: int) -> Iterator[Folded]:
        folded: Folded | None = None
        last: tuple[str, int] = ("", 0)
        last_at = ""
        while rows := _entries(last):
            for stream, seq, key, at, body, is_other in rows:
                if folded is None or folded.stream != stream:
                    if folded is not None:
                        yield folded
                    folded, last, last_at = Folded(stream, self._listeners), (stream, 0), ""
                last_at = self._hear(folded, (stream, seq, key, at, body, is_other), last[1], last_at)
                last = (stream, seq)
            self.entries += len(rows)
            self._progress(BESIDE, self.entries, total)
        if folded is not None:
            yield folded

    def _hear(self, folded: Folded, row: Row, last: int, last_at: str) -> str:
        """Take in one entry; answers its time."""
        stream, seq, key, at, body, is_other = row
        try:
            head = self._head.decode(body)
        except UNREADABLE:
            self._once("body", f"Entry {seq} of {stream} is no JSON of an entry.")
            return last_at
        self._named.take(stream, seq, head.refs)
        if seq != last + 1:
            self._once("stream", f"Entry {seq} of {stream} stands behind number {last}: some are missing.")
        if head.at < last_at:
            self._once(
                "time", f"Entry {seq} of {stream} is of {head.at}, and the one before it of {last_at}."
            )
        if is_other or (key, format_time(at)) != (head.id, head.at):
            what = "what pages show of it (its id, its time or its document) is not its body"
            sentence = f"Entry {seq} of {stream}: {what}."
            self._once("shown", sentence)
        if self._listeners.of(stream.partition(":")[0], head.type):
            try:
                folded.hear(self._said.decode(body), head.at == last_at)
            except UNREADABLE:
                self._once("unreadable", f"Entry {seq} of {stream} does not say what a {head.type} says.")
        return max(head.at, last_at)

    def _compare(self, streams: Sequence[Folded]) -> None:
        """The rows of these streams beside what is said of them."""
        for stream, seq in open_all(streams):
            self._once("unreadable", f"Entry {seq} of {stream} names a list that cannot be read.")
        for place, declared in enumerate(self._listeners.declarations):
            mine = [one for one in streams if one.stream.partition(":")[0] == declared.model.stream_prefix]
            for one in mine:
                self._told_by_entry[place] = self._told_by_entry.get(place, 0) + one.counted.get(place, 0)
            try:
                for compared, finding in rows_of(declared, place, mine):
                    self.rows += compared
                    if finding is not None:
                        self._note(finding)
            except UNREADABLE:
                table = declared.model._meta.db_table
                self._once("unreadable", f"Rows of {table} or their entries cannot be read.")

    def _compare_by_entry(self) -> None:
        total, done = sum(self._told_by_entry.values()), 0
        for place, declared in enumerate(self._listeners.declarations):
            before = done
            for finding in rows_by_entry(declared, self._said):
                done += 1
                if finding is not None:
                    self._note(finding)
                if done % READ_AT_ONCE == 0:
                    self._progress(BY_ENTRY, done, total)
            if done - before != self._told_by_entry.get(place, 0):
                for gone in gone_by_entry(declared):
                    self._note(gone)
        self.rows += done
        self._progress(BY_ENTRY, done, total)

    def _blobs(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute(_BLOBS)
            for (digest,) in cursor.fetchall():
                self._once("blob", f"The bytes stored under {digest} have another digest.")
        for sentence in missing(self._named):
            self._note(Finding("blob", sentence))

    def _once(self, kind: str, sentence: str) -> None:
        if kind not in self._kinds:
            self._kinds.add(kind)
            self.findings.append(Finding(kind, sentence))

    def _note(self, finding: Finding) -> None:
        if len(self.findings) < MOST_NAMED:
            self.findings.append(finding)
        else:
            self._unnamed += 1


def _entries(after: tuple[str, int]) -> list[Row]:
    try:
        with transaction.atomic():
            return _page(_COMPARED, after)
    except (DataError, OperationalError):
        # A body among them is no JSON, which the database says of none in particular.
        return [(*row[:5], _is_other(row[5], row[4])) for row in _page(_AS_TEXT, after)]


def _page(is_other: str, after: tuple[str, int]) -> list[Any]:
    connection.ensure_connection()
    with connection.wrap_database_errors, Cursor(connection.connection) as cursor:
        statement = _ENTRIES.format(is_other=is_other).encode()
        return cursor.execute(statement, [*after, READ_AT_ONCE], binary=True).fetchall()


def _is_other(document: str | None, body: bytes) -> bool:
    try:
        return document is None or json.loads(document) != json.loads(body)
    except UNREADABLE:
        return True
