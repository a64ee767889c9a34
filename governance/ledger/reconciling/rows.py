"""Reading the rows that are compared: many streams at once, never one by one."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
from django.db import connection
from django.db.models import Exists, F, Model, OuterRef, QuerySet
from psycopg import sql

from governance.ledger.fsck.findings import Finding
from governance.ledger.models import Entry
from governance.ledger.reconciling.comparing import differences, list_differences, row_differences
from governance.ledger.reconciling.declared import (
    UNREADABLE,
    Declaration,
    Heard,
    Reconciled,
    ReconciledList,
    Said,
    Told,
    spoken,
)
from governance.ledger.reconciling.folding import Folded, SaidOf

ROWS_AT_ONCE = 2000


def rows_of(
    declared: Declaration, place: int, streams: Sequence[Folded]
) -> Iterator[tuple[int, Finding | None]]:
    """How many rows of these streams were compared, and each difference."""
    if not streams or (isinstance(declared, Reconciled) and declared.by_entry):
        return
    column = declared.model.stream_column
    there: dict[str, list[dict[str, Any]]] = defaultdict(list)
    aggregates = [one.stream.partition(":")[2] for one in streams]
    for row in _all(declared).filter(**{f"{column}__in": aggregates}).values(*_read(declared)):
        there[str(row[column])].append(row)
    for one in streams:
        rows = there.get(one.stream.partition(":")[2], [])
        yield len(rows), None
        if isinstance(declared, ReconciledList):
            found = list_differences(declared, one.stream, one.lists.get(place, {}), rows)
        else:
            found = differences(declared, one.stream, one.rows.get(place, {}), rows)
        for finding in found:
            yield 0, finding


def _all(declared: Declaration) -> "QuerySet[Model]":
    return declared.model._base_manager.order_by()


def _read(declared: Declaration) -> list[str]:
    """The columns that are needed."""
    columns = {column.partition(".")[0] for column in declared.columns()}
    key = declared.key if isinstance(declared, Reconciled) else declared.of
    return sorted(columns | {"id", key, declared.model.stream_column})


def rows_by_entry(declared: Declaration, decoder: "msgspec.json.Decoder[Said]") -> Iterator[Finding | None]:
    """All rows of a table whose rows name their entries: None, or what is wrong with one."""
    if not isinstance(declared, Reconciled) or not declared.by_entry:
        return
    entry = declared.by_entry.removesuffix("_id")
    words = {"_stream": F(f"{entry}__stream"), "_body": F(f"{entry}__body")}
    rows = _all(declared).order_by("id").annotate(**words)
    columns = [*_read(declared), *words]
    page = list(rows.values(*columns)[:ROWS_AT_ONCE])
    while page:
        for row in page:
            yield next(_by_entry(declared, row, decoder), None)
        page = list(rows.filter(id__gt=page[-1]["id"]).values(*columns)[:ROWS_AT_ONCE])


def _by_entry(
    declared: Reconciled, row: dict[str, Any], decoder: "msgspec.json.Decoder[Said]"
) -> Iterator[Finding]:
    name, table = str(row[declared.key]), declared.model._meta.db_table
    try:
        said = decoder.decode(bytes(row["_body"]))
        yield from _beside_its_entry(declared, row, said)
    except UNREADABLE:
        sentence = f"{table} {name}: its entry cannot be read as one that tells of such a row."
        yield Finding("row", sentence, table=table, row=name)


def _beside_its_entry(declared: Reconciled, row: dict[str, Any], said: Said) -> Iterator[Finding]:
    name, table = str(row[declared.key]), declared.model._meta.db_table
    stream = f"{declared.model.stream_prefix}:{row[declared.model.stream_column]}"
    told = next((one for one in declared.told if said.type in one.events), None)
    if row["_stream"] != stream or told is None or str(_word(told, said)) != name:
        sentence = (
            f"{table} {name} names an entry that tells of something else: {said.type} in {row['_stream']}."
        )
        yield Finding("unrecorded", sentence, table=table, row=name)
        return
    heard = Heard(said, is_late=True)  # whether its time was raised is not known without the entry before it
    columns = {column: (spoken(word, heard, said.after), said.seq) for column, word in told.columns.items()}
    yield from row_differences(declared, stream, name, SaidOf(columns), row)


def _word(told: Told, said: Said) -> Any:
    return spoken(told.row, Heard(said), said.after)


def gone_by_entry(declared: Declaration) -> Iterator[Finding]:
    """Entries of which such a table has no row, each of them."""
    if not isinstance(declared, Reconciled) or not declared.by_entry:
        return
    table = declared.model._meta.db_table
    named = declared.model._base_manager.filter(**{declared.by_entry: OuterRef("pk")})
    lost = Entry.objects.filter(~Exists(named), document__type__in=sorted(declared.events()))
    prefix = f"{declared.model.stream_prefix}:"
    rows = lost.filter(stream__startswith=prefix).order_by("at").values_list("stream", "stream_seq")
    for stream, seq in rows.iterator(chunk_size=ROWS_AT_ONCE):
        yield Finding("gone", f"{table} has no row of entry {seq} of {stream}.", table=table)


def without_entries(declared: Declaration) -> Iterator[Finding]:
    """A row whose stream has no entry at all."""
    model = declared.model
    query = sql.SQL(
        "SELECT t.id::text, t.{column}::text FROM {table} t WHERE NOT EXISTS "
        "(SELECT FROM entry WHERE entry.stream = {prefix} || ':' || t.{column}::text) ORDER BY 1 LIMIT 1"
    ).format(
        table=sql.Identifier(model._meta.db_table),
        column=sql.Identifier(model.stream_column),
        prefix=sql.Literal(model.stream_prefix),
    )
    with connection.cursor() as cursor:
        cursor.execute(query)
        for row, aggregate in cursor.fetchall():
            table, stream = model._meta.db_table, f"{model.stream_prefix}:{aggregate}"
            sentence = f"{table} {row} stands there, and its stream {stream} has no entry."
            yield Finding("unrecorded", sentence, table=table, row=row)
