"""Two runs side by side: by key, also across policies; what input changed; over HTTP and within reach."""

from typing import Any

import pytest

from releases.gates.models import GateEvaluation
from releases.gates.queries import evaluation_document
from releases.gates.runs.comparison import comparison
from tests.factories.gates import SMALL, Gate, criteria, locked_policy
from tests.factories.http import with_token

GOOD = {"print": 2, "mask": 2, "1": 2, "6": 2}
BAD = {"print": 2, "mask": 30, "1": 2, "6": 30}
EVALUATIONS = "/api/v1/gate-evaluations/"


@pytest.fixture
def run(small: Gate) -> GateEvaluation:
    """A run that passed."""
    revision = small.candidate("second")
    small.scored(revision, GOOD)
    return small.evaluated(revision)


def compared(then: GateEvaluation, now: GateEvaluation) -> dict[str, Any]:
    return comparison(evaluation_document(then), evaluation_document(now))


def worse(small: Gate) -> GateEvaluation:
    """A run of another release that failed."""
    revision = small.candidate("third")
    small.scored(revision, BAD)
    return small.evaluated(revision)


def criterion(found: dict[str, Any], key: str) -> dict[str, Any]:
    return next(one for one in found["criteria"] if one["key"] == key)


def test_a_run_again_is_the_same_figure_by_figure(small: Gate, run: GateEvaluation) -> None:
    found = compared(run, small.evaluated(run.revision))

    assert found["same_result"] is True
    assert found["inputs"] == []
    assert {one["change"] for one in found["criteria"]} == {"same"}
    assert [line for one in found["criteria"] for line in one["strata"] if line["then"] != line["now"]] == []


def test_what_got_worse_is_said_by_criterion_and_line_with_its_figures(
    small: Gate, run: GateEvaluation
) -> None:
    found = compared(run, worse(small))

    masks = criterion(found, "apcer_live")
    lines = {line["title"]: line for line in masks["strata"]}
    assert (found["then"]["verdict"], found["now"]["verdict"]) == ("pass", "fail")
    assert (masks["change"], lines["mask"]["change"], lines["print"]["change"]) == ("worse", "worse", "same")
    assert lines["mask"]["now"]["estimate"] - lines["mask"]["then"]["estimate"] == pytest.approx(28 / 40)
    assert lines["mask"]["baseline_now"] == "first revision 1"
    assert {one["key"] for one in found["inputs"]} == {"stack", "datasets"}


def test_criteria_are_matched_by_key_across_policies(small: Gate, run: GateEvaluation) -> None:
    written = criteria(SMALL, small.live)
    kept = [one for one in written if one.key != "complete"]
    locked_policy(small.cast, kept, "next_gate")
    revised = small.revised(run.revision)

    found = compared(run, small.evaluated(revised))

    assert "policy" in {one["key"] for one in found["inputs"]}
    assert criterion(found, "complete")["change"] == "gone"
    assert criterion(found, "complete")["now"] is None
    assert criterion(found, "apcer")["change"] == "same"
    assert criterion(found, "apcer")["asks_changed"] is False


def test_a_comparison_is_read_over_http_and_names_both_runs(small: Gate, run: GateEvaluation) -> None:
    now = worse(small)
    reader = with_token(small.cast.auditor)

    answer = reader.get(f"{EVALUATIONS}{now.id}/compare/?with={run.id}")

    assert answer.status_code == 200
    assert answer.json()["then"]["id"] == str(run.id)
    assert answer.json()["now"]["id"] == str(now.id)
    assert criterion(answer.json(), "apcer_live")["change"] == "worse"


@pytest.mark.parametrize(
    "query", ["", "?with=", "?with=tomorrow", "?with=00000000-0000-7000-8000-000000000000", "?other=1"]
)
def test_a_comparison_with_nothing_is_refused(small: Gate, run: GateEvaluation, query: str) -> None:
    answer = with_token(small.cast.auditor).get(f"{EVALUATIONS}{run.id}/compare/{query}")

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["field"] in {"with", "other"}


def test_every_line_names_the_digests_that_it_rests_on(run: GateEvaluation) -> None:
    document = evaluation_document(run)

    record = criterion(document, "apcer_live")["strata"][0]["record"]
    tables = {one["of"]: one for one in document["tables"]}
    (dataset,) = run.inputs["datasets"]
    assert record["criterion"] == criterion(document, "apcer_live")["digest"]
    assert record["stack"] == run.revision.stack_digest
    assert record["dataset"] == dataset["digest"]
    assert record["tables"] == [
        {"file": tables["candidate"]["file_digest"], "canonical": tables["candidate"]["canonical_digest"]}
    ]
    assert record["baseline"]["tables"][0]["file"] == tables["first"]["file_digest"]
    assert record["threshold_policies"] == run.inputs["thresholds"]["digests"]
    assert document["environment"]["code"].startswith("sha256:")
