"""One whole number per subject, as a sequence that arithmetic can take at once.

A table of ten million captures has tens of thousands of subjects in each of hundreds of strata; as tuples of
Python numbers they would cost more than reading the table. A SubjectCounts behaves like the tuple it replaces
(equal, in order, hashable, immutable); sums over it are exact whole numbers, as over a tuple.
"""

from collections.abc import Iterator, Sequence
from typing import Any, SupportsIndex, overload

import numpy as np
import numpy.typing as npt

LARGEST_EXACT = 2**62


class SubjectCounts(Sequence[int]):
    """An immutable sequence of whole numbers, kept as an array."""

    __slots__ = ("array",)

    def __init__(self, values: npt.ArrayLike) -> None:
        found = np.asarray(values)
        if found.ndim != 1 or (found.size and not np.issubdtype(found.dtype, np.integer)):
            raise ValueError(f"counts is {found.dtype} of shape {found.shape}: give whole numbers in one row")
        self.array: npt.NDArray[np.int64] = found.astype(np.int64)
        self.array.flags.writeable = False

    def __len__(self) -> int:
        return self.array.size

    @overload
    def __getitem__(self, place: SupportsIndex) -> int: ...
    @overload
    def __getitem__(self, place: slice) -> "SubjectCounts": ...
    def __getitem__(self, place: SupportsIndex | slice) -> "int | SubjectCounts":
        if isinstance(place, slice):
            return SubjectCounts(self.array[place])
        return int(self.array[place])

    def __iter__(self) -> Iterator[int]:
        return iter(self.array.tolist())

    def __mul__(self, times: int) -> "SubjectCounts":
        """Repetition, as of a tuple."""
        return SubjectCounts(np.tile(self.array, times))

    def __eq__(self, other: object) -> bool:
        if isinstance(other, SubjectCounts):
            return bool(np.array_equal(self.array, other.array))
        return tuple(self) == other if isinstance(other, tuple) else NotImplemented

    def __hash__(self) -> int:
        return hash(tuple(self))

    def __repr__(self) -> str:
        return repr(tuple(self))

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> npt.NDArray[Any]:
        return np.array(self.array, dtype=dtype, copy=copy)


PerSubject = tuple[int, ...] | SubjectCounts


def as_array(counts: Sequence[int]) -> npt.NDArray[Any]:
    """The numbers as an array: int64, or Python numbers where one is too large for that."""
    if isinstance(counts, SubjectCounts):
        return counts.array
    return np.asarray(counts, dtype=None if len(counts) else np.int64)


def total(counts: Sequence[int]) -> int:
    """Their exact sum."""
    return int(counts.array.sum()) if isinstance(counts, SubjectCounts) else sum(counts)


def product_sum(first: Sequence[int], second: Sequence[int]) -> int:
    """The exact sum of products of two columns of counts (none negative)."""
    if total(first) * total(second) >= LARGEST_EXACT:
        return sum(x * y for x, y in zip(first, second, strict=True))
    return int(as_array(first) @ as_array(second)) if len(first) else 0
