"""Texts to small numbers while a table streams by: each column has a dictionary that grows as values appear.

Ten million rows of texts do not fit into the memory of a worker; their codes do. Which code a value gets
depends on where it first stood; ``Codes.sorted`` renumbers them in the order of the values, so that what is
counted from them is the same whatever the order of the rows.
"""

import secrets
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import polars as pl

Numbers = npt.NDArray[np.int32]

FEW_ROWS = 1_000
FEW = 100  # up to so many values, polars' own cast is the fastest way
SLOTS_PER_VALUE = 8
FIRST_SLOTS = 1 << 10


@dataclass(frozen=True)
class CodedColumn:
    """``codes`` are places in ``values`` (sorted), −1 where there is no value."""

    values: pl.Series
    codes: npt.NDArray[np.signedinteger]

    def as_enum(self, name: str) -> pl.Series:
        """The texts again, as an Enum over ``values`` that keeps the codes."""
        kind = pl.Enum(self.values)
        if self.values.is_empty():
            return pl.Series(name, [None], dtype=kind).new_from_index(0, len(self.codes))
        places = pl.Series(name, np.maximum(self.codes, 0)).cast(_smallest(len(self.values)))
        known = self.codes >= 0
        if not known.all():
            nothing = pl.Series([None], dtype=places.dtype).new_from_index(0, len(places))
            places = places.zip_with(pl.Series(known), nothing)
        return places.cat.to(kind)


def _smallest(values: int) -> type[pl.DataType]:
    """What polars holds an Enum of so many values in."""
    return pl.UInt8 if values < 2**8 else pl.UInt16 if values < 2**16 else pl.UInt32


@dataclass
class Encoder:
    """One column. Feed it pieces in order, then ask for the whole column."""

    values: pl.Series = field(default_factory=lambda: pl.Series(dtype=pl.String))
    pieces: list[npt.NDArray[np.signedinteger]] = field(default_factory=list)
    table: "_HashTable | None" = None

    def add(self, texts: pl.Series) -> None:
        """The next rows of the column."""
        few = self._few(texts) if len(texts) > FEW_ROWS else None
        self.pieces.append(narrow(self.coded(texts), len(self.values)) if few is None else few)

    def coded(self, texts: pl.Series) -> Numbers:
        """Codes of texts by the dictionary as it is afterwards; −1 for null."""
        if texts.null_count() == len(texts):
            return np.full(len(texts), -1, dtype=np.int32)
        if len(texts) <= FEW_ROWS and len(self.values) <= FEW_ROWS:
            return self._coded_one_by_one(texts.to_list())
        found = self._known(texts)
        unknown = np.flatnonzero(found < 0)
        new = texts.gather(unknown).drop_nulls().unique(maintain_order=True) if unknown.size else None
        if new is None or new.is_empty():
            return found
        self._learn(new)
        found[unknown] = self._known(texts.gather(unknown))
        return found

    def _coded_one_by_one(self, texts: list[str | None]) -> Numbers:
        """For a handful of rows, where calls of polars would cost more than the work."""
        places = {value: place for place, value in enumerate(self.values.to_list())}
        new = [text for text in dict.fromkeys(texts) if text is not None and text not in places]
        if new:
            places |= {value: len(places) + place for place, value in enumerate(new)}
            self._learn(pl.Series(new, dtype=pl.String))
        return np.array([-1 if text is None else places[text] for text in texts], dtype=np.int32)

    def whole(self) -> CodedColumn:
        """All rows, with the dictionary sorted."""
        if self.values.is_empty():
            return CodedColumn(
                self.values, np.concatenate(self.pieces) if self.pieces else np.zeros(0, np.int8)
            )
        order = self.values.arg_sort().to_numpy()
        places = np.empty(len(order) + 1, dtype=np.int32)
        places[order] = np.arange(len(order), dtype=np.int32)
        places[-1] = -1  # a code of −1 picks the last place
        small = narrow(places, len(order))
        codes = np.concatenate([small[piece] for piece in self.pieces]) if self.pieces else small[:0]
        self.pieces.clear()
        return CodedColumn(self.values.sort(), codes)

    def _learn(self, new: pl.Series) -> None:
        self.values = pl.concat([self.values, new.alias(self.values.name)], rechunk=True)
        if self.table is not None:
            self.table.grow(self.values)
        elif len(self.values) > FEW:
            self.table = _HashTable(self.values)

    def _known(self, texts: pl.Series) -> Numbers:
        if self.table is not None:
            return self.table.find(texts)
        few = self._places(texts)
        return few.astype(np.int32)

    def _few(self, texts: pl.Series) -> npt.NDArray[np.int8] | None:
        """The codes straight away, if the dictionary is small and holds all values."""
        if self.table is not None or texts.null_count() == len(texts):
            return None
        places = self._places(texts)
        return places if np.count_nonzero(places < 0) == texts.null_count() else None

    def _places(self, texts: pl.Series) -> npt.NDArray[np.int8]:
        places = texts.cast(pl.Enum(self.values), strict=False).to_physical()
        return places.fill_null(255).to_numpy().view(np.int8)  # 255 reads as −1, and FEW is far below


