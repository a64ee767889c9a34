"""Attestations (S12, S13): who makes them, about what, what they are held to, and what follows."""

from typing import Any

import pytest

from governance.access.queries import PermissionDenied
from governance.errors import GovernanceError, InvalidInput
from governance.ledger.canonical import digest_of_bytes
from governance.ledger.models import Blob
from governance.ledger.queries import entry_of
from governance.notifications.models import Notification
from governance.outbox.models import OutboxMessage
from releases.bundles.services import withdraw_release
from releases.gates.attestations import KIND_OF, KINDS
from releases.gates.attestations.failures import failures_of
from releases.gates.attestations.queries import standing_attestations
from releases.gates.attestations.refusals import (
    AttesterContributed,
    FiguresDiffer,
    NothingEvaluated,
    RevisionCannotBeAttested,
)
from releases.gates.attestations.services import attest
from releases.gates.models import Attestation, GateEvaluation
from releases.gates.runs.evaluation import EVALUATE_AGAIN, request_evaluation, run_evaluation
from releases.gates.vocabulary.inputs import Inputs
from tests.factories.attestations import analysis_of, attested, review_of
from tests.factories.cast import actor, grant, person
from tests.factories.gates import Gate, engine

ERRORS = {"print": 2, "mask": 3, "1": 2, "6": 2}
WRONG = {"1-000", "1-001", "6-000", "6-001", "mask-000", "mask-001", "mask-002", "print-000", "print-001"}


@pytest.fixture
def run(small: Gate) -> GateEvaluation:
    """A completed run with nine failures."""
    revision = small.candidate("second")
    small.scored(revision, ERRORS)
    return small.evaluated(revision)


def attesting(small: Gate, run: GateEvaluation, **changes: Any) -> Attestation:
    given = {
        "kind": "error_analysis",
        "acceptable": True,
        "conclusion": "Blur explains them.",
        "content": analysis_of(run),
    }
    return attest(actor(small.cast.qa_lead), revision=run.revision, **{**given, **changes})


def test_every_kind_has_a_key_of_its_own() -> None:
    assert [kind.key for kind in KINDS] == ["calibration_review", "error_analysis"]
    assert len(KIND_OF) == len(KINDS)


def test_failures_are_what_the_gate_counts_as_errors_the_worst_first(run: GateEvaluation) -> None:
    found = failures_of(run)

    worst = found.worst(3)
    assert found.total == len(WRONG)
    assert {one.sample for one in found.worst(50)} == WRONG
    assert [one.sample for one in worst] == ["1-000", "1-001", "6-000"]
    assert (worst[0].what, round(worst[0].distance, 6)) == ("genuine user refused", 0.4)
    assert worst[0].attributes == {"skin_tone": "1"}
    assert found.unknown(["1-000", "elsewhere"]) == {"elsewhere"}
    assert found.right(["1-000", "1-009"]) == {"1-009"}


def test_an_error_analysis_stands_in_the_ledger_with_its_whole_content(
    small: Gate, run: GateEvaluation
) -> None:
    made = attesting(small, run)

    entry = entry_of(made.stream(), "attestation.made")
    assert entry is not None
    assert made.manifest_digest == run.revision.manifest_digest
    assert made.content["failures"] == len(WRONG)
    assert entry.document["refs"]["attestation"] == made.digest
    assert entry.document["refs"]["result"] == run.result_digest
    assert entry.document["reason"] == "Blur explains them."
    assert digest_of_bytes(bytes(Blob.objects.get(digest=made.digest).bytes)) == made.digest
    told = Notification.objects.filter(event="attestation.made").values_list("account__username", flat=True)
    assert "author" in set(told)


def test_a_review_of_scores_that_are_no_probabilities_says_how_calibration_was_judged(
    small: Gate, run: GateEvaluation
) -> None:
    made = attesting(small, run, kind="calibration_review", content=review_of(run))

    assert made.content["figures"]["has_figures"] is False
    assert "not declared as probabilities" in made.content["figures"]["datasets"][0]["arms"][0]["why"]
    with pytest.raises(InvalidInput, match="how calibration was judged"):
        attesting(small, run, kind="calibration_review", content=review_of(run, how_judged=" "))


