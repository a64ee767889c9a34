"""Rows beside what is said of them: pure. Each difference names table, row, column and both sides."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from governance.ledger.canonical import NotCanonical, canonical_bytes, format_time, plain
from governance.ledger.fsck.findings import Finding
from governance.ledger.reconciling.declared import UNREADABLE, NotSaid, Reconciled, ReconciledList
from governance.ledger.reconciling.folding import SaidList, SaidOf

LONGEST_SHOWN = 300
Row = Mapping[str, Any]


def differences(
    declared: Reconciled, stream: str, said: Mapping[str, SaidOf], rows: Sequence[Row]
) -> Iterator[Finding]:
    """What is wrong with the rows of one stream."""
    table = declared.model._meta.db_table
    there = {str(row[declared.key]): row for row in rows}
    begins = any(told.is_first for told in declared.told)
    for name, row in there.items():
        known = said.get(name)
        if begins and (known is None or not known.began):
            sentence = f"{table} {name} stands there, and no entry of {stream} began it."
            yield Finding("unrecorded", sentence, table=table, row=name)
        elif known is not None:
            yield from row_differences(declared, stream, name, known, row)
    for name, known in said.items():
        if name not in there:
            seq = known.began or max(seq for _, seq in known.columns.values())
            sentence = f"{table} {name} is gone: entry {seq} of {stream} tells of it."
            yield Finding("gone", sentence, table=table, row=name)


def row_differences(
    declared: Reconciled, stream: str, name: str, known: SaidOf, row: Row
) -> Iterator[Finding]:
    """What is wrong with one row."""
    table = declared.model._meta.db_table
    for column, (value, seq) in known.columns.items():
        if isinstance(value, NotSaid):
            continue
        stands = value_of(row, column)
        through = declared.through.get(column)
        try:
            stands = through(stands) if through is not None else stands
        except UNREADABLE:
            sentence = f"{table} {name}, {column}: what stands there cannot be read: {shown(stands)}."
            yield Finding("row", sentence, table=table, row=name, column=column)
            continue
        if not same(value, stands):
            sentence = (
                f"{table} {name}, {column}: entry {seq} of {stream} says {shown(value)}, "
                f"the row says {shown(stands)}."
            )
            yield Finding("row", sentence, table=table, row=name, column=column)


def list_differences(
    declared: ReconciledList, stream: str, said: Mapping[str, SaidList], rows: Sequence[Row]
) -> Iterator[Finding]:
    """What is wrong with the lists of one stream: rows that are missing, and rows that are not listed."""
    there: dict[str, list[Row]] = {}
    for row in rows:
        there.setdefault(str(row[declared.of]), []).append(row)
    table = declared.model._meta.db_table
    for owner in sorted(there.keys() - said.keys()):
        sentence = f"{table} has rows of {declared.of} {owner}, and no entry of {stream} lists any."
        yield Finding("unrecorded", sentence, table=table, row=str(there[owner][0]["id"]))
    for owner, listed in said.items():
        if listed.items is not None:
            yield from _uneven(declared, stream, listed, owner, there.get(owner, []))


def _uneven(
    declared: ReconciledList, stream: str, listed: SaidList, owner: str, rows: Sequence[Row]
) -> Iterator[Finding]:
    columns = list(declared.listed[0].columns)
    said = counted(listed.items or ())
    stand = {str(row["id"]): [value_of(row, column) for column in columns] for row in rows}
    table, where = declared.model._meta.db_table, f"entry {listed.seq} of {stream}"
    for row, values in stand.items():
        letters = counted([values])
        if letters - said:
            facts = shown(dict(zip(columns, values, strict=True)))
            sentence = f"{table} {row}: {where} lists no such row of {declared.of} {owner}; it says {facts}."
            yield Finding("row", sentence, table=table, row=row, column=", ".join(columns))
        said -= letters
    for item in said:
        facts = shown(dict(zip(columns, json.loads(item), strict=True)))
        sentence = f"{table}: {where} lists {facts} for {declared.of} {owner}, and no such row stands there."
        yield Finding("gone", sentence, table=table, row=owner, column=", ".join(columns))


def value_of(row: Row, column: str) -> Any:
    """The row's value; ``period.lower`` is an end of a range."""
    name, _, part = column.partition(".")
    return getattr(row[name], part, None) if part else row[name]


def same(said: Any, stands: Any) -> bool:
    """Whether both are the same as JSON; an empty text and none are the same. The usual comes first."""
    if isinstance(stands, datetime):
        return bool(said == format_time(stands))
    if isinstance(stands, UUID):
        return bool(said == str(stands))
    if said == stands:
        return True
    try:
        return bool(_plain(said) == _plain(stands))
    except NotCanonical:
        return False


def _plain(value: Any) -> Any:
    return None if value == "" else plain(value)


def shown(value: Any) -> str:
    """A value in a sentence, cut where it is long."""
    try:
        written = json.dumps(plain(value), ensure_ascii=False)
    except NotCanonical:
        written = repr(value)
    return written if len(written) <= LONGEST_SHOWN else f"{written[:LONGEST_SHOWN]}…"


def counted(items: Sequence[Sequence[Any]]) -> Counter[str]:
    """Items by their letters, with how often each stands there."""
    return Counter(canonical_bytes([_plain(value) for value in item]).decode() for item in items)
