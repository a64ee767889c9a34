"""A condition (``where``) is said wherever its criterion is, and takes no protected segment out of sight."""

from dataclasses import replace
from typing import Any

import pytest

from governance.documents import checked
from governance.errors import InvalidInput
from releases.gates.criteria import KIND_OF
from releases.gates.documents import evaluation_document
from releases.gates.models import GateCriterion, GateEvaluation
from releases.gates.policies.policy_page import soundness_document
from releases.gates.policies.services import CriterionInput, draft_policy, lock_policy
from releases.gates.policies.soundness import PolicyCanBeGamed
from releases.gates.runs.comparison import comparison
from tests.factories.cast import actor
from tests.factories.gates import SMALL, Gate, criteria, drafted_policy, locked_policy
from tests.releases.gates.contexts import (
    absolute_spec,
    context,
    judged,
    paired_spec,
    pooled_spec,
    segments_of,
)

MOBILE = {"attribute": "capture_device", "operator": "eq", "value": "mobile_high"}
ONE = {"attribute": "skin_tone", "operator": "eq", "value": "1"}
GOOD = {"print": 2, "mask": 2, "1": 2, "6": 2}
WHY = "A test's"
OF_USERS = {"metric": "bpcer", "strata": segments_of("1", "6")}
SPECS: list[tuple[str, dict[str, Any]]] = [
    ("absolute", absolute_spec()),
    ("noninferiority", paired_spec()),
    ("superiority", paired_spec()),
    ("latency_quantile", pooled_spec(budget_ms=500)),
    ("retry_rate", pooled_spec(limit=0.1)),
    ("disagreement", pooled_spec(limit=0.1, limit_reason=WHY, baseline={"kind": "live"})),
    ("calibration", {"margin": 0.1, "margin_reason": WHY, "baseline": {"kind": "live"}}),
    ("max_errors", {**OF_USERS, "max_errors": 1, "presentations": 40}),
    ("ratio_to_whole", {**OF_USERS, "max_ratio": 2, "ratio_reason": WHY}),
]


def said(kind: str, spec: dict[str, Any]) -> str:
    known = KIND_OF[kind]
    return known.sentence(checked(known.spec, spec, field="spec", title=kind))


def narrowed(written: list[CriterionInput], *keys: str, where: dict[str, Any] = ONE) -> list[CriterionInput]:
    return [replace(one, spec={**one.spec, "where": where}) if one.key in keys else one for one in written]


def lines(evaluation: GateEvaluation, key: str) -> dict[tuple[str, str], str]:
    """The verdict of each line by its name and its mark."""
    found = next(one for one in evaluation.result["criteria"] if one["key"] == key)
    return {(line["title"], line.get("added", "")): line["verdict"] for line in found["strata"]}


@pytest.mark.parametrize(("kind", "spec"), SPECS)
def test_the_sentence_of_every_kind_names_its_condition_and_that_it_looks_at_one_dataset(
    kind: str, spec: dict[str, Any]
) -> None:
    plain = said(kind, spec)
    full = said(kind, {**spec, "where": MOBILE, "dataset": "sha256:" + "da" * 32})

    extra = ", only where capture_device is mobile_high, on one named test dataset alone"
    assert full.replace(extra, "") == plain != full


def test_a_completeness_that_looks_at_one_dataset_says_so() -> None:
    assert "the one named test dataset has" in said("completeness", {"dataset": "sha256:" + "da" * 32})


def test_what_annotators_judged_is_said_of_a_condition_too() -> None:
    assert "only where skin_tone is 1 as annotators perceived" in said("absolute", absolute_spec(where=ONE))


def test_every_line_of_a_narrowed_criterion_is_named_with_its_condition() -> None:
    outcome = judged("absolute", {**OF_USERS, "limit": 0.45, "where": ONE}, context())

    assert {line.title for line in outcome.strata} == {
        "skin tone 1 as annotators perceived, only where skin_tone is 1 as annotators perceived",
        "skin tone 6 as annotators perceived, only where skin_tone is 1 as annotators perceived",
    }
    assert {line.document()["narrowed_to"] for line in outcome.strata} == {"skin_tone is 1"}
    assert "only where skin_tone is 1" in outcome.strata[0].sentence


