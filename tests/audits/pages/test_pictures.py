"""The pictures on the brief: from what the run kept, for the stack that matters, never of too few people."""

import re
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from audits.pages import brief as brief_page
from audits.pages import mail_pictures
from audits.pages.mail_pictures import forest
from audits.pages.mail_species import MOST_SPECIES, species_drawing
from audits.pages.pictures import BEFORE, LOST, drawn
from audits.pages.weighing import Weighed
from releases.bundles.models import Revision
from releases.gates.models import GateEvaluation
from releases.gates.queries import latest_evaluation
from tests.audits.pages.browsing import text_of
from tests.audits.pages.figures import LIVE, NAMES, comparison, figures, rate, stack
from tests.audits.pages.results import criterion, line, result
from tests.factories.http import signed_in
from tests.factories.worlds import Prepared

OTHER = {**LIVE, "name": "older", "channels": ["ios"]}
ARM = {"n": 10, "ece": 0.05, "brier": 0.1, "curve": [], "of": "attack", "why": "", "tables": []}


def run_of(prepared: Prepared) -> GateEvaluation:
    run = latest_evaluation(prepared.candidate)
    assert run is not None
    return run


def brief_of(prepared: Prepared, revision: Revision | None = None) -> Any:
    url = reverse("admin:review", args=[(revision or prepared.candidate).pk])
    return signed_in(prepared.here.cast.approver).get(url)


def shown(monkeypatch: pytest.MonkeyPatch, run: GateEvaluation, result: dict[str, Any]) -> None:
    """The brief of the run as if it had been stored like this."""
    run.result = result
    monkeypatch.setattr(brief_page, "weighed", lambda *_: Weighed(run))


def test_the_brief_shows_every_picture_with_its_table(prepared: Prepared) -> None:
    body = brief_of(prepared).content.decode()

    assert "Error trade-off (DET)" in body
    assert re.search(r'aria-label="DET curve\. v1 refuses [\d.]+ % of genuine users', body)
    assert body.count('aria-label="Scores of ') == 2
    assert "Attacks accepted, by species (APCER)" in body
    assert 'aria-label="Coverage: 1 species by 0 segments. The policy judges no segment.' in body
    assert body.count("<summary>Table behind") == 3


def test_scores_that_are_no_probabilities_have_no_reliability_curve_and_say_why(prepared: Prepared) -> None:
    assert "Its scores are not declared as probabilities" in text_of(brief_of(prepared))


