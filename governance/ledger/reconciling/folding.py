"""What the entries of a stream say of its rows in the end: pure, one entry after the other.

The last entry that speaks of a column counts. Values are those of JSON, as they stand in the entries.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from governance.ledger.reconciling.declared import (
    Committed,
    Declaration,
    Heard,
    Listed,
    NotSaid,
    Reconciled,
    ReconciledList,
    Said,
    Told,
    find,
    spoken,
)


@dataclass(slots=True)
class SaidOf:
    """What is said of one row: its columns, each with the number of the entry that said it last."""

    columns: dict[str, tuple[Any, int]] = field(default_factory=dict)
    began: int = 0
    """The number of the entry with which it began; 0 where none says so."""


@dataclass(frozen=True, slots=True)
class Outside:
    """A list that lies under a digest, which is not read yet."""

    digest: str
    listed: Listed
    heard: Heard


@dataclass(slots=True)
class SaidList:
    """What is said of the rows of one owner: the values of their columns, and the entry that said so.
    ``items`` is None where the newest entry does not say, or says it ``outside``."""

    items: list[tuple[Any, ...]] | None
    seq: int
    outside: Outside | None = None


class Folded:
    """The rows of one stream as its entries tell of them."""

    def __init__(self, stream: str, listeners: "Listeners") -> None:
        self.stream = stream
        self.rows: dict[int, dict[str, SaidOf]] = defaultdict(dict)
        self.committed: list[tuple[SaidOf, str]] = []
        """Columns of which an entry says a commitment, which is not opened yet."""
        self.lists: dict[int, dict[str, SaidList]] = defaultdict(dict)
        self.counted: dict[int, int] = defaultdict(int)
        self._listeners = listeners
        self._former: dict[tuple[int, int], Said] = {}

    def hear(self, said: Said, is_late: bool) -> None:
        """Take in the stream's next entry."""
        heard = Heard(said, is_late)
        for place, telling in self._listeners.of(self.stream.partition(":")[0], said.type):
            if not telling.only(said):
                continue
            if isinstance(telling, Listed):
                self._take_list(place, telling, heard)
                continue
            former = self._former.get((place, id(telling)))
            self._former[place, id(telling)] = said
            self._take(place, telling, replace(heard, former=former))

    def _take(self, place: int, told: Told, heard: Heard) -> None:
        declared = self._listeners.declarations[place]
        assert isinstance(declared, Reconciled)
        if declared.by_entry:
            self.counted[place] += 1
            return
        for item in items_of(told.each, heard):
            row = spoken(told.row, heard, item)
            if row is None or isinstance(row, NotSaid):
                continue
            known = self.rows[place].setdefault(str(row), SaidOf())
            if told.is_first:
                known.began = heard.said.seq
            for column, word in told.columns.items():
                value = spoken(word, heard, item)
                known.columns[column] = (value, heard.said.seq)
                if isinstance(value, Committed):
                    self.committed.append((known, column))

    def _take_list(self, place: int, listed: Listed, heard: Heard) -> None:
        owner, seq = spoken(listed.owner, heard, heard.said.after), heard.said.seq
        if isinstance(owner, NotSaid) or owner is None:
            return
        if not listed.blob:
            rows, outside = items_in(heard.said.after, listed, heard), None
        else:
            digest = heard.said.refs.get(listed.blob)
            rows, outside = None, Outside(digest, listed, heard) if digest else None
        self.lists[place][str(owner)] = SaidList(rows, seq, outside)

    def lists_outside(self) -> Iterator[SaidList]:
        """Those that are not read yet; a newer list of the same rows has taken the place of an older one."""
        for lists in self.lists.values():
            yield from (said for said in lists.values() if said.outside is not None)


def items_in(source: Any, listed: Listed, heard: Heard) -> list[tuple[Any, ...]] | None:
    """What a list says of each row; None where there is none."""
    items = find(source, listed.each)
    if not isinstance(items, list):
        return None
    return [tuple(spoken(word, heard, item) for word in listed.columns.values()) for item in items]


def items_of(each: str, heard: Heard) -> Iterator[Any]:
    """``after`` itself, or each item of a list in it."""
    if not each:
        yield heard.said.after
        return
    items = find(heard.said.after, each)
    yield from items if isinstance(items, list) else ()


class Listeners:
    """Which declarations listen to which events, by the prefix of the stream."""

    def __init__(self, declarations: Sequence[Declaration]) -> None:
        self.declarations = tuple(declarations)
        self.prefixes = {one.model.stream_prefix for one in declarations}
        self._by_event: dict[tuple[str, str], list[tuple[int, Told | Listed]]] = defaultdict(list)
        for place, one in enumerate(self.declarations):
            tellings = one.listed if isinstance(one, ReconciledList) else one.told
            for telling in tellings:
                for event in telling.events:
                    self._by_event[one.model.stream_prefix, event].append((place, telling))

    def of(self, prefix: str, event: str) -> Sequence[tuple[int, Told | Listed]]:
        """The declarations, by their place, and what listens in them."""
        return self._by_event.get((prefix, event), ())
