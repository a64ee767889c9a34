"""A goal that is stated for the full scale judges a full run, and is only shown by a quick one."""

import json
from pathlib import Path

import pytest

from benchmarks import __main__ as bench
from benchmarks.report import as_json, as_markdown
from benchmarks.row import Standing
from benchmarks.rows import ROWS
from tests.benchmarks.contenders import result, row, setting

LARGE, ANY = row("large", met=False, of_full_scale=True), row("any", met=False)


def test_every_goal_of_time_or_memory_is_of_full_scale() -> None:
    assert [one.key for one in ROWS if not one.of_full_scale] == ["bit-identity"]


@pytest.mark.parametrize(("environment", "code"), [({"QUICK": "1"}, 0), ({}, 1), ({"ALLOW_MISSES": "1"}, 0)])
def test_a_goal_of_full_scale_that_is_missed_fails_a_full_run_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], code: int
) -> None:
    monkeypatch.setattr(bench, "ROWS", (LARGE,))
    monkeypatch.setattr(bench, "ROOT", tmp_path)

    assert bench.main(environment) == code


def test_a_goal_of_any_scale_that_is_missed_fails_a_quick_run_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(bench, "ROWS", (LARGE, ANY))
    monkeypatch.setattr(bench, "ROOT", tmp_path)

    assert bench.main({"QUICK": "1"}) == 1
    said = capsys.readouterr().err
    assert "not judged Row large: So. Goal at full scale: at most 2 × – not judged" in said
    assert "MISSED     Row any: So. Goal: at most 2 × – **missed**." in said


def test_a_quick_report_shows_the_figure_and_says_that_its_goal_is_of_another_scale(tmp_path: Path) -> None:
    given = setting(tmp_path)

    text = as_markdown([result(one, given) for one in (LARGE, row("good", met=True))], given)

    assert (
        "The one goal judged is met. Stated for full scale, and not judged at quick scale: Row large." in text
    )
    assert "Goal at full scale: at most 2 × – not judged, as this run was at quick scale. So." in text
    assert "missed" not in text
    assert text.count("| something | 1.50 × | 1.00 … 2.00 |") == 2


def test_a_quick_report_without_any_goal_that_applies_claims_none_met(tmp_path: Path) -> None:
    given = setting(tmp_path)

    text = as_markdown([result(row("large", met=True, of_full_scale=True), given)], given)

    assert "No goal was judged." in text
    assert " met." not in text


@pytest.mark.parametrize(("quick", "met"), [(True, None), (False, False)])
def test_the_json_report_calls_a_goal_neither_met_nor_missed_that_was_not_judged(
    tmp_path: Path, quick: bool, met: bool | None
) -> None:
    given = setting(tmp_path, quick=quick)

    (found,) = json.loads(as_json([result(LARGE, given)], given))["rows"]

    assert (found["met"], found["goal_of"]) == (met, "full scale")


@pytest.mark.parametrize("quick", [True, False])
def test_wrong_results_are_excused_by_no_scale(tmp_path: Path, quick: bool) -> None:
    wrong, given = row("wrong", met=True, of_full_scale=True, right=False), setting(tmp_path, quick=quick)

    assert result(wrong, given).standing is Standing.MISSED


def test_a_full_run_judges_every_goal(tmp_path: Path) -> None:
    given = setting(tmp_path, quick=False)

    assert [one.standing(given, one.judge(given, {})) for one in (LARGE, ANY)] == [Standing.MISSED] * 2
