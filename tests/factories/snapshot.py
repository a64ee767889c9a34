"""The same beginning for many tests: built once by the real services, then put back row for row.

Works in the run's own database only, inside a test's rolled-back transaction: there sequences go on from
test to test, so rows that come back never collide with new ones.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db import connection

from tests.servers import SESSION_DATABASE

COLUMNS = """
SELECT c.relname, string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum)
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND c.relname <> 'django_migrations'
  AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '' AND a.attname <> 'xid'
  AND has_column_privilege(c.oid, a.attnum, 'INSERT')
GROUP BY c.relname
"""

_kept: dict[str, list["Rows"]] = {}


@dataclass(frozen=True)
class Rows:
    """New rows of one table, as JSON."""

    table: str
    columns: str
    rows: str


def once(name: str, build: Callable[[], object]) -> None:
    """Reach the state ``name`` by ``build`` the first time in a run, later by putting its rows back."""
    if not (connection.in_atomic_block and connection.settings_dict["NAME"] == SESSION_DATABASE):
        build()
    elif name in _kept:
        _put_back(_kept[name])
    else:
        columns = _columns()
        before = {table: _rows(table) for table in columns}
        build()
        _kept[name] = [
            Rows(table, names, json.dumps(sorted(map(json.loads, new), key=_age)))
            for table, names in columns.items()
            if (new := _rows(table) - before[table])
        ]


def _age(row: dict[str, Any]) -> tuple[int, str]:
    """Older rows first: by the place in the queue, else by the id, which starts with the time."""
    return row.get("position", 0), str(row.get("id", ""))


def _columns() -> dict[str, str]:
    with connection.cursor() as cursor:
        cursor.execute(COLUMNS)
        return dict(cursor.fetchall())


def _rows(table: str) -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute(f'SELECT to_jsonb(picked)::text FROM "{table}" picked')
        return {row[0] for row in cursor.fetchall()}


def _put_back(kept: list[Rows]) -> None:
    with connection.cursor() as cursor:
        for part in kept:
            cursor.execute(
                f'INSERT INTO "{part.table}" ({part.columns}) SELECT {part.columns} '
                f'FROM jsonb_populate_recordset(NULL::"{part.table}", %s::jsonb)',
                [part.rows],
            )
