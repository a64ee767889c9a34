"""Distributions that can be added up: latencies of a window as a DDSketch.

The library's sketch (C. Masson, J. Rim, H. Lee, "DDSketch: a fast and fully-mergeable quantile sketch with
relative-error guarantees", PVLDB 12 (2019) 2195-2205) counts values in bins that are 2 % wide, so each
quantile is known within 1 %, also of sketches that were merged. Bytes are its protobuf message, which the
libraries of other languages write too. What comes from outside is checked bin by bin: a sketch of another
accuracy cannot be added to ours, and counts that are negative, not finite or not whole mean nothing. Values
below a thousandth or above a thousand million stand in the bin at that end, so that one absurd value neither
widens a sketch without bound nor costs the others their accuracy.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import chain

from ddsketch import LogCollapsingLowestDenseDDSketch
from ddsketch.pb.ddsketch_pb2 import DDSketch as Message
from ddsketch.pb.proto import DDSketchProto
from google.protobuf.message import DecodeError

ACCURACY = 0.01
"""Relative error of every quantile."""

MOST_BINS = 2048
"""The library's usual limit, above what the range below takes."""

_MAPPING = LogCollapsingLowestDenseDDSketch(ACCURACY, MOST_BINS)._mapping
GAMMA: float = _MAPPING.gamma
MULTIPLIER: float = 1 / math.log(GAMMA)
"""A value v lies in the bin ⌈ln(v)·MULTIPLIER⌉."""

SMALLEST: float = _MAPPING.min_possible
"""What is not above this counts as zero."""

LOWEST_BIN: int = _MAPPING.key(1e-3)
HIGHEST_BIN: int = _MAPPING.key(1e9)


class UnfitSketch(ValueError):
    """The bytes are no sketch that can be added to ours; the message says why."""


@dataclass(frozen=True, slots=True)
class Quantile:
    """The quantile of the values themselves lies in [``lower``, ``upper``]; ``value`` is its estimate.

    Nothing is said about the population: how sure one is of that depends on the number of subjects.
    """

    value: float
    lower: float
    upper: float
    count: int


@dataclass(frozen=True, slots=True)
class Above:
    """How many of ``count`` values lie above a limit: at least ``surely``, at most ``possibly``."""

    surely: int
    possibly: int
    count: int


@dataclass(frozen=True, slots=True)
class _Bins:
    zeros: int
    counts: dict[int, int]

    @property
    def total(self) -> int:
        return self.zeros + sum(self.counts.values())


def sketch_of(values: Iterable[float]) -> bytes:
    """The sketch of values that are not negative."""
    counts: dict[int, int] = {}
    zeros = 0
    for value in values:
        if not 0 <= value < math.inf:
            raise UnfitSketch(f"{value} is no finite value from 0")
        if value <= SMALLEST:
            zeros += 1
        else:
            key = _bounded(_MAPPING.key(value))
            counts[key] = counts.get(key, 0) + 1
    return sketch_of_bins(counts, zeros)


def sketch_of_bins(counts: Mapping[int, int], zeros: int = 0) -> bytes:
    """The sketch that holds so many values in each bin, and so many that are zero."""
    sketch = LogCollapsingLowestDenseDDSketch(ACCURACY, MOST_BINS)
    sketch._zero_count = float(zeros)
    for key in sorted(counts, reverse=True):
        sketch._store.add(key, float(counts[key]))
    message = DDSketchProto.to_proto(sketch)  # type: ignore[no-untyped-call]  # the library annotates in comments
    written: bytes = message.SerializeToString(deterministic=True)
    return written


def merged(sketches: Iterable[bytes]) -> bytes:
    """The sketch of all values of the sketches."""
    counts: dict[int, int] = {}
    zeros = 0
    for one in sketches:
        bins = _read(one)
        zeros += bins.zeros
        for key, count in bins.counts.items():
            counts[key] = counts.get(key, 0) + count
    return sketch_of_bins(counts, zeros)


def count_of(sketch: bytes) -> int:
    """How many values the sketch holds.

    Raises:
        UnfitSketch: it is none, or cannot be added to ours.
    """
    return _read(sketch).total


def quantile_of(sketch: bytes, probability: float) -> Quantile | None:
    """The ⌈p·n⌉-th smallest value; None of an empty sketch."""
    bins = _read(sketch)
    if not bins.total:
        return None
    rank = max(1, math.ceil(probability * bins.total - 1e-9))
    seen = bins.zeros
    if rank <= seen:
        return Quantile(0.0, 0.0, SMALLEST, bins.total)
    for key in sorted(bins.counts):
        seen += bins.counts[key]
        if rank <= seen:
            upper = math.exp(key / MULTIPLIER)
            return Quantile(_MAPPING.value(key), upper / GAMMA, upper, bins.total)
    raise AssertionError("the ranks of a sketch end at its count")


def above(sketch: bytes, limit: float) -> Above:
    """How many values lie above ``limit``, which may fall into the middle of a bin."""
    bins = _read(sketch)
    edge = _bounded(_MAPPING.key(limit)) if limit > SMALLEST else LOWEST_BIN - 1
    surely = sum(count for key, count in bins.counts.items() if key > edge)
    return Above(surely, surely + bins.counts.get(edge, 0), bins.total)


def _read(data: bytes) -> _Bins:
    message = Message()
    try:
        message.ParseFromString(data)
    except DecodeError as error:
        raise UnfitSketch("the bytes are no DDSketch message") from error
    mapping = message.mapping
    if not abs(mapping.gamma - GAMMA) < 1e-9 or mapping.indexOffset or mapping.interpolation:
        raise UnfitSketch(
            f"its bins are not those of a logarithmic sketch with a relative accuracy of {ACCURACY:g}"
        )
    if any(message.negativeValues.contiguousBinCounts) or message.negativeValues.binCounts:
        raise UnfitSketch("it holds negative values")
    positive = message.positiveValues
    counts: dict[int, int] = {}
    bins = chain(
        positive.binCounts.items(), enumerate(positive.contiguousBinCounts, positive.contiguousBinIndexOffset)
    )
    for key, count in bins:
        if whole := _whole(count):
            counts[_bounded(key)] = counts.get(_bounded(key), 0) + whole
    return _Bins(_whole(message.zeroCount), counts)


def _bounded(key: int) -> int:
    return min(max(key, LOWEST_BIN), HIGHEST_BIN)


def _whole(count: float) -> int:
    if not (0 <= count < 2**53 and float(count).is_integer()):
        raise UnfitSketch(f"it counts {count} values in a bin; whole numbers from 0 are wanted")
    return int(count)
