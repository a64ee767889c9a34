"""Tests that may be looked at after every window: e-processes for monitoring.

An e-value is a number whose expectation is at most 1 while nothing is wrong, so it exceeds 1/alpha with
probability at most alpha, at whatever moment one looks or stops (Ville's inequality; A. Ramdas, P. Grünwald,
V. Vovk and G. Shafer, "Game-theoretic statistics and safe anytime-valid inference", Statistical Science 38
(2023) 576-601). With several tests that may act, each trips at tests/alpha.

All are one-sided: data better than the limit make the value small, so an improvement never trips. Counts may
be sums of per-subject shares in [0, 1] instead of whole events: a factor a^y·b^(1 − y) is at most y·a +
(1 − y)·b, so the expectation stays at most 1. What must be independent is the units: count each subject once,
not once per capture.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import numpy.typing as npt
from scipy.special import betainc, betaln, gammaln, logsumexp, xlogy

TWO_ARM_METHOD = "two_arm_mixture"
TWO_ARM_METHOD_VERSION = "1"
CONTROL_RATES, EXCESSES = 20, 12
AT_ONCE = 128

Numbers = npt.NDArray[np.float64]


def log_rate_e_value(events: float, non_events: float, limit: float) -> float:
    """Natural logarithm of the e-value against "the rate is at most the limit", from all data so far.

    The likelihood ratio to the limit, averaged over rates spread evenly on (limit, 1] (H. Robbins, Annals of
    Mathematical Statistics 41 (1970) 1397-1409). Minus infinity where it is too small for a double. Raises
    ValueError for negative counts or a limit outside (0, 1).
    """
    for name, count in (("events", events), ("non_events", non_events)):
        if not 0 <= count < math.inf:
            raise ValueError(f"{name} is {count!r}: a count is at least 0 and finite")
    if not 0 < limit < 1:
        raise ValueError(f"limit is {limit!r}: state a share between 0 and 1 (5 % is 0.05)")
    above = float(betainc(1 + non_events, 1 + events, 1 - limit))  # mass of the rates above the limit
    if above == 0:
        return -math.inf
    whole = float(betaln(1 + events, 1 + non_events))
    return whole + math.log(above) - math.log1p(-limit) - _log_likelihood(events, non_events, limit)


def rate_e_value(events: float, non_events: float, limit: float) -> float:
    """E-value of one arm; see ``log_rate_e_value``. Infinite where it is too large for a double."""
    return _exp(log_rate_e_value(events, non_events, limit))


def paired_e_value(worse: float, better: float) -> float:
    """Sequential McNemar: e-value against "of the pairs that differ, at most half got worse".

    For shadow traffic that both stacks decide: ``worse`` pairs on which only the candidate errs, ``better``
    those on which only the stable stack does.
    """
    return rate_e_value(worse, better, 0.5)


@dataclass(frozen=True, slots=True)
class TwoArmBlock:
    """One window of both arms: events (or sums of per-subject shares) and subjects. Raises ValueError for
    events that are negative or exceed their subjects.
    """

    treatment_events: float
    treatment_subjects: float
    control_events: float
    control_subjects: float

    def __post_init__(self) -> None:
        for arm, events, subjects in (
            ("treatment", self.treatment_events, self.treatment_subjects),
            ("control", self.control_events, self.control_subjects),
        ):
            if not 0 <= events <= subjects < math.inf:
                raise ValueError(
                    f"{arm}_events is {events!r} of {subjects!r} subjects: each counts at most 1"
                )


@dataclass(frozen=True, slots=True)
class TwoArmProcess:
    """Evidence against "the treatment's rate exceeds the control's by at most the margin", block by block.

    A margin below 0 asks for less than equality: see ``noninferiority_process``.

    For one alternative (t, c) the factor of a block is its likelihood ratio to the null point nearest to the
    alternative: the one that minimises n_t·KL(t‖x + margin) + n_c·KL(c‖x) over x. The logarithm of the
    expected factor is concave in the true rates, is 0 at that point, and falls from there into the null,
    which is convex; so the expectation is at most 1 over the whole null, for blocks of any size (R. Turner,
    A. Ly and P. Grünwald, "Generic E-variables for exact sequential k-sample tests", Journal of Statistical
    Planning and Inference 230 (2024); R. Turner and P. Grünwald, Statistics and Probability Letters 198
    (2023) for differences). The process averages over a fixed grid of alternatives, so nothing is tuned on
    the way.

    ``log_values`` holds one logarithm per alternative; keep it to go on later.
    """

    margin: float
    log_values: tuple[float, ...]
    blocks: int = 0
    method: str = TWO_ARM_METHOD
    method_version: str = TWO_ARM_METHOD_VERSION

    @classmethod
    def start(cls, margin: float = 0.0) -> Self:
        """No evidence yet; ``margin`` is the effect floor, a difference in [-0.5, 0.5] (2 points is 0.02)."""
        if not -0.5 <= margin <= 0.5:
            raise ValueError(
                f"margin is {margin!r}: state a difference between -0.5 and 0.5 (2 points is 0.02)"
            )
        return cls(margin, (0.0,) * alternatives_of(margin))

    def updated(self, block: TwoArmBlock) -> Self:
        """The process after one more block of subjects not counted before."""
        return self.path((block,))[0]

    def path(self, blocks: Sequence[TwoArmBlock]) -> tuple[Self, tuple[float, ...]]:
        """The process after all of the blocks, and ``log_e`` after each: the same as block by block."""
        if not blocks:
            return self, ()
        gained = gains_of(blocks, self.margin)
        values = np.array(self.log_values) + np.cumsum(gained, axis=0)
        after = replace(self, log_values=tuple(values[-1].tolist()), blocks=self.blocks + len(blocks))
        log_es = logsumexp(values, axis=1) - math.log(values.shape[1])
        return after, tuple(np.asarray(log_es, dtype=np.float64).tolist())

    @property
    def log_e(self) -> float:
        """Natural logarithm of the e-value."""
        return float(logsumexp(self.log_values)) - math.log(len(self.log_values))

    @property
    def e_value(self) -> float:
        """The e-value; infinite where it is too large for a double."""
        return _exp(self.log_e)


def noninferiority_process(margin: float) -> TwoArmProcess:
    """No evidence yet against "the treatment's rate exceeds the control's by the margin or more".

    It is the same test with the arms in each other's place: the control's rate falls short of the treatment's
    by at least the margin. Give it blocks by ``noninferiority_block``. Raises ValueError for a margin outside
    (0, 0.5].
    """
    if not 0 < margin <= 0.5:
        raise ValueError(f"margin is {margin!r}: state how much worse at most, above 0 and up to 0.5")
    return TwoArmProcess.start(-margin)


def noninferiority_block(block: TwoArmBlock) -> TwoArmBlock:
    """A block for ``noninferiority_process``: the arms in each other's place."""
    return TwoArmBlock(
        treatment_events=block.control_events,
        treatment_subjects=block.control_subjects,
        control_events=block.treatment_events,
        control_subjects=block.treatment_subjects,
    )