def test_a_review_names_the_figures_that_the_reviewer_saw(small: Gate, run: GateEvaluation) -> None:
    for_others = review_of(run, figures_digest=f"sha256:{'0' * 64}")

    with pytest.raises(FiguresDiffer):
        attesting(small, run, kind="calibration_review", content=for_others)
    with pytest.raises(FiguresDiffer, match="no digest"):
        attesting(small, run, kind="calibration_review", content={"how_judged": "By eye."})


FOUND = {"state": "found", "count": 1, "seen": "Blur."}


@pytest.mark.parametrize(
    ("buckets", "said"),
    [
        ({"blur": {**FOUND, "samples": ["elsewhere"]}}, "elsewhere was not evaluated"),
        ({"blur": {**FOUND, "samples": ["1-009"]}}, "1-009 is no failure"),
        ({"blur": {**FOUND, "samples": ["1-000"]}}, "stand nowhere: 1-001, 6-000"),
        ({"blur": {**FOUND, "samples": []}}, "found needs samples"),
        ({"blur": {**FOUND, "seen": "", "samples": ["1-000"]}}, "found needs samples"),
        ({"blur": {**FOUND, "samples": ["1-000", "1-001"]}}, "a count of at least as many"),
        ({"blur": {**FOUND, "count": 99, "samples": ["1-000"]}}, "99 is more than the 9 failures"),
        ({"blur": {**FOUND, "count": 2, "samples": ["1-000", "1-000"]}}, "named twice"),
        ({"angle": {"state": "not_looked_at"}}, "needs the reason"),
        ({"angle": {"state": "none_found", "count": 3}}, "has no samples and no count"),
        ({"ghosts": {"state": "none_found"}}, "buckets.ghosts: is no bucket"),
        ({"angle": {"state": "maybe"}}, "buckets.angle.state"),
    ],
)
def test_an_error_analysis_that_does_not_fit_the_run_is_refused_by_name(
    small: Gate, run: GateEvaluation, buckets: dict[str, Any], said: str
) -> None:
    with pytest.raises(InvalidInput, match=said):
        attesting(small, run, content=analysis_of(run, **buckets))

    assert not Attestation.objects.exists()


def test_an_error_analysis_answers_every_bucket_and_looks_at_some(small: Gate, run: GateEvaluation) -> None:
    whole = analysis_of(run)
    without = {**whole, "buckets": {key: one for key, one in whole["buckets"].items() if key != "angle"}}
    nobody = {"state": "not_looked_at", "seen": "No time."}
    unseen = {"buckets": dict.fromkeys(whole["buckets"], nobody)}

    with pytest.raises(InvalidInput, match=r"content\.buckets\.angle: has no answer"):
        attesting(small, run, content=without)
    with pytest.raises(InvalidInput, match="none was looked at, although there are 9 failures"):
        attesting(small, run, content=unseen)


def test_a_failure_that_fits_no_bucket_stands_apart_with_what_was_seen(
    small: Gate, run: GateEvaluation
) -> None:
    samples = [one.sample for one in failures_of(run).worst(10)]
    apart = [{"sample": sample, "seen": "A hand in front."} for sample in samples]
    content = {**analysis_of(run, blur={"state": "none_found"}), "unsorted": apart}

    made = attesting(small, run, content=content)

    assert [one["sample"] for one in made.content["unsorted"]] == samples


@pytest.mark.parametrize("name", ["author", "approver", "release_manager", "auditor", "integration", "admin"])
def test_only_a_qa_lead_attests(small: Gate, run: GateEvaluation, name: str) -> None:
    with pytest.raises(PermissionDenied):
        attest(
            actor(getattr(small.cast, name)),
            revision=run.revision,
            kind="error_analysis",
            acceptable=True,
            conclusion="Fine.",
            content=analysis_of(run),
        )


