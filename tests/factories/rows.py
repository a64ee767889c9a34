"""The rows that a part of a transaction wrote, and the same rows written again in another.

PostgreSQL says of each row by which part of a transaction it was written, and in which order.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

from django.db import connection
from django.db.backends.utils import CursorWrapper

STANDING = """
SELECT coalesce(pg_current_xact_id_if_assigned()::text, ''),
  sum(pg_stat_get_xact_tuples_inserted(oid) + pg_stat_get_xact_tuples_updated(oid)
      + pg_stat_get_xact_tuples_deleted(oid))::bigint
FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'
"""
TABLES = """
SELECT c.relname,
  string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum)
    FILTER (WHERE a.attgenerated = '' AND has_column_privilege(c.oid, a.attnum, 'INSERT')),
  (SELECT string_agg(quote_ident(k.attname), ', ') FROM pg_index i JOIN pg_attribute k
     ON k.attrelid = i.indrelid AND k.attnum = ANY (i.indkey) WHERE i.indrelid = c.oid AND i.indisprimary),
  string_agg(format('%1$I = EXCLUDED.%1$I', a.attname), ', ')
    FILTER (WHERE a.attgenerated = '' AND has_column_privilege(c.oid, a.attnum, 'UPDATE')),
  has_table_privilege(c.oid, 'DELETE')
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
  AND a.attnum > 0 AND NOT a.attisdropped AND c.relname <> 'django_migrations'
GROUP BY c.oid, c.relname ORDER BY c.relname
"""
MARK = """
INSERT INTO django_session (session_key, session_data, expire_date) VALUES ('mark', '', now())
RETURNING xmin::text::bigint
"""
UNMARK = "DELETE FROM django_session WHERE session_key = 'mark'"


Keys = frozenset[tuple[int, str]]
"""Rows by the number of their table and their primary key as text."""


@dataclass(frozen=True)
class Mark:
    """What is written from here on has this number or a higher one; these rows stand here already."""

    number: int
    present: Keys


@dataclass(frozen=True)
class Table:
    """A table, its key, the columns that may be written and what to do with a row that stands there."""

    name: str
    key: str
    columns: str
    conflict: str
    may_lose: bool
    """Whether rows may be removed; from most tables the application may not."""

    def insert(self) -> str:
        """Write the rows given as texts."""
        return (
            f'INSERT INTO "{self.name}" ({self.columns}) SELECT {self.columns} '
            f'FROM unnest(%s::text[]::"{self.name}"[]) {self.conflict}'
        )

    def delete(self) -> str:
        """Remove the rows whose keys are given as texts."""
        return f'DELETE FROM "{self.name}" WHERE ROW({self.key})::text = ANY (%s)'


@dataclass(frozen=True)
class Kept:
    """By table the keys of rows that are gone, and rows in the order in which they were written last, each
    as PostgreSQL writes rows."""

    gone: dict[Table, list[str]]
    written: dict[Table, list[str]]

    @cached_property
    def statement(self) -> str:
        """All of it as one text for the server: filling it in takes longer than running it."""
        gone = [(table.delete(), keys) for table, keys in self.gone.items()]
        written = [(table.insert(), rows) for table, rows in self.written.items()]
        with connection.cursor() as cursor:
            return "; ".join(cursor.mogrify(text, [given]) for text, given in gone + written)


def standing() -> tuple[str, int]:
    """The transaction's number, '' before it writes, and how many rows it has written, tables together.

    Rows written before by the connection may be counted in; within a transaction they stay the same.
    """
    with connection.cursor() as cursor:
        cursor.execute(STANDING)
        xid, written = cursor.fetchone()
    return xid, written


def mark() -> Mark:
    """Where the running savepoint begins, in which nothing is written yet."""
    with connection.cursor() as cursor:
        cursor.execute(MARK)
        number = cursor.fetchone()[0]
        cursor.execute(UNMARK)
    return Mark(number, _present())


def written_since(since: Mark) -> Kept:
    """The rows written, changed or removed since."""
    tables = _tables()
    kept = Kept({}, {})
    with connection.cursor() as cursor:
        for at, row, *_ in _rows(cursor, "written_since", since.number):
            kept.written.setdefault(tables[at], []).append(row)
    for at, key in sorted(since.present - _present()):
        kept.gone.setdefault(tables[at], []).append(key)
    return kept


def put_back(kept: Kept) -> None:
    """Write the rows as they were; what stands there under the same key becomes what it became then."""
    if kept.statement:
        with connection.cursor() as cursor:
            cursor.execute(kept.statement)


def _present() -> Keys:
    with connection.cursor() as cursor:
        return frozenset(_rows(cursor, "standing_here"))


def _rows(cursor: CursorWrapper, name: str, *given: int) -> list[tuple[Any, ...]]:
    """The rows of a statement over all tables, which the server plans once for a connection.

    It is asked each time whether the statement is there: the driver lets go of all, ours too, when it lets go
    of those that it prepared itself.
    """
    cursor.execute("SELECT FROM pg_prepared_statements WHERE name = %s", [name])
    if cursor.fetchone() is None:
        cursor.execute(f"PREPARE {name} AS {STATEMENTS[name](_tables())}")
    cursor.execute(f"EXECUTE {name} ({', '.join(str(one) for one in given)})" if given else f"EXECUTE {name}")
    return list(cursor.fetchall())


def _of_rows_written(tables: Sequence[Table]) -> str:
    parts = (
        f"SELECT {at}, kept::text, kept.xmin::text::bigint, kept.cmin::text::bigint "
        f'FROM "{table.name}" kept WHERE kept.xmin::text::bigint >= $1::bigint'
        for at, table in enumerate(tables)
    )
    return f"{' UNION ALL '.join(parts)} ORDER BY 1, 3, 4"


def _of_keys(tables: Sequence[Table]) -> str:
    return " UNION ALL ".join(
        f'SELECT {at}, ROW({table.key})::text FROM "{table.name}"'
        for at, table in enumerate(tables)
        if table.may_lose
    )


STATEMENTS: dict[str, Callable[[Sequence[Table]], str]] = {
    "written_since": _of_rows_written,
    "standing_here": _of_keys,
}


@cache
def _tables() -> tuple[Table, ...]:
    with connection.cursor() as cursor:
        cursor.execute(TABLES)
        return tuple(
            Table(
                name,
                key,
                columns,
                f"ON CONFLICT ({key}) DO UPDATE SET {changes}" if changes else "",
                may_lose,
            )
            for name, columns, key, changes, may_lose in cursor.fetchall()
        )