def log_below_e_value(events: float, non_events: float, limit: float) -> float:
    """Natural logarithm of the e-value against "the rate is at least the limit": that of the rest of the
    units against at most the rest of the limit."""
    return log_rate_e_value(non_events, events, 1 - limit)


def log_sample_ratio_e_value(
    counts: Sequence[float], shares: Sequence[float], *, concentration: float = 100.0
) -> float:
    """Natural logarithm of the e-value against "subjects fall to the arms in these shares".

    Dirichlet mixture of multinomials with prior weights concentration·shares (M. Lindon and A. Malek,
    "Anytime-valid inference for multinomial count data", NeurIPS 2022). ``counts`` and ``shares`` have one
    entry per arm; shares are above 0 and sum to 1. Raises ValueError otherwise.
    """
    seen, planned = np.asarray(counts, dtype=np.float64), np.asarray(shares, dtype=np.float64)
    if seen.shape != planned.shape or seen.ndim != 1 or seen.size < 2:
        raise ValueError("counts and shares differ in length, or name fewer than two arms")
    if not (seen >= 0).all() or not np.isfinite(seen).all():
        raise ValueError("counts must be finite and at least 0")
    if not (planned > 0).all() or abs(float(planned.sum()) - 1) > 1e-9:
        raise ValueError(f"shares sum to {float(planned.sum())!r}: they must be above 0 and sum to 1")
    if not 0 < concentration < math.inf:
        raise ValueError(f"concentration is {concentration!r}: state a finite number above 0")
    prior = concentration * planned
    return float(_log_beta(prior + seen) - _log_beta(prior) - np.sum(xlogy(seen, planned)))


def sample_ratio_e_value(
    counts: Sequence[float], shares: Sequence[float], *, concentration: float = 100.0
) -> float:
    """E-value of a sample ratio mismatch; see ``log_sample_ratio_e_value``."""
    return _exp(log_sample_ratio_e_value(counts, shares, concentration=concentration))


def e_threshold(alpha: float, *, tests: int = 1) -> float:
    """The e-value at which one of ``tests`` that may act trips: tests/alpha (Bonferroni)."""
    if not 0 < alpha < 1 or tests < 1:
        raise ValueError(f"alpha is {alpha!r} and tests {tests!r}: alpha lies in (0, 1), tests is 1 or more")
    return tests / alpha


