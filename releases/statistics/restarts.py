"""A two-arm test that also finds what gets worse late.

Evidence that adds up from one beginning has to outweigh all the sound hours before a change. So only three
quarters are bet at the beginning; the rest is kept, and a part of it is bet at each later beginning, where it
has nothing to outweigh. The e-value is what all bets have become, with what is still kept. It is a mixture of
e-processes, whose weights are fixed and sum to 1, so it exceeds 1/alpha with probability at most alpha over
the whole time (after J. Shin, A. Ramdas and A. Rinaldo, "E-detectors: a nonparametric framework for
sequential change detection", New England Journal of Statistics in Data Science, 2023, whose bets are all
whole ones, so that not the risk of an alarm is bounded but how often one comes).

The price: what is wrong from the beginning needs a third more evidence.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Self

import numpy as np

from releases.statistics.sequential import Numbers, TwoArmBlock, alternatives_of, gains_of

RESTARTING_METHOD = "two_arm_mixture_with_restarts"
RESTARTING_METHOD_VERSION = "1"
FIRST_STAKE = 0.75
AT_ONCE = 1024


@dataclass(frozen=True, slots=True)
class RestartingTwoArm:
    """Evidence against "the treatment's rate exceeds the control's by at most the margin", block by block.

    ``log_values`` holds, for each alternative, the logarithm of what all bets on it have become; it is empty
    before the first. ``kept`` is the share that was not bet yet, ``begun`` how often it was. Keep all three
    to go on later.
    """

    margin: float
    log_values: tuple[float, ...] = ()
    kept: float = 1.0
    begun: int = 0
    method: str = RESTARTING_METHOD
    method_version: str = RESTARTING_METHOD_VERSION

    def path(self, blocks: Sequence[TwoArmBlock], begins: Sequence[bool]) -> tuple[Self, tuple[float, ...]]:
        """The process after all of the blocks, and ``log_e`` after each: the same as block by block.

        ``begins`` names the blocks with which another bet begins, by their time and not by what they hold;
        the first one always does. Raises ValueError where the two differ in length.
        """
        if len(begins) != len(blocks):
            raise ValueError(f"begins names {len(begins)} blocks of {len(blocks)}")
        process, log_es = self, list[float]()
        for first in range(0, len(blocks), AT_ONCE):  # so much of it is in memory
            some, named = blocks[first : first + AT_ONCE], begins[first : first + AT_ONCE]
            process = process._after(some, named, log_es)
        return process, tuple(log_es)

    def _after(self, blocks: Sequence[TwoArmBlock], begins: Sequence[bool], log_es: list[float]) -> Self:
        gained, process = gains_of(blocks, self.margin), self
        firsts = [index for index in range(len(blocks)) if index == 0 or begins[index]]
        for first, last in pairwise([*firsts, len(blocks)]):
            if begins[first] or not process.log_values:
                process = process._begun()
            values = np.array(process.log_values) + np.cumsum(gained[first:last], axis=0)
            log_es += process._log_es(values)
            process = replace(process, log_values=tuple(values[-1].tolist()))
        return process

    @property
    def log_e(self) -> float:
        """Natural logarithm of the e-value."""
        return self._log_es(np.array([self.log_values]))[0] if self.log_values else 0.0

    def _begun(self) -> Self:
        """With one more bet. After the first the j-th is 1/(j (j + 1)) of the rest: small ones for
        ever, and none so small as to need much more evidence than the one before."""
        stake = self.kept * (FIRST_STAKE if self.begun == 0 else 1 / (self.begun + 1))
        former = np.array(self.log_values or (-math.inf,) * alternatives_of(self.margin))
        values = np.logaddexp(former, math.log(stake))
        return replace(self, log_values=tuple(values.tolist()), kept=self.kept - stake, begun=self.begun + 1)

    def _log_es(self, values: Numbers) -> list[float]:
        top = values.max(axis=1)
        bet = top + np.log(np.exp(values - top[:, np.newaxis]).mean(axis=1))
        return [float(one) for one in np.logaddexp(bet, math.log(self.kept))]
