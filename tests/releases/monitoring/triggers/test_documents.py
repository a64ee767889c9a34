"""Triggers as documents of a rollback plan: what they may say, what is refused, what old plans keep."""

from typing import Any, get_args

import pytest

from governance.errors import InvalidInput
from governance.ledger.canonical import digest_of
from releases.bundles.documents import checked_document
from releases.bundles.triggers import KINDS, ShareMetric
from releases.monitoring.triggers.presets import NAMES, presets
from releases.monitoring.vocabulary.series import SHARES, Metric


def checked(*triggers: Any) -> list[Any]:
    found: list[Any] = checked_document("rollback_plan", {"triggers": list(triggers)})["triggers"]
    return found


def refused(**fields: Any) -> str:
    with pytest.raises(InvalidInput) as caught:
        checked({"description": "d", "key": "a", **fields})
    return caught.value.message


def test_a_plan_in_words_is_stored_and_hashed_as_it_ever_was() -> None:
    plan = {
        "triggers": ["A spoof passed.", {"description": "Retries rise", "key": "retry", "action": "hold"}]
    }

    stored = checked_document("rollback_plan", plan)

    assert stored == {
        "triggers": [
            {"description": "A spoof passed."},
            {"description": "Retries rise", "key": "retry", "action": "hold"},
        ]
    }
    assert digest_of(stored) == "sha256:ba3cb9a685d7ea21bb8cc342329c5179bf5e0da9f277851cb42231ae75e129d7"


def test_nothing_is_filled_in_beside_what_was_written() -> None:
    written = {"description": "d", "key": "a", "kind": "vs_control", "metric": "retry"}

    assert checked(written) == [written]


def test_durations_may_be_given_without_their_unit() -> None:
    assert checked({"description": "d", "key": "a", "kind": "event", "for": 60})[0]["for_seconds"] == 60


def test_the_metrics_of_the_documents_are_those_that_are_counted_but_for_the_halves_of_disagreement() -> None:
    named = SHARES - {Metric.STRICTER, Metric.LOOSER}

    assert set(get_args(ShareMetric)) == {metric.value for metric in named}


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        (
            {"kind": "magic"},
            "triggers[0]: kind is one of event, threshold, vs_control, quantile, drift, heartbeat",
        ),
        ({"kind": ["event"]}, "triggers[0]: kind is one of event"),
        ({"kind": "vs_control", "metric": "mood"}, "triggers[0].metric: 'retry'"),
        (
            {"kind": "threshold", "metric": "error", "limit": 1.5},
            "triggers[0].limit: a number less than 1 is wanted, found ",
        ),
        (
            {"kind": "quantile", "limit": float("nan")},
            "triggers[0].limit: a finite number is wanted, found nan",
        ),
        (
            {"kind": "quantile", "limit": 400, "window": 301},
            "triggers[0].window: a multiple of 300 is wanted",
        ),
        ({"kind": "quantile", "limit": 1, "clear_limit": 2}, "clear_limit 2.0 lies above limit 1.0"),
        ({"kind": "quantile", "limit": 1, "breaches": 3}, "3 breaches cannot be seen in 2 windows"),
        ({"kind": "drift", "action": "rollback"}, "triggers[0].action: 'notify'"),
        ({"kind": "event", "cooldown": 60}, "would silence a trigger whose action is 'rollback'"),
        ({"kind": "event", "kye": "a"}, "triggers[0].kye: there is no such field here"),
        ({"kind": "threshold", "metric": "error", "limit": "gate"}, "only 'disagreement' is measured there"),
    ],
)
def test_what_does_not_fit_is_refused_by_its_field(fields: dict[str, Any], said: str) -> None:
    assert said in refused(**fields)


def test_a_measured_trigger_needs_a_key() -> None:
    with pytest.raises(InvalidInput, match=r"triggers\[0\]\.key: is missing and is needed"):
        checked({"description": "d", "kind": "event"})


def test_each_preset_says_what_it_does_and_every_kind_has_one() -> None:
    found = presets()

    assert [one.key for one in found] == list(NAMES)
    assert {one.document["kind"] for one in found} == set(KINDS)
    assert all(one.sentence.endswith((".", "else.")) and one.stages for one in found)


def test_a_preset_can_be_written_into_a_plan_as_it_is() -> None:
    filled = [{**one.document, **dict.fromkeys(one.fill, 400.0), "owner": "author"} for one in presets()]

    assert [one["key"] for one in checked(*filled)] == list(NAMES)
