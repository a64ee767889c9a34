"""Every kind of component: attributes that fit, and attributes that are refused by their path."""

from typing import Any

import pytest

from governance.errors import InvalidInput
from governance.registry.components import checked_attributes
from governance.registry.kinds import KINDS
from tests.factories.registry import ATTRIBUTES, STACK

BAND = {"accept": 0.5, "retry": 0.6}
REFUSED: tuple[tuple[str, dict[str, Any], str], ...] = (
    ("model", {"architecture": ""}, "attributes.architecture"),
    ("model", {"architecture": 7}, "attributes.architecture"),
    ("model", {"architecture": None}, "attributes.architecture"),
    ("model", {"framework": "x" * 2001}, "attributes.framework"),
    ("model", {"training_datasets": "one"}, "attributes.training_datasets"),
    ("model", {"archtecture": "CNN"}, "attributes.archtecture"),
    ("fusion", {"strategy": "magic"}, "attributes.strategy"),
    ("fusion", {"inputs": []}, "attributes.inputs"),
    ("fusion", {"weights": {"depth": 1.0}}, "attributes"),
    ("fusion", {"weights": {"depth": 1.0, "hf": 0.0, "rgb": 0.0}}, "attributes"),
    ("fusion", {"weights": {"depth": float("nan"), "hf": 1.0}}, "attributes.weights.depth"),
    ("threshold_policy", {"polarity": "up"}, "attributes.polarity"),
    ("threshold_policy", {"at_threshold": "accept"}, "attributes.at_threshold"),
    ("threshold_policy", {"bands": []}, "attributes.bands"),
    ("threshold_policy", {"bands": [BAND, BAND]}, "attributes"),
    ("threshold_policy", {"bands": [{"accept": 0.6, "retry": 0.5}]}, "attributes"),
    ("threshold_policy", {"bands": [{"accept": 0.6, "retry": 0.6}]}, "attributes"),
    ("threshold_policy", {"bands": [{"accept": float("inf")}]}, "attributes.bands[0].accept"),
    ("threshold_policy", {"bands": [{"retry": 0.6}]}, "attributes.bands[0].accept"),
    ("threshold_policy", {"bands": [{**BAND, "reject": 0.7}]}, "attributes.bands[0].reject"),
    ("threshold_policy", {"attempts_allowed": 0}, "attributes.attempts_allowed"),
    ("threshold_policy", {"attempts_allowed": "3"}, "attributes.attempts_allowed"),
    ("sdk", {"platform": "symbian"}, "attributes.platform"),
    ("sdk", {"semantic_version": "2.3"}, "attributes.semantic_version"),
    ("sdk", {"semantic_version": "v2.3.0"}, "attributes.semantic_version"),
    ("sdk", {"semantic_version": "02.3.0"}, "attributes.semantic_version"),
    ("sdk", {"semantic_version": "2.3.0-"}, "attributes.semantic_version"),
    ("sdk", {"semantic_version": "2.3.0\n"}, "attributes.semantic_version"),
    ("sdk", {"semantic_version": "٢.٣.٠"}, "attributes.semantic_version"),
    ("dataset", {"role": "play"}, "attributes.role"),
    ("dataset", {"counts_by_label": {"attack": -1}}, "attributes.counts_by_label.attack"),
    ("dataset", {"counts_by_label": {"attack": 1.5}}, "attributes.counts_by_label.attack"),
    ("dataset", {"sample_set": "sha256:abc"}, "attributes.sample_set"),
    ("evaluation_report", {"stack_digest": STACK.upper()}, "attributes.stack_digest"),
    ("evaluation_report", {"dataset": ""}, "attributes.dataset"),
    ("evaluation_report", {"claimed": {"apcer": "low"}}, "attributes.claimed.apcer"),
)


@pytest.mark.parametrize("kind", KINDS)
def test_attributes_that_fit_are_kept_and_checked_again_unchanged(kind: str) -> None:
    canonical = checked_attributes(KINDS[kind], ATTRIBUTES[kind])

    assert {key: canonical[key] for key in ATTRIBUTES[kind] if key != "bands"} == {
        key: value for key, value in ATTRIBUTES[kind].items() if key != "bands"
    }
    assert checked_attributes(KINDS[kind], canonical) == canonical


@pytest.mark.parametrize(("kind", "changes", "field"), REFUSED)
def test_attributes_that_do_not_fit_are_refused_by_their_path(
    kind: str, changes: dict[str, Any], field: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        checked_attributes(KINDS[kind], {**ATTRIBUTES[kind], **changes})

    assert [item.field for item in refused.value.field_errors] == [field]
    assert field in refused.value.message


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_refuses_what_lacks_its_first_attribute(kind: str) -> None:
    needed = next(name for name, field in KINDS[kind].attributes.model_fields.items() if field.is_required())
    lacking = {key: value for key, value in ATTRIBUTES[kind].items() if key != needed}

    with pytest.raises(InvalidInput, match=f"attributes.{needed}"):
        checked_attributes(KINDS[kind], lacking)


def test_every_kind_has_a_refused_case() -> None:
    assert {kind for kind, _, _ in REFUSED} == set(KINDS)


@pytest.mark.parametrize(
    ("kind", "summary"),
    [
        ("model", "CNN with auxiliary supervision"),
        ("fusion", "weighted of depth, hf"),
        ("threshold_policy", "accept ≤ 0.5700, retry ≤ 0.7282; accept ≤ 0.5000"),
        ("sdk", "web 2.3.0-rc.1+build.7"),
        ("dataset", "test, 2700 captures"),
        ("evaluation_report", "policy_risk_a_v4 on dataset_2026_q1_r2"),
    ],
)
def test_every_kind_says_what_a_component_is(kind: str, summary: str) -> None:
    assert KINDS[kind].summary(checked_attributes(KINDS[kind], ATTRIBUTES[kind])) == summary


@pytest.mark.parametrize(
    ("polarity", "accept", "retry"), [("higher_is_attack", 0.5, 0.6), ("higher_is_bona_fide", 0.6, 0.5)]
)
def test_a_retry_band_lies_on_the_attacks_side(polarity: str, accept: float, retry: float) -> None:
    policy = KINDS["threshold_policy"]
    attributes = {
        "polarity": polarity,
        "at_threshold": "attack",
        "bands": [{"accept": accept, "retry": retry}],
    }
    turned = {**attributes, "bands": [{"accept": retry, "retry": accept}]}

    checked = checked_attributes(policy, attributes)

    assert checked["bands"][0]["retry"] == retry
    with pytest.raises(InvalidInput, match="must lie beyond accept"):
        checked_attributes(policy, turned)


@pytest.mark.parametrize("kind", KINDS)
def test_the_example_that_a_form_starts_with_fits(kind: str) -> None:
    checked_attributes(KINDS[kind], dict(KINDS[kind].example))
