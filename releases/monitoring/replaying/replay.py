"""The threshold policy applied once more to one decision: from its scores to band and outcome.

Pure: facts in, answer out. The same rules decide rows of score tables in :mod:`releases.scores.bands`: the
most specific band that fits applies, a row that no band fits has no decision, and so has one that two equally
specific bands fit. What cannot be recomputed says why; it never counts as the same.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import groupby

from governance.registry.predicates import matches
from releases.scores.bands import Band, Bands
from releases.statistics.thresholds import AtThreshold, Polarity

ACCEPT, RETRY, REJECT = "accept", "retry", "reject"
ZONES = (ACCEPT, RETRY, REJECT)


class NotReplayable(Exception):
    """Why the decision cannot be recomputed, as a sentence without its first words."""


@dataclass(frozen=True)
class Fusion:
    """How sub-scores become the score that is judged."""

    strategy: str
    inputs: tuple[str, ...]
    weights: Mapping[str, float]


@dataclass(frozen=True)
class Reported:
    """What the decision service reported, as far as a policy looks at it."""

    scores: Mapping[str, float]
    band: str
    outcome: str
    channel: str
    attributes: Mapping[str, object]


@dataclass(frozen=True)
class Replay:
    """``same`` is None where nothing could be recomputed; then ``problem`` says why. ``difference`` names
    what came out otherwise.
    """

    score: float | None = None
    fits: Band | None = None
    band: str = ""
    outcome: str = ""
    same: bool | None = None
    difference: str = ""
    problem: str = ""


def fused(fusion: Fusion, scores: Mapping[str, float]) -> float:
    """The one score that the policy judges.

    Raises:
        NotReplayable: an input is missing, or the strategy is not arithmetic that stands in the release.
    """
    if fusion.strategy not in {"single_score", "weighted"}:
        name = fusion.strategy.replace("_", " ")
        raise NotReplayable(f"the fusion is a {name}, whose arithmetic does not stand in the release")
    if fusion.strategy == "single_score" and len(fusion.inputs) != 1:
        raise NotReplayable(f"a single score is taken from {len(fusion.inputs)} inputs")
    missing = [name for name in fusion.inputs if name not in scores]
    if missing:
        raise NotReplayable(f"the score {missing[0]!r} was not reported")
    if fusion.strategy == "single_score":
        return float(scores[fusion.inputs[0]])
    total = sum(fusion.weights[name] * scores[name] for name in fusion.inputs)
    if not math.isfinite(total):
        raise NotReplayable("the weighted sum leaves the range of numbers")
    return float(total)


def texts_of(attributes: Mapping[str, object]) -> dict[str, str | None]:
    """Attributes as segments read them: as text, with whole numbers without a point."""
    return {name: _text(value) for name, value in attributes.items()}


def _text(value: object) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def fits(band: Band, channel: str, attributes: Mapping[str, str | None]) -> bool:
    """Whether the band's conditions hold; an unknown attribute satisfies none."""
    if band.use_case is not None and attributes.get("use_case") != band.use_case:
        return False
    if band.channel is not None and channel != band.channel:
        return False
    return band.segment is None or matches(band.segment, attributes) is True


def deciding_band(bands: Bands, channel: str, attributes: Mapping[str, str | None]) -> Band:
    """The most specific band that fits.

    Raises:
        NotReplayable: none does (no_band), or two equally specific ones do (ambiguous_band).
    """
    ranked = sorted(bands.bands, key=_rank, reverse=True)
    for _, group in groupby(ranked, key=_rank):
        fitting = [band for band in group if fits(band, channel, attributes)]
        if len(fitting) > 1:
            raise NotReplayable("two equally specific bands of the policy fit (ambiguous_band)")
        if fitting:
            return fitting[0]
    raise NotReplayable("no band of the policy fits (no_band)")


def _rank(band: Band) -> tuple[int, bool, bool, bool]:
    return band.rank


def zone(bands: Bands, band: Band, score: float) -> str:
    """Accept, retry or reject: where the score lies in the band."""
    if _within(bands, score, band.accept):
        return ACCEPT
    if band.retry is not None and _within(bands, score, band.retry):
        return RETRY
    return REJECT


def _within(bands: Bands, score: float, bound: float) -> bool:
    ties = bands.at_threshold is AtThreshold.BONA_FIDE
    if bands.polarity is Polarity.HIGHER_IS_ATTACK:
        return score <= bound if ties else score < bound
    return score >= bound if ties else score > bound


def outcomes_of(bands: Bands, found: str, attempt: object) -> tuple[str, ...]:
    """What the subject may meet in a zone, the likelier first. The last attempt allowed is not retried;
    where the attempt was not reported both are right.
    """
    if found != RETRY:
        return (found,)
    if isinstance(attempt, bool) or not isinstance(attempt, int):
        return (RETRY, REJECT)
    return (RETRY,) if attempt < bands.attempts_allowed else (REJECT,)


def replay(fusion: Fusion, bands: Bands, reported: Reported) -> Replay:
    """Recompute the decision and compare it with what was reported."""
    texts = texts_of(reported.attributes)
    try:
        if reported.outcome == "error":
            raise NotReplayable("it ended with an error, so no policy decided")
        score = fused(fusion, reported.scores)
        band = deciding_band(bands, reported.channel, texts)
    except NotReplayable as reason:
        return Replay(problem=f"cannot be replayed: {reason}.")
    found = zone(bands, band, score)
    allowed = outcomes_of(bands, found, reported.attributes.get("attempt"))
    differs = [
        *([f"outcome {allowed[0]}, reported {reported.outcome}"] if reported.outcome not in allowed else []),
        *([f"band {found}, reported {reported.band}"] if _other_zone(reported.band, found) else []),
    ]
    outcome = reported.outcome if reported.outcome in allowed else allowed[0]
    return Replay(score, band, found, outcome, not differs, "; ".join(differs))


def _other_zone(reported: str, found: str) -> bool:
    """A band that the service calls by a name of its own cannot be compared."""
    return reported in ZONES and reported != found
