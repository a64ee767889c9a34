"""A run keeps what its pictures are drawn from, once and under its digest, never at the cost of a verdict."""

from typing import Any

import polars as pl
import pytest

from governance.ledger.models import Blob, Entry
from releases.gates.attestations.figures import calibration_figures, measured_calibration
from releases.gates.drawn import figures_digest, figures_shown, is_from_before
from releases.gates.models import GateEvaluation
from releases.gates.runs import drawing, evaluation
from releases.gates.runs.criterion_inputs import drawn_from
from releases.gates.runs.evaluation import request_evaluation, run_evaluation
from releases.gates.vocabulary.inputs import BandInput, ChannelInput
from tests.factories.cast import actor
from tests.factories.gates import Gate, csv_of, engine, imported, table_rows
from tests.releases.gates.contexts import attestation, dataset, inputs, reference, table, thresholds

GOOD = {"print": 2, "mask": 2, "1": 2, "6": 2}


def requested(small: Gate) -> GateEvaluation:
    revision = small.candidate("second")
    small.scored(revision, GOOD)
    return request_evaluation(actor(small.cast.author), revision=revision)


def ran(requested: GateEvaluation) -> GateEvaluation:
    return run_evaluation(engine(), evaluation=requested)


def again(small: Gate, first: GateEvaluation) -> GateEvaluation:
    return request_evaluation(actor(small.cast.author), revision=first.revision)


def segment_band(tone: str) -> BandInput:
    return BandInput(accept=0.7, segment={"attribute": "skin_tone", "operator": "eq", "value": tone})


def failing(*_: object) -> None:
    raise RuntimeError("no picture today")


def test_a_run_names_its_figures_and_its_entry_does_too(small: Gate) -> None:
    run = ran(requested(small))

    figures = figures_shown(run)
    entry = Entry.objects.get(stream=run.stream(), document__type="gate_evaluation.completed")
    assert figures is not None
    assert figures["comparisons"][0]["dataset"]
    assert entry.document["refs"]["figures"] == figures_digest(run)


def test_a_further_run_takes_the_figures_over(small: Gate, monkeypatch: pytest.MonkeyPatch) -> None:
    first = ran(requested(small))
    second = again(small, first)
    monkeypatch.setattr(drawing, "figures_of", failing)

    assert figures_digest(ran(second)) == figures_digest(first)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"thresholds": thresholds(bands=[segment_band("1")])},
         {"thresholds": thresholds(bands=[segment_band("6")])}),
        ({"datasets": [dataset()]}, {"datasets": [dataset(name="renamed")]}),
        ({"references": [reference("live", [ChannelInput(id="1", name="android")])]},
         {"references": [reference("live", [ChannelInput(id="1", name="android_sdk")])]}),
        ({"datasets": [dataset()]}, {"datasets": [dataset(candidate_parts=[table("more")])]}),
    ],
    ids=["segment of a band", "name of a dataset", "name of a channel", "further table"],
)  # fmt: skip
def test_what_a_picture_shows_tells_its_inputs_apart(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert drawn_from(inputs(**one)) != drawn_from(inputs(**other))


def test_what_no_picture_shows_leaves_its_inputs_equal() -> None:
    older = dataset(candidate=table("candidate", id="another row", age_days=90.0))

    later = inputs(datasets=[older], attestations=[attestation()], manifest_digest="sha256:" + "00" * 32)

    assert drawn_from(later) == drawn_from(inputs())


def test_scores_declared_as_probabilities_later_are_drawn_as_such(small: Gate) -> None:
    revision = small.candidate("second")
    scores = csv_of(table_rows(GOOD))
    imported(small.cast, revision, scores, small.dataset)
    first = ran(request_evaluation(actor(small.cast.author), revision=revision))
    imported(small.cast, revision, scores, small.dataset, score_range=[0.0, 1.0])

    second = ran(again(small, first))

    assert calibration_figures(first)["has_figures"] is False
    assert calibration_figures(second) == measured_calibration(second)
    assert calibration_figures(second)["has_figures"] is True


def test_other_code_computes_the_figures_anew(small: Gate, monkeypatch: pytest.MonkeyPatch) -> None:
    first = ran(requested(small))
    second = again(small, first)
    monkeypatch.setattr(drawing, "environment", lambda: {"code": "another"})
    monkeypatch.setattr(drawing, "figures_of", lambda *_: {"minima": {}, "comparisons": []})

    assert figures_digest(ran(second)) != figures_digest(first)


def panicking(*_: object) -> None:
    raise pl.exceptions.PanicException("a panic of the library is no Exception")


def not_canonical(*_: object) -> dict[str, Any]:
    return {"apcer": float("nan")}


@pytest.mark.parametrize(
    ("where", "broken"),
    [
        ("figures_of", failing),
        ("figures_of", panicking),
        ("figures_of", not_canonical),
        ("_earlier", failing),
        ("drawn_from", failing),
    ],
)
def test_figures_that_cannot_be_computed_cost_the_pictures_and_not_the_verdict(
    small: Gate, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, where: str, broken: Any
) -> None:
    monkeypatch.setattr(drawing, where, broken)

    run = ran(requested(small))

    assert (run.status, run.verdict) == ("completed", "pass")
    assert figures_shown(run) is None
    assert not is_from_before(run)
    assert "could not be computed" in caplog.text


def test_figures_that_failed_are_computed_by_the_next_run_and_kept_for_those_after_it(
    small: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(drawing, "figures_of", failing)
        first = ran(requested(small))
    second = ran(again(small, first))
    monkeypatch.setattr(drawing, "figures_of", failing)

    third = ran(again(small, first))

    assert figures_shown(first) is None
    assert figures_shown(second) is not None
    assert figures_digest(third) == figures_digest(second)


def test_an_attempt_after_one_that_died_draws_nothing_and_keeps_the_verdict(
    small: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(evaluation, "attempts_of", lambda *_, **__: 2)

    run = ran(requested(small))

    assert (run.status, run.verdict) == ("completed", "pass")
    assert figures_shown(run) is None
    assert not is_from_before(run)


def test_a_second_attempt_takes_over_what_an_earlier_run_kept(
    small: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = ran(requested(small))
    monkeypatch.setattr(evaluation, "attempts_of", lambda *_, **__: 2)

    assert figures_digest(ran(again(small, first))) == figures_digest(first)


def test_figures_do_not_change_what_the_result_digest_is_of(
    small: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_figures = ran(requested(small))
    second = again(small, with_figures)
    monkeypatch.setattr(drawing, "_earlier", lambda *_: None)
    monkeypatch.setattr(drawing, "figures_of", failing)

    assert ran(second).result_digest == with_figures.result_digest


def test_a_run_from_before_has_none_and_a_lost_blob_is_none(small: Gate) -> None:
    run = ran(requested(small))
    lost = GateEvaluation(result={"figures": {"digest": f"sha256:{'0' * 64}"}})

    assert figures_shown(GateEvaluation(result={"criteria": []})) is None
    assert not Blob.objects.filter(digest=figures_digest(lost)).exists()
    assert figures_shown(lost) is None
    assert figures_shown(run) is not None


def test_calibration_is_answered_from_the_run_and_is_that_of_the_tables(
    small: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = ran(requested(small))
    measured = measured_calibration(run)
    monkeypatch.setattr("releases.gates.attestations.figures.load_frame", failing)

    assert calibration_figures(run) == measured
