"""Reads of decisions: a stored one with all that hangs on it, and its replay with what was in force then."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from governance.registry.models import ComponentVersion, Segment, System
from governance.registry.predicates import Predicate, parse_predicate
from governance.registry.queries import segments_in_force
from releases.bundles.models import Slot
from releases.monitoring.decisions.models import Decision
from releases.monitoring.replaying.replay import Fusion, NotReplayable, Replay, Reported, replay
from releases.scores.bands import Band, Bands
from releases.statistics.thresholds import AtThreshold, Polarity

SHARED = ("polarity", "at_threshold", "attempts_allowed")


def traced_decisions() -> QuerySet[Decision]:
    """Decisions with channel, system, revision, release, batch and its entry."""
    return Decision.objects.select_related("channel__system", "revision__release", "batch__entry__leaf")


def bands_of(policies: Iterable[ComponentVersion], segments: Iterable[Segment]) -> Bands:
    """The threshold policies of a release as one set of bands.

    Raises:
        NotReplayable: there is none, they contradict one another, or they need what no decision carries.
    """
    attributes = [policy.attributes for policy in policies]
    if not attributes:
        raise NotReplayable("the release holds no threshold policy")
    shared = [{name: one.get(name, 1) for name in SHARED} for one in attributes]
    if any(one != shared[0] for one in shared):
        raise NotReplayable("its threshold policies differ in polarity, ties or attempts")
    if any(one.get("quality_gate") is not None for one in attributes):
        raise NotReplayable("the policy has a quality gate, whose input no decision carries")
    known = {segment.key: parse_predicate(segment.predicate) for segment in segments}
    bands = tuple(_band(band, known) for one in attributes for band in one["bands"])
    try:
        return Bands(
            Polarity(shared[0]["polarity"]),
            AtThreshold(shared[0]["at_threshold"]),
            bands,
            int(shared[0]["attempts_allowed"]),
        )
    except ValueError as error:
        raise NotReplayable(str(error)) from error


def _band(band: Mapping[str, Any], segments: Mapping[str, Predicate]) -> Band:
    key = band.get("segment")
    if key and key not in segments:
        raise NotReplayable(f"a band is stated for the segment {key}, which was not defined then")
    use_case = band.get("use_case")
    return Band(
        accept=band["accept"],
        retry=band.get("retry"),
        # The default band is for whatever has no band of its own, also for decisions without a use case.
        use_case=None if use_case == "default" else use_case,
        channel=band.get("channel"),
        segment=segments[key] if key else None,
    )


def replay_of(decision: Decision, slots: Iterable[Slot], system: System) -> Replay:
    """The decision recomputed from its scores, with the slots of the revision that it names and the
    segments that were defined when it was made.
    """
    return replayed(decision, policy_of(slots, segments_in_force(system, decision.at)))


@dataclass(frozen=True)
class Policy:
    """What recomputes decisions of a revision while its segments stand; ``problem`` says why nothing can."""

    fusion: Fusion | None
    bands: Bands | None
    problem: str = ""


def policy_of(slots: Iterable[Slot], segments: Iterable[Segment]) -> Policy:
    """Fusion and bands of a revision's slots."""
    found = list(slots)
    components = {name: [one.component for one in found if one.slot == name] for name in _REPLAYED}
    try:
        return Policy(fusion_of(components["fusion"]), bands_of(components["threshold_policy"], segments))
    except NotReplayable as reason:
        return Policy(None, None, f"cannot be replayed: {reason}.")


def replayed(decision: Decision, policy: Policy) -> Replay:
    """The decision recomputed from its scores by the policy."""
    if policy.fusion is None or policy.bands is None:
        return Replay(problem=policy.problem)
    reported = Reported(
        decision.scores, decision.band, decision.outcome, decision.channel.name, decision.attributes
    )
    return replay(policy.fusion, policy.bands, reported)


_REPLAYED = ("fusion", "threshold_policy")


def fusion_of(components: list[ComponentVersion]) -> Fusion:
    """The one fusion of a revision.

    Raises:
        NotReplayable: it holds none, or several.
    """
    if len(components) != 1:
        raise NotReplayable(f"the release holds {len(components)} fusions")
    attributes = components[0].attributes
    return Fusion(attributes["strategy"], tuple(attributes["inputs"]), attributes.get("weights", {}))