def test_a_qa_lead_who_had_a_part_in_the_release_does_not_attest_it(small: Gate, run: GateEvaluation) -> None:
    grant(small.cast.author, "qa_lead", system=small.cast.system)

    with pytest.raises(AttesterContributed):
        attest(
            actor(small.cast.author),
            revision=run.revision,
            kind="error_analysis",
            acceptable=True,
            conclusion="Fine.",
            content=analysis_of(run),
        )


def test_only_what_is_frozen_and_was_evaluated_is_attested(small: Gate, run: GateEvaluation) -> None:
    fresh = small.candidate("third")
    withdrawn = withdraw_release(actor(small.cast.author), revision=run.revision, reason="Wrong model.")
    given = {"kind": "error_analysis", "acceptable": True, "conclusion": "Fine.", "content": {}}

    with pytest.raises(NothingEvaluated):
        attest(actor(small.cast.qa_lead), revision=fresh, **given)  # type: ignore[arg-type]  # mixed values
    with pytest.raises(NothingEvaluated, match="named"):
        attest(actor(small.cast.qa_lead), revision=fresh, evaluation=run, **given)  # type: ignore[arg-type]  # mixed values
    with pytest.raises(RevisionCannotBeAttested):
        attest(actor(small.cast.qa_lead), revision=withdrawn, **given)  # type: ignore[arg-type]  # mixed values


@pytest.mark.parametrize(
    "changes", [{"conclusion": "  "}, {"conclusion": "x" * 4001}, {"kind": "guess"}, {"content": []}]
)
def test_an_attestation_without_a_conclusion_a_kind_or_content_is_refused(
    small: Gate, run: GateEvaluation, changes: dict[str, Any]
) -> None:
    with pytest.raises(GovernanceError):
        attesting(small, run, **changes)


def test_the_newest_of_a_kind_counts_and_earlier_ones_stay(small: Gate, run: GateEvaluation) -> None:
    attested(small.cast, run, "error_analysis")
    attested(small.cast, run, "calibration_review")
    last = attested(small.cast, run, "error_analysis", acceptable=False)

    standing = standing_attestations(run.revision)
    assert [(one.kind, one.acceptable) for one in standing] == [
        ("calibration_review", True),
        ("error_analysis", False),
    ]
    assert standing[1] == last
    assert Attestation.objects.count() == 3
    assert len({one.digest for one in Attestation.objects.all()}) == 3


def test_after_an_attestation_the_gate_is_asked_again_in_the_attesters_name(
    small: Gate, run: GateEvaluation
) -> None:
    made = attested(small.cast, run, "error_analysis")

    message = OutboxMessage.objects.get(task=EVALUATE_AGAIN)
    assert message.payload == {"revision": str(run.revision_id)}
    assert message.principal_username == "qa_lead"
    again = run_evaluation(
        engine(), evaluation=request_evaluation(actor(small.cast.author), revision=run.revision)
    )
    inputs = Inputs.model_validate(again.inputs)
    assert [(one.kind, one.digest, one.attested_by) for one in inputs.attestations] == [
        ("error_analysis", made.digest, "qa_lead")
    ]
    assert again.result["inputs"]["attestations"] == [made.digest]
    assert again.result["earlier_runs"] == run.result["earlier_runs"] == 0


def test_what_is_attested_while_a_run_is_under_way_is_decided_on_afterwards(
    small: Gate, run: GateEvaluation
) -> None:
    under_way = request_evaluation(actor(small.cast.author), revision=run.revision)
    attested(small.cast, run, "error_analysis")
    OutboxMessage.objects.filter(task=EVALUATE_AGAIN).update(task="seen")

    run_evaluation(engine(), evaluation=under_way)

    assert OutboxMessage.objects.filter(task=EVALUATE_AGAIN).count() == 1


def test_a_reader_of_another_system_sees_nothing_to_attest(small: Gate, run: GateEvaluation) -> None:
    with pytest.raises(PermissionDenied):
        attest(
            actor(person("elsewhere")),
            revision=run.revision,
            kind="error_analysis",
            acceptable=True,
            conclusion="Fine.",
            content=analysis_of(run),
        )
