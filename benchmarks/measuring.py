"""How a row is measured: each contender in a process of its own, in rounds of shuffled order.

All contenders of a row run once per round, in an order drawn anew, so that a busy or a slow minute of the
machine falls on all of them alike. One warm-up round is thrown away. A ratio is taken within each round and
the median over the rounds is reported with its lowest and highest. The peer also runs a second time under
another name: the ratio of the two is the A/A control; a difference smaller than its spread means nothing.
"""

import json
import os
import random
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any

SHUFFLE_SEED = 20_260
LONGEST_SECONDS = 900
KIBIBYTE = 1024
CONTROL = " (again)"


class MeasurementFailed(Exception):
    """A contender ended with an error or said nothing that can be read."""


@dataclass(frozen=True)
class Contender:
    """A command that does the work once and prints one line of JSON last: ``seconds`` (wall clock) and
    ``cpu_seconds`` of the work alone, and ``answer``, by which results are compared. ``environment`` is added
    to that of the harness.
    """

    name: str
    command: tuple[str, ...]
    environment: dict[str, str] = field(default_factory=dict)

    def again(self) -> "Contender":
        """The same work under another name: the A/A control."""
        return Contender(f"{self.name}{CONTROL}", self.command, self.environment)


@dataclass(frozen=True)
class Sample:
    """One run: seconds of the work, and the most memory its process ever held (MiB)."""

    seconds: float
    cpu_seconds: float
    peak_mib: float
    answer: Any


Runner = Callable[[Contender], Sample]
Samples = dict[str, list[Sample]]


def run_child(contender: Contender) -> Sample:
    """Run it in a process of its own and read what it says. Raises MeasurementFailed."""
    child = subprocess.Popen(
        contender.command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **contender.environment},
        start_new_session=True,
    )
    try:
        said, complaint = child.communicate(timeout=LONGEST_SECONDS)
    except subprocess.TimeoutExpired as error:
        os.killpg(child.pid, signal.SIGKILL)
        child.communicate()
        raise MeasurementFailed(f"{contender.name} took longer than {LONGEST_SECONDS} s.") from error
    if child.returncode:
        raise MeasurementFailed(f"{contender.name} ended with {child.returncode}: {complaint[-2000:]}")
    try:
        found = json.loads(said.strip().splitlines()[-1])
        return Sample(
            float(found["seconds"]),
            float(found["cpu_seconds"]),
            float(found["peak_kib"]) / KIBIBYTE,
            found.get("answer"),
        )
    except (IndexError, KeyError, TypeError, ValueError) as error:
        raise MeasurementFailed(f"{contender.name} did not print its figures: {said[-500:]!r}") from error


def measure(
    contenders: Sequence[Contender],
    rounds: int,
    *,
    run: Runner = run_child,
    seed: int = SHUFFLE_SEED,
    say: Callable[[str], None] = lambda text: None,
) -> Samples:
    """Samples of each contender by its name, one per round, behind a warm-up that is thrown away."""
    shuffle = random.Random(seed)  # noqa: S311 # an order, not a secret
    samples: Samples = {contender.name: [] for contender in contenders}
    for number in range(rounds + 1):
        order = shuffle.sample(list(contenders), len(contenders))
        for contender in order:
            started = time.monotonic()
            sample = run(contender)
            took = time.monotonic() - started
            say(
                f"{'warm-up' if not number else f'round {number}'}: {contender.name}: {sample.seconds:.2f} s "
                f"(CPU {sample.cpu_seconds:.2f} s, {sample.peak_mib:.0f} MiB, {took:.1f} s with its start)"
            )
            if number:
                samples[contender.name].append(sample)
    return samples


@dataclass(frozen=True)
class Spread:
    """The median of some figures, with the lowest and the highest."""

    median: float
    lowest: float
    highest: float

    @staticmethod
    def of(figures: Sequence[float]) -> "Spread":
        return Spread(median(figures), min(figures), max(figures))


def ratios(samples: Samples, above: str, below: str, part: Callable[[Sample], float]) -> Spread:
    """One contender over another, round by round."""
    pairs = zip(samples[above], samples[below], strict=True)
    return Spread.of([part(one) / part(other) for one, other in pairs])


def wall(sample: Sample) -> float:
    """Seconds on the clock."""
    return sample.seconds


def cpu(sample: Sample) -> float:
    """Seconds of processor time, which a busy machine disturbs least."""
    return sample.cpu_seconds


def peak(sample: Sample) -> float:
    """MiB at most."""
    return sample.peak_mib