def narrow(codes: npt.NDArray[np.signedinteger], values: int) -> npt.NDArray[np.signedinteger]:
    """The same codes in the smallest type that holds them."""
    kind = np.int8 if values <= 127 else np.int16 if values <= 32_767 else np.int32
    return codes.astype(kind)


class _HashTable:
    """Places of values by hash, many look-ups at once. Every find is checked against the text itself, so that
    no chance or crafted collision of hashes can merge two people.
    """

    def __init__(self, values: pl.Series) -> None:
        self._start(values)

    def grow(self, values: pl.Series) -> None:
        """Take in the values behind those already there."""
        if SLOTS_PER_VALUE * len(values) > len(self.codes) or not self._inserted(values):
            self._start(values)

    def find(self, texts: pl.Series) -> Numbers:
        """Codes of texts, −1 where a text is null or not in the table."""
        hashes = texts.hash(self.seed).to_numpy()
        places = self._places(hashes)
        found: Numbers = self.codes[places]
        open_rows = np.flatnonzero((found >= 0) & (self.hashes[found] != hashes))
        while open_rows.size:
            places[open_rows] = (places[open_rows] + 1) & self.last
            found[open_rows] = self.codes[places[open_rows]]
            there = found[open_rows]
            open_rows = open_rows[(there >= 0) & (self.hashes[there] != hashes[open_rows])]
        same = self.values.gather(np.maximum(found, 0)) == texts
        if not same.all() or same.null_count():
            found[~same.fill_null(value=False).to_numpy()] = -1
        return found

    def _start(self, values: pl.Series) -> None:
        """Lay the table out anew; another seed is drawn should two values have one hash."""
        slots = FIRST_SLOTS
        while slots < 2 * SLOTS_PER_VALUE * len(values):
            slots *= 2
        self.last = slots - 1
        while True:
            self.seed = secrets.randbits(63)
            self.codes = np.full(slots, -1, dtype=np.int32)
            self.hashes = np.zeros(0, dtype=np.uint64)
            if self._inserted(values):
                return

    def _inserted(self, values: pl.Series) -> bool:
        first = len(self.hashes)
        new = values.slice(first)
        self.values = values
        self.hashes = np.concatenate([self.hashes, new.hash(self.seed).to_numpy()])
        codes = np.arange(first, len(values), dtype=np.int32)
        places = self._places(self.hashes[first:])
        waiting = np.arange(len(codes))
        while waiting.size:
            free = waiting[self.codes[places[waiting]] < 0]
            self.codes[places[free]] = codes[free]
            waiting = waiting[self.codes[places[waiting]] != codes[waiting]]
            places[waiting] = (places[waiting] + 1) & self.last
        return bool((self.find(new) == codes).all())

    def _places(self, hashes: npt.NDArray[np.uint64]) -> npt.NDArray[np.int64]:
        places: npt.NDArray[np.int64] = (hashes & np.uint64(self.last)).astype(np.int64)
        return places
