"""Databases that are lent to one test after the other and put back, row by row, in between.

A clone of a template costs PostgreSQL most of a second, since it copies and later removes some two thousand
files; putting back what a test wrote costs a few milliseconds. A test that changed more than rows (a table, a
trigger, a right), or dropped the database, leaves the next one a new clone.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from time import monotonic, sleep

import psycopg
from psycopg import sql

from tests.servers import TestServers

LARGE = 256 * 1024
"""Bytes of a table from which on the room of deleted rows is given back."""

_OTHERS = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
_TABLES = """
    SELECT c.oid, n.nspname, c.relname
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind = 'r' AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
"""
_WRITTEN = f"""
    SELECT nspname, relname, pg_relation_size(oid) FROM ({_TABLES}) AS t
    WHERE pg_stat_get_tuples_inserted(oid) + pg_stat_get_tuples_updated(oid)
        + pg_stat_get_tuples_deleted(oid) > 0
    ORDER BY oid
"""
_SHAPE = """
    WITH ours AS (
        SELECT c.oid, c.relkind, c.relfilenode,
            CASE WHEN c.relkind IN ('p', 'I') THEN concat(c.relname, c.relacl, c.relowner, c.relnatts)
            ELSE c.xmin::text END AS written
        FROM pg_class c
        JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
    ), parts AS (
        SELECT 'class' AS kind, oid::text AS one, written, relfilenode::text AS more FROM ours
        UNION ALL SELECT 'column', attrelid::text || '.' || attnum, a.xmin::text, ''
        FROM pg_attribute a JOIN ours ON ours.oid = attrelid AND relkind IN ('r', 'p', 'v') AND attnum > 0
        UNION ALL SELECT 'trigger', t.oid::text, t.xmin::text, ''
        FROM pg_trigger t JOIN ours ON ours.oid = t.tgrelid
        UNION ALL SELECT 'constraint', c.oid::text, c.xmin::text, ''
        FROM pg_constraint c JOIN ours ON ours.oid = c.conrelid
        UNION ALL SELECT 'function', p.oid::text, p.xmin::text, '' FROM pg_proc p
        JOIN pg_namespace n ON n.oid = p.pronamespace AND n.nspname !~ '^(pg_|information_schema)'
        UNION ALL SELECT 'schema', oid::text, xmin::text, '' FROM pg_namespace WHERE nspname !~ '^pg_'
        UNION ALL SELECT 'database', oid::text, xmin::text, '' FROM pg_database
        WHERE datname = current_database()
        UNION ALL SELECT 'setting', setdatabase::text, xmin::text, '' FROM pg_db_role_setting
    )
    SELECT sum(hashtextextended(concat_ws(' ', kind, one, written, more), 0)) FROM parts
"""
_GUARDS = """
    SELECT tgname FROM pg_trigger WHERE tgrelid = %s::regclass AND tgenabled = 'A' ORDER BY tgname
"""
_SEQUENCES = "SELECT schemaname, sequencename, start_value, last_value FROM pg_sequences ORDER BY 1, 2"
Sequences = list[tuple[str, str, int, int | None]]
Keeper = psycopg.Connection[tuple[object, ...]]
"""The administrator's session in a lent database, kept open from one test to the next."""

EMPTY = 21
"""Bytes of a binary COPY without rows: the signature of 11, two words of flags, and the end of two."""


_made: list["Lent"] = []


def drop_all() -> None:
    """The run ends."""
    for lent in _made:
        lent.drop()