def test_a_condition_too_long_for_a_name_is_announced_there_and_said_in_the_criterion() -> None:
    many = {"any": [{**MOBILE, "value": f"device_{number}"} for number in range(20)]}
    spec = {**OF_USERS, "limit": 0.45, "where": many}

    outcome = judged("absolute", spec, context())

    assert outcome.strata[0].title.endswith(", of some captures only")
    assert "capture_device is device_19" in said("absolute", spec)


def test_a_filter_takes_no_protected_segment_out(small: Gate) -> None:
    keys = ("bpcer_live", "bpcer_reference", "bpnrr_live", "bpnrr_reference")
    locked_policy(small.cast, narrowed(criteria(SMALL, small.live), *keys), name="narrow")
    revision = small.candidate("second")
    small.scored(revision, {**GOOD, "6": 30})

    evaluation = small.evaluated(revision)

    one, six = "skin tone 1 as annotators perceived", "skin tone 6 as annotators perceived"
    only = ", only where skin_tone is 1 as annotators perceived"
    assert evaluation.verdict == "fail"
    assert lines(evaluation, "bpcer_live") == {
        (f"{one}{only}", ""): "pass",
        (f"{six}{only}", ""): "inconclusive",
        (one, "protected"): "pass",
        (six, "protected"): "fail",
    }
    assert {title for title, mark in lines(evaluation, "bpnrr_live") if mark} == {one, six}
    found = {one["key"]: one["notes"] for one in evaluation.result["criteria"]}
    assert found["bpcer_live"] == [
        "Judged on all captures although the policy looks at some only, because it is protected: skin tone "
        "6, skin tone 1, as annotators perceived."
    ]
    warnings = {one["code"] for one in evaluation_document(evaluation)["warnings"]}
    assert "segments_in_full" in warnings
    assert "segments_added" not in warnings


def test_a_crossing_alone_takes_no_protected_segment_out(small: Gate) -> None:
    cells = {"crossing": {"first": {"segments": ["skin_tone_6"]}, "second": {"channels": ["android"]}}}
    kept = [one for one in criteria(SMALL, small.live) if not one.key.startswith("bp")]
    crossed = [
        replace(one, spec={**one.spec, "strata": cells})
        for one in criteria(SMALL, small.live)
        if one.key.startswith("bp")
    ]
    locked_policy(small.cast, [*kept, *crossed], name="crossed")
    revision = small.candidate("second")
    small.scored(revision, {**GOOD, "6": 30})

    evaluation = small.evaluated(revision)

    assert evaluation.verdict == "fail"
    assert lines(evaluation, "bpcer_live")[("skin tone 6 as annotators perceived", "protected")] == "fail"


def test_a_narrowed_criterion_beside_the_same_one_on_all_captures_gains_none(small: Gate) -> None:
    written = criteria(SMALL, small.live)
    keys = ("bpcer_live", "bpcer_reference", "bpnrr_live", "bpnrr_reference")
    more = [replace(one, key=f"some_{one.key}") for one in narrowed(written, *keys) if one.key in keys]
    locked_policy(small.cast, [*written, *more], name="both")
    revision = small.candidate("second")
    small.scored(revision, GOOD)

    evaluation = small.evaluated(revision)

    assert evaluation.inputs["added_segments"] == []


def test_a_draft_that_is_narrowed_can_be_locked_and_says_what_is_left_out(small: Gate) -> None:
    keys = ("bpcer_live", "bpcer_reference", "bpnrr_live", "bpnrr_reference")
    draft = drafted_policy(small.cast, narrowed(criteria(SMALL, small.live), *keys), name="narrow")

    found = soundness_document(draft)

    assert found["can_be_locked"]
    assert len(found["advice"]) == 4
    assert found["advice"][0] == (
        "'bpcer against live' looks only at captures where skin_tone is 1. All other captures are judged by "
        "it for protected segments alone."
    )


def test_what_a_condition_lacks_is_said_in_words(small: Gate) -> None:
    draft = drafted_policy(small.cast, narrowed(criteria(SMALL, small.live), "apcer_live"), name="narrow")

    lacks = " ".join(one["message"] for one in soundness_document(draft)["lacks"])

    assert "mask where skin_tone is 1" in lacks
    assert "{" not in lacks


