"""Who comes to the demo's decision service, and what each stack decides about them. Pure but for the package.

Every capture is one of gradgpad's test subset and its scores are the package's own, so the shares of people
refused are those of the stack. What the package does not know is staged and seeded: when somebody comes, how
often they try again, how long the answer takes, and which answers break off with an error.
"""

import hashlib
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from governance.identifiers import new_id
from releases.demo.gradgpad import SYSTEMS, Capture, data_directory, read_scores, score_rows
from releases.demo.stack import SDK_VERSIONS, operating_threshold

ATTACKS = 0.015
"""The share of people who attack; no label is reported with a decision."""

TRIES_AGAIN = 0.4
"""The share of those not accepted who try once more, seconds later."""

ERRORS = 0.004
LATENCY_MS = {"quality_linear": 360.0}
USUAL_LATENCY_MS = 400.0
SPREAD = 0.3
"""Of the logarithm of a latency."""

STATED = ("sex", "age", "skin_tone", "capture_device", "lighting")
"""What a decision carries of its capture; what nobody annotated is left out."""


@dataclass(frozen=True)
class Seen:
    """A capture with the score that each of the package's systems gave it."""

    capture: Capture
    scores: Mapping[str, float]


@dataclass(frozen=True)
class Trouble:
    """What befalls the answers of one arm: how much slower they are, and how many break off."""

    slower: float = 1.0
    errors: float = ERRORS


CALM = Trouble()
CERTIFICATE_EXPIRED = Trouble(errors=0.12)
CONNECTIONS_OPENED_ANEW = Trouble(slower=2.6)


@cache
def captures() -> tuple[Seen, ...]:
    """Captures of the test subset that every system scored, in one order for ever."""
    directory = data_directory()
    scores = {name: read_scores(directory, name, "test") for name in SYSTEMS}
    everything = (capture for capture, _ in score_rows(directory, SYSTEMS[0], "test"))
    found = [
        Seen(capture, {name: scores[name][capture.sample_id] for name in SYSTEMS})
        for capture in everything
        if all(capture.sample_id in of_system for of_system in scores.values())
    ]
    return tuple(sorted(found, key=lambda one: hashlib.sha256(one.capture.sample_id.encode()).digest()))


@cache
def genuine() -> tuple[Seen, ...]:
    """Those of genuine users."""
    return tuple(one for one in captures() if one.capture.label == "bona_fide")


@cache
def attacks() -> tuple[Seen, ...]:
    """Those of attacks."""
    return tuple(one for one in captures() if one.capture.label != "bona_fide")


@cache
def _of_subject() -> Mapping[str, Sequence[Seen]]:
    found: dict[str, list[Seen]] = defaultdict(list)
    for one in genuine():
        found[one.capture.subject_id].append(one)
    return found


def is_accepted(name: str, seen: Seen) -> bool:
    """Whether the stack of that name accepts the capture."""
    return seen.scores[name] <= operating_threshold(name)


def accepted_attack(name: str, species: str) -> Seen:
    """An attack of the species that the stack lets pass."""
    return next(one for one in attacks() if one.capture.pai_fine == species and is_accepted(name, one))


class Crowd:
    """People who come to one channel, and the answers they get; the same ones for the same seed."""

    def __init__(self, channel: str, seed: int) -> None:
        self.channel = channel
        self._random = np.random.default_rng([seed, *channel.encode()])
        self._names = np.random.default_rng([seed + 1, *channel.encode()])  # how many are tried is chance

    def moments(self, people: int, seconds: float) -> list[float]:
        """When so many people come within a span, in seconds from its beginning."""
        return sorted(float(one) for one in self._random.uniform(0, seconds, people))

    def chance(self) -> float:
        """A number between 0 and 1."""
        return float(self._random.random())

    def pseudonym(self, fits: Callable[[str], bool] = lambda _: True) -> str:
        """What a caller sends in place of a person: a new one, the first that fits."""
        while True:
            key = hashlib.sha256(self._names.bytes(16)).hexdigest()[:24]
            if fits(key):
                return key

    def capture(self) -> Seen:
        """Somebody's first capture: a genuine user's but for a few."""
        among = attacks() if self.chance() < ATTACKS else genuine()
        return among[int(self._random.integers(len(among)))]

    def another(self, first: Seen) -> Seen:
        """A further capture of the same person, or the same one where the package names no subject."""
        known = _of_subject().get(first.capture.subject_id, ()) if first.capture.subject_id else ()
        return known[int(self._random.integers(len(known)))] if known else first

    def answer(self, name: str, seen: Seen, trouble: Trouble = CALM) -> dict[str, Any]:
        """What the stack of that name answers: scores, band, outcome and latency."""
        usual = LATENCY_MS.get(name, USUAL_LATENCY_MS) * trouble.slower
        latency = round(usual * float(self._random.lognormal(0.0, SPREAD)), 1)
        if self.chance() < trouble.errors:
            return {"scores": {}, "band": "", "outcome": "error", "latency_ms": latency}
        band = "accept" if is_accepted(name, seen) else "reject"
        scores = {"score": seen.scores[name]}
        return {"scores": scores, "band": band, "outcome": band, "latency_ms": latency}

    def tries_again(self, answer: Mapping[str, Any]) -> bool:
        """Whether the person comes back after this answer."""
        return answer["outcome"] != "accept" and self.chance() < TRIES_AGAIN

    def decision(
        self,
        answer: Mapping[str, Any],
        seen: Seen,
        *,
        at: str,
        channel: str,
        stamp: str,
        subject: str,
        attempt: int,
    ) -> dict[str, Any]:
        """The decision as the service reports it; ``channel`` is the channel's id."""
        stated = {name: getattr(seen.capture, name) for name in STATED}
        return {
            "id": str(new_id()),
            "at": at,
            "channel": channel,
            "stamp": stamp,
            "subject": subject,
            "sdk": SDK_VERSIONS[self.channel],
            "attributes": {**{name: value for name, value in stated.items() if value}, "attempt": attempt},
            **answer,
        }