@dataclass
class Lent:
    """One database, named ``name``, of a template that nobody is connected to when it is copied."""

    servers: TestServers
    template: Callable[[], str]
    name: str
    _keeper: Keeper | None = field(default=None, init=False)
    _tables: list[tuple[str, str]] = field(default_factory=list, init=False)
    _shape: object = field(default=None, init=False)
    _sequences: Sequences = field(default_factory=list, init=False)
    _rows: dict[tuple[str, str], bytes] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        _made.append(self)

    def take(self) -> str:
        """The database as its template stands, by its name."""
        if self._keeper is None:
            self.servers.copy(self.template(), self.name)
            self._keeper = psycopg.connect(self._url(self.name), autocommit=True)
            self._sequences = self._ask_sequences(self._keeper)
            self._tables = _tables(self._keeper)
            self._shape = self._shape_of(self._keeper)
            self._keeper.execute("SELECT pg_stat_reset()")
        return self.name

    def give_back(self) -> None:
        """Put back what was written, or drop what is more than written."""
        try:
            is_as_before = self._is_put_back()
        except psycopg.OperationalError:
            is_as_before = False  # somebody dropped it
        if not is_as_before:
            self.drop()

    def drop(self) -> None:
        """The next one who takes it gets a new clone."""
        if self._keeper is not None:
            self._keeper.close()
            self._keeper = None
            with suppress(psycopg.errors.InvalidCatalogName):  # gone already
                self.servers.drop(self.name)

    def _url(self, database: str) -> str:
        return self.servers.postgres.url("postgres", database)

    def _is_put_back(self) -> bool:
        keeper = self._keeper
        assert keeper is not None
        _leave_alone(keeper)
        for schema, table in set(_tables(keeper)) - set(self._tables):
            keeper.execute(sql.SQL("DROP TABLE {}").format(sql.Identifier(schema, table)))
        if self._shape_of(keeper) != self._shape:
            return False
        written = [(str(row[0]), str(row[1]), int(str(row[2]))) for row in keeper.execute(_WRITTEN)]
        with keeper.transaction():
            keeper.execute("SET LOCAL session_replication_role = replica")  # no foreign key, but the guard
            for schema, table, _ in written:
                with _unguarded(keeper, sql.Identifier(schema, table)):
                    self._put_back(keeper, schema, table)
            self._put_back_sequences(keeper)
            keeper.execute("SELECT pg_stat_force_next_flush()")
        for schema, table, size in written:
            if size > LARGE:
                keeper.execute(sql.SQL("VACUUM {}").format(sql.Identifier(schema, table)))
        keeper.execute("SELECT pg_stat_reset()")
        self._shape = self._shape_of(keeper)
        return True

    def _put_back(self, keeper: Keeper, schema: str, table: str) -> None:
        name = sql.Identifier(schema, table)
        rows = self._rows_of(schema, table)
        keeper.execute(sql.SQL("DELETE FROM {}").format(name))
        if len(rows) > EMPTY:
            with keeper.cursor().copy(sql.SQL("COPY {} FROM STDIN (FORMAT binary)").format(name)) as copy:
                copy.write(rows)

    def _rows_of(self, schema: str, table: str) -> bytes:
        """The template's rows of a table, as COPY writes them."""
        if (schema, table) not in self._rows:
            statement = sql.SQL("COPY {} TO STDOUT (FORMAT binary)").format(sql.Identifier(schema, table))
            with (
                psycopg.connect(self._url(self.template())) as connection,
                connection.cursor().copy(statement) as copy,
            ):
                self._rows[schema, table] = b"".join(bytes(part) for part in copy)
        return self._rows[schema, table]

    def _put_back_sequences(self, keeper: Keeper) -> None:
        now = self._ask_sequences(keeper)
        for before in set(self._sequences) - set(now):
            schema, name, start, last = before
            keeper.execute(
                "SELECT setval(%s::regclass, %s, %s)",
                [f'"{schema}"."{name}"', start if last is None else last, last is not None],
            )

    @staticmethod
    def _ask_sequences(keeper: Keeper) -> Sequences:
        return [
            (str(schema), str(name), int(str(start)), None if last is None else int(str(last)))
            for schema, name, start, last in keeper.execute(_SEQUENCES)
        ]

    @staticmethod
    def _shape_of(keeper: Keeper) -> object:
        row = keeper.execute(_SHAPE).fetchone()
        assert row is not None
        return row[0]


def _tables(keeper: Keeper) -> list[tuple[str, str]]:
    return [(str(row[1]), str(row[2])) for row in keeper.execute(_TABLES)]


@contextmanager
def _unguarded(keeper: Keeper, table: sql.Identifier) -> Iterator[None]:
    """The table's triggers that no session can pass by are off in this block."""
    guards = [sql.Identifier(str(row[0])) for row in keeper.execute(_GUARDS, [table.as_string()])]
    for guard in guards:
        keeper.execute(sql.SQL("ALTER TABLE {} DISABLE TRIGGER {}").format(table, guard))
    yield
    for guard in guards:
        keeper.execute(sql.SQL("ALTER TABLE {} ENABLE ALWAYS TRIGGER {}").format(table, guard))


def _leave_alone(keeper: Keeper) -> None:
    """End all other sessions, and wait for them: what they count of their writes is told at their end."""
    deadline = monotonic() + 30
    while others := [row[0] for row in keeper.execute(_OTHERS)]:
        assert monotonic() < deadline, f"sessions {others} of a test do not end"
        keeper.execute("SELECT pg_terminate_backend(pid) FROM unnest(%s::int[]) AS pid", [others])
        sleep(0.002)