def test_a_comparison_on_some_captures_is_none_with_what_is_live(small: Gate) -> None:
    keys = ("apcer_live", "bpcer_live", "apcer_reference", "bpcer_reference")
    rest = [one for one in criteria(SMALL, small.live) if one.key in ("apcer", "complete", *keys)]
    draft = drafted_policy(small.cast, narrowed(rest, *keys), name="narrow")

    with pytest.raises(PolicyCanBeGamed, match="compares nothing with what is live on the same captures"):
        lock_policy(actor(small.cast.qa_lead), policy=draft)


def test_a_dataset_that_no_test_can_be_on_is_refused_by_the_lock_and_said_before(small: Gate) -> None:
    unknown = "sha256:" + "00" * 32
    written = criteria(SMALL, small.live)
    pinned = [replace(written[0], key="more", spec={**written[0].spec, "dataset": unknown})]
    draft = drafted_policy(small.cast, [*written, *pinned], name="elsewhere")

    found = soundness_document(draft)
    with pytest.raises(InvalidInput, match="is no test dataset of") as refusal:
        lock_policy(actor(small.cast.qa_lead), policy=draft)

    assert [one["criterion"] for one in found["lacks"]] == ["more"]
    assert refusal.value.field_errors[0].field == "criteria.more.dataset"


def test_a_criterion_on_one_known_dataset_may_be_locked_and_is_pointed_out(small: Gate) -> None:
    written = criteria(SMALL, small.live)
    pinned = replace(written[0], key="more", spec={**written[0].spec, "dataset": small.dataset.digest})
    draft = drafted_policy(small.cast, [*written, pinned], name="here")

    found = soundness_document(draft)

    assert found["can_be_locked"]
    assert "looks at one named test dataset alone" in found["advice"][0]


@pytest.mark.parametrize("metric", ["bpcer", "bpnrr", "bpcer_with_non_response"])
def test_genuine_users_by_species_are_refused_with_the_reason(small: Gate, metric: str) -> None:
    spec = {"metric": metric, "strata": {"species": ["print"]}, "limit": 0.1}

    with pytest.raises(InvalidInput, match="only attacks have a species") as refusal:
        draft_policy(
            actor(small.cast.qa_lead),
            system=small.cast.system,
            name="trap",
            criteria=[CriterionInput("trap", "absolute", "Trap", spec)],
        )

    assert refusal.value.field_errors[0].field == "criteria[0].spec.strata"


def test_a_draft_from_before_that_asks_genuine_users_for_a_species_is_not_locked(small: Gate) -> None:
    draft = drafted_policy(small.cast, criteria(SMALL, small.live), name="old")
    row = GateCriterion.objects.get(policy=draft, key="bpcer_live")
    row.spec = {**row.spec, "strata": {"species": ["print"]}}
    row.save(update_fields=["spec"])

    found = soundness_document(draft)
    with pytest.raises(PolicyCanBeGamed, match="can never be answered: BPCER is of genuine users refused"):
        lock_policy(actor(small.cast.qa_lead), policy=draft)

    assert "bpcer_live" in {one["criterion"] for one in found["lacks"]}
    mends = [fix["spec"] for one in found["lacks"] for fix in one["would_mend"]]
    assert not [one for one in mends if one["metric"] == "bpnrr" and "species" in one["strata"]]


def test_two_runs_keep_a_narrowed_line_and_the_whole_one_of_a_segment_apart(small: Gate) -> None:
    keys = ("bpcer_live", "bpcer_reference", "bpnrr_live", "bpnrr_reference")
    locked_policy(small.cast, narrowed(criteria(SMALL, small.live), *keys), name="narrow")
    revision = small.candidate("second")
    small.scored(revision, {**GOOD, "6": 30})
    document = evaluation_document(small.evaluated(revision))

    found = next(one for one in comparison(document, document)["criteria"] if one["key"] == "bpcer_live")

    assert len(found["strata"]) == 4
    assert {line["change"] for line in found["strata"]} == {"same"}
