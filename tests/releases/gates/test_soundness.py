"""Policies that a worse release could pass are refused, and what they lack is named."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from governance.documents import checked
from releases.bundles.models import Revision
from releases.gates.criteria import KIND_OF
from releases.gates.judging.criterion import Criterion
from releases.gates.policies.services import CriterionInput
from releases.gates.policies.soundness import PolicyCanBeGamed, check_sound, overlooks_refusals
from tests.factories.gates import SMALL, criteria

Change = Callable[[list[CriterionInput]], list[CriterionInput]]
REFERENCE = Revision(release_id="00000000-0000-7000-8000-000000000001")


def parsed(written: list[CriterionInput]) -> list[Criterion]:
    return [
        Criterion(
            one.key,
            1,
            KIND_OF[one.kind],
            one.title,
            one.owner,
            one.severity,
            one.mode,
            checked(KIND_OF[one.kind].spec, one.spec, field="spec", title=one.key),
        )
        for one in written
    ]


def without(*keys: str) -> Change:
    return lambda written: [one for one in written if one.key not in keys]


def changing(key: str, **changes: Any) -> Change:
    return lambda written: [replace(one, **changes) if one.key == key else one for one in written]


def respecified(key: str, **changes: Any) -> Change:
    return lambda written: [
        replace(one, spec={**one.spec, **changes}) if one.key == key else one for one in written
    ]


def test_a_sound_policy_is_not_refused() -> None:
    check_sound(parsed(criteria(SMALL, REFERENCE)))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (without("apcer"), "no absolute APCER criterion"),
        (changing("apcer", severity="advisory"), "no absolute APCER criterion"),
        (changing("apcer", mode="observe"), "no absolute APCER criterion"),
        (without("bpcer_reference", "apcer_reference", "bpnrr_reference", "apnrr_reference"), "pins no ref"),
        (
            without("bpcer_live", "apcer_live", "bpnrr_live", "apnrr_live"),
            "compares nothing with what is live",
        ),
        (without("apcer_reference"), "no reference release: APCER .mask, print."),
        (changing("bpcer_reference", mode="observe"), "BPCER .skin_tone_1, skin_tone_6."),
        (respecified("apcer_reference", strata={"species": ["print"]}), "no reference release: APCER .mask"),
        (without("apnrr_live", "apnrr_reference"), "silence on hard captures is rewarded: attacks .mask"),
        (
            respecified("bpnrr_live", strata={"segments": ["skin_tone_1"]}),
            "silence on hard captures is rewarded: genuine users .skin_tone_6",
        ),
        (
            respecified("apnrr_live", where={"attribute": "skin_tone", "operator": "exists", "value": True}),
            "silence on hard captures is rewarded: attacks .mask, print",
        ),
    ],
)
def test_a_policy_that_can_be_gamed_is_refused_by_naming_what_is_missing(change: Change, said: str) -> None:
    with pytest.raises(PolicyCanBeGamed, match=said):
        check_sound(parsed(change(criteria(SMALL, REFERENCE))))


NARROWED = {"attribute": "skin_tone", "operator": "eq", "value": "1"}
DATASET = "sha256:" + "da" * 32


def replaced(key: str, kind: str, spec: dict[str, Any]) -> Change:
    return lambda written: [
        CriterionInput(key, kind, key, spec) if one.key == key else one for one in written
    ]


def in_place_of(key: str, kind: str, *, leaving_out: str = "", **changes: Any) -> Change:
    """The criterion as another kind, which looks alike and asks for less."""

    def change(written: list[CriterionInput]) -> list[CriterionInput]:
        spec = next(one.spec for one in written if one.key == key)
        kept = {name: part for name, part in spec.items() if name != leaving_out}
        return replaced(key, kind, {**kept, **changes})(written)

    return change


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            in_place_of("apcer", "max_errors", leaving_out="limit", max_errors=0, presentations=20),
            "no absolute APCER criterion",
        ),
        (
            in_place_of(
                "apcer", "ratio_to_whole", leaving_out="limit", max_ratio=1.25, ratio_reason="A test's"
            ),
            "no absolute APCER criterion",
        ),
        (respecified("apcer", where=NARROWED), "no absolute APCER criterion"),
        (respecified("apcer", limit=0.51), "no absolute APCER criterion"),
        (
            respecified(
                "apcer",
                strata={
                    "crossing": {
                        "first": {"species": ["print", "mask"]},
                        "second": {"segments": ["skin_tone_1"]},
                    }
                },
            ),
            "no absolute APCER criterion",
        ),
        (in_place_of("apcer_reference", "superiority"), "no reference release: APCER .mask, print."),
        (
            respecified("apcer_reference", pairing="independent", pairing_reason="The camera is new"),
            "no reference release: APCER .mask, print.",
        ),
        (respecified("apcer_reference", margin=0.6), "no reference release: APCER .mask, print."),
        (
            respecified("apnrr_live", pairing="independent", pairing_reason="The camera is new"),
            "silence on hard captures is rewarded: attacks .mask, print",
        ),
        (
            respecified("apnrr_live", dataset=DATASET),
            "silence on hard captures is rewarded: attacks .mask, print",
        ),
    ],
)
def test_what_only_looks_like_a_mandatory_criterion_does_not_count(change: Change, said: str) -> None:
    with pytest.raises(PolicyCanBeGamed, match=said):
        check_sound(parsed(change(criteria(SMALL, REFERENCE))))


def added(kind: str, **spec: Any) -> Change:
    return lambda written: [*written, CriterionInput("more", kind, "More", spec)]


@pytest.mark.parametrize(
    "change",
    [
        added("superiority", metric="bpcer", strata={"pooled": True}, stratum_rule="pooled", margin=0,
              margin_reason="A test's", baseline={"kind": "live"}),
        added("max_errors", metric="apcer", strata={"species": ["mask_paper"]}, max_errors=0,
              presentations=150),
        added("ratio_to_whole", metric="bpcer", strata={"segments": ["sex_female"]}, max_ratio=1.25,
              ratio_reason="A test's"),
    ],
)  # fmt: skip
def test_every_kind_that_counts_errors_needs_a_comparison_of_silence_in_its_strata(change: Change) -> None:
    with pytest.raises(PolicyCanBeGamed, match="silence on hard captures is rewarded"):
        check_sound(parsed(change(criteria(SMALL, REFERENCE))))


def test_kinds_that_count_no_errors_may_stand_beside_a_sound_policy() -> None:
    pooled = {"strata": {"pooled": True}, "stratum_rule": "pooled"}
    more = [
        CriterionInput("fast", "latency_quantile", "Fast", {**pooled, "budget_ms": 500}),
        CriterionInput("retries", "retry_rate", "Retries", {**pooled, "limit": 0.1}),
        CriterionInput("reviewed", "attestation", "Reviewed", {"attestation": "calibration_review"}),
    ]

    check_sound(parsed([*criteria(SMALL, REFERENCE), *more]))


def test_a_comparison_on_one_dataset_is_covered_by_the_reference_on_all() -> None:
    change = respecified("apcer_live", dataset=DATASET)

    check_sound(parsed(change(criteria(SMALL, REFERENCE))))


SHAMS = [f"{metric}_{baseline}" for metric in ("apcer", "bpcer") for baseline in ("live", "reference")]


@pytest.mark.parametrize("key", SHAMS)
def test_a_margin_that_protects_nobody_is_refused_by_name(key: str) -> None:
    change = respecified(key, margin=0.9999)

    with pytest.raises(PolicyCanBeGamed, match=r"a margin of 99\.99 points, which protects nobody"):
        check_sound(parsed(change(criteria(SMALL, REFERENCE))))


def test_a_limit_that_protects_nobody_is_refused_by_name() -> None:
    sham = added("absolute", metric="bpcer", strata={"segments": list(SMALL.segments)}, limit=0.51)

    with pytest.raises(PolicyCanBeGamed, match="'More' has a limit of 51 %, which protects nobody"):
        check_sound(parsed(sham(criteria(SMALL, REFERENCE))))


def test_what_rules_nothing_out_may_be_shown_beside_what_decides() -> None:
    sham = CriterionInput(
        "more",
        "absolute",
        "More",
        {"metric": "bpcer", "strata": {"segments": list(SMALL.segments)}, "limit": 0.9},
        severity="advisory",
    )

    check_sound(parsed([*criteria(SMALL, REFERENCE), sham]))


def test_a_margin_that_protects_nobody_watches_no_genuine_users() -> None:
    written = [one for one in criteria(SMALL, REFERENCE) if not one.key.startswith("bpcer")]
    sham = respecified("more", margin=0.9999)([*written, CriterionInput(
        "more", "noninferiority", "More", criteria(SMALL, REFERENCE)[2].spec)])  # fmt: skip

    assert overlooks_refusals(parsed(sham))
    assert not overlooks_refusals(parsed(criteria(SMALL, REFERENCE)))