def anytime_p_value(largest_e_value: float) -> float:
    """p value that holds at any time of looking, from the largest e-value so far."""
    return 1.0 if largest_e_value <= 1 else 1 / largest_e_value


def alternatives_of(margin: float) -> int:
    """How many alternatives the grid of a margin holds."""
    return int(_alternatives(margin)[0].size)


def gains_of(blocks: Sequence[TwoArmBlock], margin: float) -> Numbers:
    """What each block adds to the logarithm of each alternative: one row a block."""
    treatment, control = _alternatives(margin)
    found = np.empty((len(blocks), control.size))
    for first in range(0, len(blocks), AT_ONCE):  # so many at once as stay in the processor's cache
        some = blocks[first : first + AT_ONCE]
        a, n, b, m = (
            np.array([[getattr(block, name)] for block in some], dtype=np.float64)
            for name in ("treatment_events", "treatment_subjects", "control_events", "control_subjects")
        )
        nearest = _nearest_null(treatment, control, margin, n, m)
        gained = _log_ratio(a, n, treatment, nearest + margin) + _log_ratio(b, m, control, nearest)
        found[first : first + AT_ONCE] = gained
    return found


def _alternatives(margin: float) -> tuple[Numbers, Numbers]:
    """Treatment and control rates of the grid: control rates even on the logit scale, excesses on the log."""
    control = 1 / (1 + np.exp(-np.linspace(math.log(0.001 / 0.999), math.log(0.8 / 0.2), CONTROL_RATES)))
    excess = np.geomspace(0.003, 0.5, EXCESSES)
    rates, gaps = np.meshgrid(control, excess)
    kept = (rates + margin + gaps < 0.99) & (rates + margin + gaps > 0.0005)
    return (rates + margin + gaps)[kept], rates[kept]


def _nearest_null(treatment: Numbers, control: Numbers, margin: float, n: Numbers, m: Numbers) -> Numbers:
    """Control rate x of the point (x + margin, x) nearest to each alternative, for blocks of n and m
    subjects: where the derivative of the weighted divergence is 0. Times x(1 − x)(x + margin)(1 − x − margin)
    it is a cubic, whose middle root this is (O. Miettinen and M. Nurminen, "Comparative analysis of two
    rates", Statistics in Medicine 4 (1985) 213-226); two steps of Newton take off what rounding left.
    """
    whole = n + m
    n, m = np.where(whole > 0, n, 1.0), np.where(whole > 0, m, 1.0)  # nobody: any point will do
    a, rest = margin - treatment, 1 - margin
    square = -(n * (1 - a) + m * (rest - margin + control)) / (n + m)
    line = -(n * a + m * (margin * rest - control * (rest - margin))) / (n + m)
    constant = m * control * margin * rest / (n + m)
    spread = np.sqrt(np.maximum(square**2 - 3 * line, 0)) / 3
    cosine = (2 * square**3 - 9 * square * line + 27 * constant) / np.maximum(54 * spread**3, 1e-300)
    angle = np.arccos(np.clip(cosine, -1, 1))
    inside = 1e-9  # with a margin below 0 either rate of the pair could reach the end of its range
    low, high = np.maximum(control, inside - margin), np.minimum(treatment - margin, 1 - inside)
    x = np.clip(-2 * spread * np.cos((angle - 2 * math.pi) / 3) - square / 3, low, high)
    for _ in range(2):
        y = x + margin
        slope = n * (y - treatment) / (y * (1 - y)) + m * (x - control) / (x * (1 - x))
        bend = (
            n * (y * y - 2 * treatment * y + treatment) / (y * (1 - y)) ** 2
            + m * (x * x - 2 * control * x + control) / (x * (1 - x)) ** 2
        )
        x = np.clip(x - slope / bend, low, high)
    return np.asarray(x, dtype=np.float64)


def _log_ratio(events: Numbers, subjects: Numbers, rate: Numbers, null: Numbers) -> Numbers:
    gained = events * np.log(rate / null) + (subjects - events) * np.log((1 - rate) / (1 - null))
    return np.asarray(gained, dtype=np.float64)


def _log_likelihood(events: float, non_events: float, rate: float) -> float:
    return events * math.log(rate) + non_events * math.log1p(-rate)


def _log_beta(weights: Numbers) -> float:
    return float(np.sum(gammaln(weights)) - gammaln(np.sum(weights)))


def _exp(logarithm: float) -> float:
    return math.exp(logarithm) if logarithm < 709 else math.inf