def test_a_run_from_before_says_that_it_has_no_pictures(
    prepared: Prepared, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = run_of(prepared)
    shown(monkeypatch, run, {key: one for key, one in run.result.items() if key != "figures"})

    response = brief_of(prepared)

    assert response.status_code == 200
    assert BEFORE in text_of(response)
    assert "DET" not in text_of(response)


def test_a_run_whose_figures_are_lost_says_so(prepared: Prepared, monkeypatch: pytest.MonkeyPatch) -> None:
    run = run_of(prepared)
    shown(monkeypatch, run, {**run.result, "figures": {"digest": f"sha256:{'0' * 64}"}})

    assert LOST in text_of(brief_of(prepared))


def test_a_run_whose_figures_failed_says_so_and_not_that_it_is_from_before(
    prepared: Prepared, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = run_of(prepared)
    shown(monkeypatch, run, {**run.result, "figures": {"key": "sha256:ab", "digest": ""}})

    said = text_of(brief_of(prepared))

    assert LOST in said
    assert BEFORE not in said


def test_pictures_take_one_query_however_many_there_are(
    prepared: Prepared, monkeypatch: pytest.MonkeyPatch
) -> None:
    brief_of(prepared)
    with CaptureQueriesContext(connection) as few:
        brief_of(prepared)
    many = figures(*(comparison(baseline={**OTHER, "name": f"r{number}"}) for number in range(20)))
    monkeypatch.setattr("audits.pages.pictures.figures_shown", lambda _: many)

    with CaptureQueriesContext(connection) as more:
        brief_of(prepared)

    assert len(more) == len(few) - 1  # the one that reads what the run kept


def test_the_stack_of_the_worst_line_stands_first_and_the_others_behind() -> None:
    found = drawn(figures(comparison(), comparison(baseline=OTHER)), "new", [], 5, "older")

    (dataset,) = found.datasets
    assert dataset.first.title == "on faces, against older, live on ios"
    assert [one.other for one in dataset.others] == ["old"]


def test_each_dataset_has_pictures_of_its_own() -> None:
    found = drawn(figures(comparison(), comparison(dataset="masks")), "new", [], 5)

    assert [one.first.dataset for one in found.datasets] == ["faces", "masks"]


def test_a_comparison_without_scores_says_why() -> None:
    found = drawn(figures(comparison(stacks=[], why="There is no table.")), "new", [], 5)

    assert found.datasets[0].first.why == "There is no table."


def test_the_reliability_diagram_is_of_the_two_stacks_that_are_compared() -> None:
    arms = [{**ARM, "name": name} for name in ("Candidate", "older", "old")]
    kept = {
        **figures(comparison()),
        "calibration": {"bins": 15, "datasets": [{"dataset": "faces", "arms": arms}]},
    }

    plot = drawn(kept, "new", [], 5).datasets[0].first.reliability

    assert plot is not None
    assert [arm["name"] for arm in plot.arms] == ["Candidate", "old"]
    assert plot.summary == "Calibration error 5.0 % (old 5.0 %), Brier score 0.100 (old 0.100)."


def test_two_live_revisions_of_one_release_have_a_curve_in_their_own_diagram_only() -> None:
    arms = [{**ARM, "name": "Candidate"}, *({**ARM, "name": "old", "revision": number} for number in (1, 2))]
    both = figures(comparison(), comparison(baseline={**LIVE, "revision": 2, "channels": ["ios"]}))
    kept = {**both, "calibration": {"bins": 15, "datasets": [{"dataset": "faces", "arms": arms}]}}

    (dataset,) = drawn(kept, "new", [], 5).datasets

    plots = [one.reliability for one in (dataset.first, *dataset.others)]
    shown = [[arm.get("revision") for arm in plot.arms] for plot in plots if plot]
    assert shown == [[None, 1], [None, 2]]


def test_a_stack_that_cannot_be_compared_is_named_behind_the_pictures_with_its_reason() -> None:
    missing = comparison(baseline=OTHER, stacks=[], why="older has no score table on faces.")

    (dataset,) = drawn(figures(missing, comparison()), "new", [], 5, "older").datasets

    assert dataset.first.other == "old"
    assert [one.why for one in dataset.others] == ["older has no score table on faces."]


def test_the_brief_says_in_sight_which_live_stack_could_not_be_compared(
    prepared: Prepared, monkeypatch: pytest.MonkeyPatch
) -> None:
    missing = comparison(baseline=OTHER, stacks=[], why="older has no score table on faces.")
    monkeypatch.setattr("audits.pages.pictures.figures_shown", lambda _: figures(comparison(), missing))

    said = text_of(brief_of(prepared))

    assert "There is nothing to draw: older has no score table on faces." in said
    assert "The same pictures" not in said


def test_groups_of_too_few_people_are_kept_back_on_the_page(
    prepared: Prepared, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = run_of(prepared)
    assert run.policy is not None
    monkeypatch.setattr("audits.pages.pictures.figures_shown", lambda _: figures(comparison()))
    shown(monkeypatch, run, run.result)

    few = brief_of(prepared).content.decode()
    run.policy.suppress_below = 81
    none = brief_of(prepared).content.decode()

    assert ">90</text>" in few  # genuine women, of 80 subjects
    assert "&lt; 5" in few
    assert ">90</text>" not in none
    assert "&lt; 81" in none


def test_a_suppressed_line_has_its_place_in_every_table_of_the_brief(
    prepared: Prepared, monkeypatch: pytest.MonkeyPatch
) -> None:
    hidden = line("Skin tone 6", "fail", n=None, rows=None, limit=0.07, suppressed_in_display=True)
    shown(monkeypatch, run_of(prepared), result("fail", criterion("bpcer", "bpcer", "fail", hidden)))

    response = brief_of(prepared)

    assert response.status_code == 200
    assert "too few people to show figures" in text_of(response)


def test_a_mail_shows_species_below_its_lines(prepared: Prepared, monkeypatch: pytest.MonkeyPatch) -> None:
    drawings: list[str] = []

    def drawn_as(svg: str) -> bytes:
        drawings.append(svg)
        return b"png"

    monkeypatch.setattr(mail_pictures, "png_of", drawn_as)

    picture = forest(run_of(prepared).stream())

    assert picture is not None
    assert "Attacks accepted, by species" in drawings[0]
    assert "Below, attacks accepted by species. Worst: Print: 0.0 % accepted," in picture.alt
    assert picture.lines[-1].startswith("Print: ")


def test_a_mail_shows_few_species_and_none_of_which_nothing_can_be_said() -> None:
    many = {
        f"species_{number:02}": rate(100, number, number / 100, number / 100 + 0.1) for number in range(40)
    }
    judged = stack(species={**many, "makeup": rate(4, 4, 0.2, 1.0)}, judged=list(many), curves={}, point=None)
    species = drawn(figures(comparison(stacks=[judged])), "new", [], 5).datasets[0].first.species

    found = species_drawing(species, (NAMES["candidate"], ""), 100, (0, 200))

    assert found is not None
    assert [mark.name for mark in found.marks] == [f"Species {39 - number}" for number in range(MOST_SPECIES)]
    assert found.marks[0].candidate is not None
    assert (found.marks[0].candidate.left, found.marks[0].candidate.right) == (156, 196)
    assert species_drawing(None, ("", ""), 0, (0, 1)) is None
