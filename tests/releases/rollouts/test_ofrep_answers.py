"""OFREP's answer as a pure function of assignment and key, and bodies of any kind."""

from datetime import timedelta
from typing import Any

from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from governance.ledger.models import Entry, Leaf
from governance.registry.models import Channel, System
from releases.bundles.documents import StageKind
from releases.bundles.models import Assignment, Release, Revision
from releases.rollouts.ofrep.answers import evaluation, has_arms
from releases.rollouts.ofrep.protocol import EvaluationRefused, context_of

SLUG = "onboarding-liveness"


def assignment(**values: Any) -> Assignment:
    """An assignment that is not stored, for the pure part."""
    system = System(slug=SLUG)
    stable, candidate = (
        Revision(release=Release(name=name, system=system), manifest_digest=f"sha256:{name}")
        for name in ("old", "new")
    )
    given: dict[str, Any] = {"stable": stable, "candidate": candidate, "salt": "s", **values}
    return Assignment(channel=Channel(name="android", system=system), entry=Entry(id=None), **given)


def test_a_shadow_stage_answers_stable_and_names_the_candidates_digest() -> None:
    found = evaluation(SLUG, assignment(stage=StageKind.SHADOW), {}, "a")

    assert (found["variant"], found["reason"], found["value"]["release"]) == ("stable", "STATIC", "old")
    assert found["metadata"]["shadow"] == "sha256:new"


def test_a_pause_is_known_by_what_it_says_and_before_0012_by_its_shares() -> None:
    shown = {"treatment_share": 0.25, "control_share": 0.25}
    stays = [
        assignment(stage="shadow"),
        assignment(stage="internal_testing", internal_keys=["tester"]),
        assignment(stage="guarded", **shown),
        assignment(stage="general", candidate=None),
    ]
    pauses = [assignment(stage="shadow", paused=True), assignment(stage="guarded")]

    assert [one.is_pause for one in (*stays, *pauses)] == [False] * 4 + [True] * 2


def test_internal_testing_answers_the_candidate_to_its_keys_only() -> None:
    stage = assignment(stage=StageKind.INTERNAL_TESTING, internal_keys=["tester"])

    tester, other = (evaluation(SLUG, stage, {}, key) for key in ("tester", "somebody"))

    assert (tester["value"]["release"], tester["value"]["stage"]) == ("new", "internal_testing")
    assert (other["value"]["release"], other["value"]["stage"]) == ("old", "general")
    assert {tester["reason"], other["reason"]} == {"SPLIT"}


def test_the_answer_names_the_ledgers_index_once_the_entry_is_numbered() -> None:
    numbered = assignment(candidate=None, stage="general")
    numbered.entry.leaf = Leaf(index=4276, hash=b"", sealed_at=timezone.now() - timedelta(minutes=1))

    found = evaluation(SLUG, numbered, {}, "a")

    assert found["metadata"] == {"stage": "general", "arm": "stable", "ledger_index": 4276}


@given(
    share=st.floats(0, 0.5),
    key=st.text(min_size=1, max_size=40),
    stage=st.sampled_from(list(StageKind)),
)
def test_metadata_is_flat_and_the_reason_is_one_of_two(share: float, key: str, stage: StageKind) -> None:
    keys = ["tester"] if stage is StageKind.INTERNAL_TESTING else []
    asked = assignment(stage=stage.value, treatment_share=share, control_share=share, internal_keys=keys)

    found = evaluation(SLUG, asked, {}, key)

    assert found["reason"] == ("SPLIT" if has_arms(asked) else "STATIC")
    assert {type(value) for value in found["metadata"].values()} <= {str, int}
    assert found["variant"] in {"candidate", "control", "stable"}


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


def outcome_of(body: Any) -> str:
    """What becomes of a body: the type of its context, or of the refusal."""
    try:
        return type(context_of(body)).__name__
    except EvaluationRefused as refusal:
        return type(refusal).__name__


@given(body=json_values)
def test_whatever_the_body_is_it_gives_a_context_or_a_refusal(body: Any) -> None:
    assert outcome_of(body) in {"dict", "EvaluationRefused"}
