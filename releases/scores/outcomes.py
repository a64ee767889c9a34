"""What a stack did with a unit, as one byte, so that ten million of them fit into ten megabytes."""

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt
import polars as pl

from releases.scores.bands import Bands, decision_columns

Flags = npt.NDArray[np.bool_]
States = npt.NDArray[np.uint8]

PRESENT, ANSWERED, ACCEPTED, ACCEPTED_OR_RETRY, RETRIED, NO_BAND, AMBIGUOUS_BAND, SET_THRESHOLD = (
    1 << bit for bit in range(8)
)


class Outcome(StrEnum):
    """The decision that a user meets."""

    ACCEPT = "accept"
    RETRY = "retry"
    REJECT = "reject"


@dataclass(frozen=True)
class Arm:
    """What one stack did, one byte per unit. A unit is a capture, or a whole transaction.

    ``accepted`` and ``accepted_or_retry`` are false wherever there is no decision; ``retried`` says that a
    retry was asked at an allowed attempt; ``present`` is false where the table lacks the unit;
    ``set_threshold`` marks units of which a capture also set the threshold.
    """

    state: States

    @property
    def present(self) -> Flags:
        return self._has(PRESENT)

    @property
    def answered(self) -> Flags:
        return self._has(ANSWERED)

    @property
    def accepted(self) -> Flags:
        return self._has(ACCEPTED)

    @property
    def accepted_or_retry(self) -> Flags:
        return self._has(ACCEPTED_OR_RETRY)

    @property
    def retried(self) -> Flags:
        return self._has(RETRIED)

    @property
    def no_band(self) -> Flags:
        return self._has(NO_BAND)

    @property
    def ambiguous_band(self) -> Flags:
        return self._has(AMBIGUOUS_BAND)

    @property
    def set_threshold(self) -> Flags:
        return self._has(SET_THRESHOLD)

    @property
    def decided(self) -> Flags:
        return self.answered & ~self.no_band & ~self.ambiguous_band

    def _has(self, bit: int) -> Flags:
        found: Flags = (self.state & np.uint8(bit)) != 0
        return found


def state_column(bands: Bands, columns: Collection[str]) -> pl.Expr:
    """The state of a row of a canonical table under the bands."""
    accepted, either, problem = decision_columns(bands, columns)
    flags = (
        (pl.lit(value=True), PRESENT),
        (pl.col("answered"), ANSWERED),
        (accepted, ACCEPTED),
        (either, ACCEPTED_OR_RETRY),
        (either & ~accepted, RETRIED),
        (problem == "no_band", NO_BAND),
        (problem == "ambiguous_band", AMBIGUOUS_BAND),
    )
    bits = [flag.fill_null(value=False).cast(pl.UInt8) * pl.lit(bit, dtype=pl.UInt8) for flag, bit in flags]
    return pl.sum_horizontal(bits).cast(pl.UInt8).alias("state")
