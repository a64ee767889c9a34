"""A run keeps what its pictures are drawn from, once and under its digest, never at the cost of a verdict."""

import pytest

from governance.ledger.models import Blob, Entry
from releases.gates.attestations.figures import calibration_figures, measured_calibration
from releases.gates.drawn import figures_digest, figures_shown
from releases.gates.models import GateEvaluation
from releases.gates.runs import drawing
from releases.gates.runs.evaluation import request_evaluation, run_evaluation
from tests.factories.cast import actor
from tests.factories.gates import Gate, engine

GOOD = {"print": 2, "mask": 2, "1": 2, "6": 2}


def requested(small: Gate) -> GateEvaluation:
    revision = small.candidate("second")
    small.scored(revision, GOOD)
    return request_evaluation(actor(small.cast.author), revision=revision)


def ran(evaluation: GateEvaluation) -> GateEvaluation:
    return run_evaluation(engine(), evaluation=evaluation)


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
    second = request_evaluation(actor(small.cast.author), revision=first.revision)
    monkeypatch.setattr(drawing, "figures_of", failing)

    assert figures_digest(ran(second)) == figures_digest(first)


def test_other_code_computes_the_figures_anew(small: Gate, monkeypatch: pytest.MonkeyPatch) -> None:
    first = ran(requested(small))
    second = request_evaluation(actor(small.cast.author), revision=first.revision)
    monkeypatch.setattr(drawing, "environment", lambda: {"code": "another"})
    monkeypatch.setattr(drawing, "figures_of", lambda *_: {"minima": {}, "comparisons": []})

    assert figures_digest(ran(second)) != figures_digest(first)


def test_figures_that_cannot_be_computed_cost_the_pictures_and_not_the_verdict(
    small: Gate, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(drawing, "figures_of", failing)

    run = ran(requested(small))

    assert (run.status, run.verdict) == ("completed", "pass")
    assert figures_shown(run) is None
    assert "could not be computed" in caplog.text


def test_figures_do_not_change_what_the_result_digest_is_of(
    small: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_figures = ran(requested(small))
    again = request_evaluation(actor(small.cast.author), revision=with_figures.revision)
    monkeypatch.setattr(drawing, "_earlier", lambda *_: None)
    monkeypatch.setattr(drawing, "figures_of", failing)

    assert ran(again).result_digest == with_figures.result_digest


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
