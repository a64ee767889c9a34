"""Simulated rollouts: eight hours in a guarded stage, window by window, for the triggers of the presets.

People come to both arms at the same rate and are counted once, as windows count them. Rates are those of the
demo's releases; what is wrong begins in the middle. Seeded: the same rollouts every time.
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import numpy as np

from releases.bundles.triggers import QuantileTrigger, ThresholdTrigger, VsControlTrigger
from releases.monitoring.triggers.backtest import BackTest, Spell, back_test
from releases.monitoring.triggers.given import Given, Interval
from releases.monitoring.triggers.presets import preset
from releases.monitoring.triggers.series import Counts, Window
from releases.monitoring.vocabulary.sketches import sketch_of

BEGAN = datetime(2026, 11, 2, tzinfo=UTC)
WIDTH = timedelta(minutes=5)
WINDOWS = 96
PEOPLE = 30
"""People per window in each arm: some 360 an hour, 2,900 in eight hours."""

SEGMENTS = np.array([0.3, 0.2, 0.12, 0.1, 0.08, 0.06, 0.05, 0.04, 0.03, 0.02])
HARMED = 3
"""The segment that is harmed, of 10 % of the people."""

TESTS = len(SEGMENTS) + 3
"""Sequential tests that may act: a segment each, retries, errors, disagreement."""

BUDGET_MS = 400.0
GATE = Interval(estimate=0.166, upper=0.202, subjects=800, words="measured at the gate")


@dataclass(frozen=True)
class Rates:
    """What befalls the people of one arm. ``segment`` adds to ``not_accepted`` of the harmed one alone."""

    retry: float = 0.12
    not_accepted: float = 0.20
    error: float = 0.01
    disagreement: float = 0.166
    latency_ms: float = 180.0
    segment: float = 0.0


SOUND = Rates()
HALF = WINDOWS // 2
"""The window in which a candidate that changes does so."""

CHANGED = BEGAN + HALF * WIDTH


@dataclass(frozen=True)
class Stage:
    """Simulated hours, counted anew for each metric; what is seen of one tells nothing of another."""

    random: np.random.Generator
    before: Rates
    after: Rates
    control: Rates = SOUND

    def ours(self, window: int) -> Rates:
        """The candidate's rates in a window."""
        return self.after if window >= HALF else self.before

    def shares(self, metric: str) -> list[Window]:
        """Windows of a share among everybody, in both arms."""
        return [
            self._window(
                index,
                self._counts(self._people(), getattr(self.ours(index), metric)),
                self._counts(self._people(), getattr(self.control, metric)),
            )
            for index in range(WINDOWS)
        ]

    def segment(self, number: int) -> list[Window]:
        """Windows of the people of one segment who were not accepted."""
        share = float(SEGMENTS[number])
        return [
            self._window(
                index,
                self._counts(self._people(share), _of_segment(self.ours(index), number)),
                self._counts(self._people(share), _of_segment(self.control, number)),
            )
            for index in range(WINDOWS)
        ]

    def latencies(self) -> list[Window]:
        """Windows of the candidate's latency: lognormal, p95 at about 1.9 times the median."""
        found = []
        for index in range(WINDOWS):
            median, people = self.ours(index).latency_ms, self._people()
            values = self.random.lognormal(np.log(median), 0.4, people)
            found.append(self._window(index, Counts(people, 0.0, people, 0, (sketch_of(values.tolist()),))))
        return found

    def _people(self, share: float = 1.0) -> int:
        return int(self.random.poisson(PEOPLE * share))

    def _counts(self, people: int, rate: float) -> Counts:
        events = int(self.random.binomial(people, rate))
        return Counts(people, float(events), people, events)

    def _window(self, index: int, ours: Counts, control: Counts | None = None) -> Window:
        starts_at = BEGAN + index * WIDTH
        return Window(starts_at, starts_at + WIDTH, ours, control or Counts())


def _of_segment(rates: Rates, number: int) -> float:
    return rates.not_accepted + (rates.segment if number == HARMED else 0.0)


def stage(seed: int, after: Rates = SOUND, before: Rates = SOUND) -> Stage:
    """A stage with the candidate's rates before and after its middle."""
    return Stage(np.random.default_rng(seed), before, after)


def harmed(**rates: float) -> Rates:
    """The rates of a candidate that does one thing worse, or better."""
    return replace(SOUND, **rates)


def compared(key: str, windows: list[Window]) -> BackTest:
    """A preset that compares with the control arm, over the stage."""
    trigger = preset(key).trigger()
    assert isinstance(trigger, VsControlTrigger)
    return back_test(trigger, windows, Given(tests=TESTS))


def disagreeing(found: Stage) -> BackTest:
    """The preset of disagreement, against the interval measured at the gate."""
    trigger = preset("disagreement").trigger()
    assert isinstance(trigger, ThresholdTrigger)
    return back_test(trigger, found.shares("disagreement"), Given(tests=TESTS, compared=GATE))


def slow(found: Stage) -> BackTest:
    """The preset of the p95 latency."""
    trigger = preset("p95_latency").trigger(limit=BUDGET_MS)
    assert isinstance(trigger, QuantileTrigger)
    return back_test(trigger, found.latencies(), Given(tests=TESTS))


def sequential_spells(found: Stage) -> list[Spell]:
    """Every firing of the presets that may look after every window."""
    tests = [
        compared("retry_spike", found.shares("retry")),
        compared("error_rate", found.shares("error")),
        *(compared("segment_degrades", found.segment(number)) for number in range(len(SEGMENTS))),
        disagreeing(found),
    ]
    return [spell for test in tests for spell in test.spells]


def minutes_to(spells: list[Spell], began: datetime) -> float | None:
    """Minutes from the beginning of what is wrong to the first firing after it; None without one."""
    found = [(spell.began_at - began).total_seconds() / 60 for spell in spells if spell.began_at > began]
    return min(found, default=None)
