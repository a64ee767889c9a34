"""The demo's segments and its one gate policy, locked before any table is imported."""

from typing import Any

from governance.registry.models import Segment, System
from governance.registry.services import define_segment
from releases.bundles.models import Release
from releases.demo.people import Stage
from releases.gates.models import GatePolicy
from releases.gates.policies.services import CriterionInput, draft_policy, lock_policy

SPECIES = (
    "print_low",
    "print_medium",
    "print_high",
    "replay_low",
    "replay_medium",
    "replay_high",
    "mask_paper",
    "mask_rigid",
)
BENCHMARKED = SPECIES[:6]
BPCER_MARGIN = 0.07
APCER_MARGIN = 0.10
NON_RESPONSE_MARGIN = 0.10
APCER_LIMIT = 0.45
CLUSTERS = {
    "planned_deff": 1.0,
    "planned_deff_reason": (
        "uvad and siw-m name no subject and give nothing to estimate a design effect from; 1 counts each of "
        "their captures once and is optimistic, so the evidence prints how many rows that are."
    ),
    "planned_icc": 0.2,
}
OUT_OF_SCOPE = [
    {
        "what": "makeup_cosmetic, makeup_impersonation, makeup_obfuscation",
        "reason": "10 to 16 presentations each: no bound that decides can be drawn from so few.",
    },
    {
        "what": "partial_funny_eyes, partial_periocular, partial_paper_glasses, partial_upper_half, "
        "partial_lower_half",
        "reason": "4 to 39 presentations, or 10 clusters: too few to decide on.",
    },
    {"what": "mask_silicone", "reason": "10 clusters: too few to decide on."},
]
WHY_BPCER = "Below 7 points a change in refusals has not been noticed by users of this system."
WHY_APCER = "The species have 20 to 3,778 presentations; below 10 points they cannot be told apart."
WHY_SILENCE = "More silence than this on one group would be an answer in itself."
PERCEIVED = "as annotators perceived it, not as the person stated it"


def define_segments(stage: Stage, system: System) -> list[Segment]:
    """The protected segments: six skin tones and two sexes, as annotators perceived them."""
    wanted = [("skin_tone", str(tone), f"Skin tone {tone}") for tone in range(1, 7)]
    wanted += [("sex", "female", "Female"), ("sex", "male", "Male")]
    return [
        define_segment(
            stage.actor("qa_lead"),
            system=system,
            key=f"{attribute}_{value}",
            title=title,
            predicate={"attribute": attribute, "operator": "eq", "value": value},
            protected=True,
            reason=f"Protected; {attribute.replace('_', ' ')} {PERCEIVED}.",
        )
        for attribute, value, title in wanted
    ]


def _paired(
    key: str, title: str, *, metric: str, strata: dict[str, Any], margin: float, why: str, baseline: Any
) -> CriterionInput:
    return CriterionInput(
        key=key,
        kind="noninferiority",
        title=title,
        spec={
            "metric": metric,
            "strata": strata,
            "baseline": baseline,
            "margin": margin,
            "margin_reason": why,
            **CLUSTERS,
        },
    )


def _comparisons(segments: list[Segment], reference: Release) -> list[CriterionInput]:
    """Every comparison twice: with what is live, and with release 1."""
    by_segment = {"segments": [segment.key for segment in segments]}
    by_species = {"species": list(SPECIES)}
    baselines = (
        ("live", "what is live", {"kind": "live", "when_no_baseline": "inconclusive"}),
        ("reference", "release 1", {"kind": "pinned", "release": str(reference.id)}),
    )
    lines = (
        ("bpcer", "Genuine users refused", by_segment, BPCER_MARGIN, WHY_BPCER),
        ("apcer", "Attacks accepted", by_species, APCER_MARGIN, WHY_APCER),
        ("bpnrr", "Genuine users without an answer", by_segment, NON_RESPONSE_MARGIN, WHY_SILENCE),
        ("apnrr", "Attacks without an answer", by_species, NON_RESPONSE_MARGIN, WHY_SILENCE),
    )
    return [
        _paired(
            f"{metric}_{place}",
            f"{title}, against {words}",
            metric=metric,
            strata=strata,
            margin=margin,
            why=why,
            baseline=baseline,
        )
        for place, words, baseline in baselines
        for metric, title, strata, margin, why in lines
    ]


def criteria(segments: list[Segment], reference: Release) -> list[CriterionInput]:
    """The policy's lines: against what is live, against release 1, and against fixed limits."""
    benchmark = CriterionInput(
        key="apcer_benchmark",
        kind="absolute",
        title="Print and replay attacks accepted",
        spec={
            "metric": "apcer",
            "strata": {"species": list(BENCHMARKED)},
            "limit": APCER_LIMIT,
            "limit_reason": "an academic baseline on public data, far from a product's target",
            **CLUSTERS,
        },
    )
    complete = CriterionInput(
        key="complete",
        kind="completeness",
        title="Nothing that the decision rests on is missing",
        spec={"species": list(SPECIES), "segments": [segment.key for segment in segments]},
    )
    return [*_comparisons(segments, reference), benchmark, complete, *_reviews()]


def _reviews() -> list[CriterionInput]:
    """What somebody has to have looked at (S12, S13)."""
    wanted = {"calibration_review": "Calibration is reviewed", "error_analysis": "Top failures are analysed"}
    return [
        CriterionInput(kind, "attestation", title, {"attestation": kind}) for kind, title in wanted.items()
    ]


def enact_policy(stage: Stage, system: System, segments: list[Segment], reference: Release) -> GatePolicy:
    """Draft the policy and lock it."""
    policy = draft_policy(
        stage.actor("qa_lead"),
        system=system,
        name="gate_risk_a",
        description="Academic baseline on gradgpad: margins against what is live and against release 1.",
        out_of_scope=OUT_OF_SCOPE,
        criteria=criteria(segments, reference),
    )
    return lock_policy(stage.actor("qa_lead"), policy=policy)
