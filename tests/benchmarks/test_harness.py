"""The harness of ``make bench``, on work that takes no time. Nothing here measures anything."""

import dataclasses
import json
import re
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from benchmarks import __main__ as bench
from benchmarks.evaluation import RATES, VIEWS, criteria, evaluate
from benchmarks.measuring import (
    CONTROL,
    Contender,
    MeasurementFailed,
    Sample,
    Spread,
    measure,
    ratios,
    run_child,
    wall,
)
from benchmarks.report import as_json, as_markdown
from benchmarks.rows import ROWS, bit_identity, bootstrap, gate_evaluation, gate_memory
from benchmarks.score_tables import Size, make
from releases.scores.canonical import scan_canonical
from tests.architecture.sources import APPS
from tests.benchmarks.contenders import contender, result, row, sample, setting
from tests.servers import ROOT


def recorder(order: list[str]) -> Callable[[Contender], Sample]:
    def run(one: Contender) -> Sample:
        order.append(one.name)
        return sample(float(len(order)))

    return run


def test_each_round_runs_all_contenders_once_in_an_order_of_its_own() -> None:
    order: list[str] = []
    names = ["a", "b", "c", "d"]

    measure([contender(name) for name in names], 6, run=recorder(order))

    rounds = [order[start : start + 4] for start in range(0, len(order), 4)]
    assert [sorted(one) for one in rounds] == [names] * 7
    assert len({tuple(one) for one in rounds}) > 3


def test_the_same_seed_gives_the_same_order() -> None:
    first: list[str] = []
    second: list[str] = []

    measure([contender(name) for name in "abc"], 4, run=recorder(first), seed=5)
    measure([contender(name) for name in "abc"], 4, run=recorder(second), seed=5)

    assert first == second


def test_the_warm_up_is_thrown_away() -> None:
    samples = measure([contender("a")], 3, run=recorder([]))

    assert [one.seconds for one in samples["a"]] == [2, 3, 4]


def test_ratios_are_taken_within_a_round() -> None:
    samples = {"ours": [sample(2), sample(30)], "peer": [sample(1), sample(10)]}

    assert ratios(samples, "ours", "peer", wall) == Spread(2.5, 2, 3)


def test_the_control_is_the_same_work_under_another_name() -> None:
    peer = contender("peer")

    assert peer.again() == Contender(f"peer{CONTROL}", peer.command)


def test_a_child_says_what_it_took() -> None:
    assert run_child(contender("a")) == Sample(seconds=2, cpu_seconds=1, peak_mib=2, answer="a")


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("raise SystemExit('out of luck')", "a ended with 1: out of luck"),
        ("print('hello')", "did not print its figures"),
        ("", "did not print its figures"),
        ("print('{}')", "did not print its figures"),
    ],
)
def test_a_child_that_fails_or_says_nothing_is_no_measurement(script: str, words: str) -> None:
    with pytest.raises(MeasurementFailed, match=words):
        run_child(contender("a", script))


def test_a_report_names_goals_met_and_missed_with_every_figure(tmp_path: Path) -> None:
    given = setting(tmp_path)
    results = [result(one, given) for one in (row("good", met=True), row("bad", met=False))]

    text = as_markdown(results, given)

    assert "1 of 2 goals are missed: Row bad." in text
    assert "Goal: at most 2 × – met. So." in text
    assert "Goal: at most 2 × – **missed**. So." in text
    assert "| something | 1.50 × | 1.00 … 2.00 |" in text
    assert re.search(r"on \d+ cores, \d+ GiB", text)


def test_a_report_of_some_rows_leaves_the_others_as_they_were(tmp_path: Path) -> None:
    given, known = setting(tmp_path), dataclasses.replace(row("a", met=False), title=ROWS[1].title)
    former = as_markdown([result(known, given), result(row("gone", met=True), given)], given)

    text = as_markdown([result(row("good", met=True), given)], given, former)

    assert f"1 of 2 goals are missed: {known.title}." in text
    assert re.findall("^## (.*)$", text, re.MULTILINE) == [known.title, "Row good"]
    assert as_markdown([], given, text).count("| something |") == 1


def test_the_json_report_holds_every_sample(tmp_path: Path) -> None:
    given = setting(tmp_path)

    found = json.loads(as_json([result(row("good", met=True), given)], given))

    assert found["rows"][0]["met"] is True
    assert found["rows"][0]["samples"]["only"][0] == {
        "seconds": 1,
        "cpu_seconds": 0.5,
        "peak_mib": 100,
        "answer": "x",
    }


@pytest.mark.parametrize(
    ("met", "environment", "code"),
    [(True, {}, 0), (False, {}, 1), (False, {"ALLOW_MISSES": "1"}, 0), (False, {"ALLOW_MISSES": "0"}, 1)],
)
def test_a_missed_goal_fails_the_run_unless_misses_are_allowed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, met: bool, environment: dict[str, str], code: int
) -> None:
    monkeypatch.setattr(bench, "ROWS", (row("one", met=met),))
    monkeypatch.setattr(bench, "ROOT", tmp_path)

    assert bench.main({"QUICK": "1", **environment}) == code
    assert (tmp_path / "var" / "bench" / "report.md").exists()


def test_rows_of_one_group_are_measured_once(tmp_path: Path) -> None:
    prepared: list[str] = []
    rows = [row("one", met=True, prepared=prepared), row("two", met=True, prepared=prepared)]

    results = bench.measured(rows, setting(tmp_path))

    assert prepared == ["one"]
    assert results[0].samples is results[1].samples


def test_an_unknown_row_is_named_and_nothing_is_measured(capsys: pytest.CaptureFixture[str]) -> None:
    assert bench.main({"ROWS": "gate-speed"}) == 2
    assert "ROWS names 'gate-speed'; there are: gate-evaluation, gate-memory" in capsys.readouterr().err


def test_every_row_has_a_key_of_its_own_and_a_goal() -> None:
    assert len({one.key for one in ROWS}) == len(ROWS)
    assert all(one.goal and one.title for one in ROWS)


@pytest.mark.parametrize(("seconds", "met"), [(5.9, True), (6.1, False)])
def test_the_gate_row_judges_by_the_ratio_on_the_clock(tmp_path: Path, seconds: float, met: bool) -> None:
    floor = [sample(1)] * 3
    ours = [sample(seconds, {"criteria": 60, "lines": 336})] * 3
    samples = {
        gate_evaluation.PRODUCT: ours,
        gate_evaluation.FLOOR: floor,
        gate_evaluation.FLOOR + CONTROL: floor,
    }

    found = gate_evaluation.judge(setting(tmp_path), samples)

    assert found.met is met
    assert f"{seconds:.2f} × the scan" in found.sentence


def test_the_memory_row_judges_by_the_highest_peak(tmp_path: Path) -> None:
    samples = {gate_evaluation.PRODUCT: [sample(1, peak=700), sample(1, peak=801)]}

    assert not gate_memory.judge(setting(tmp_path), samples).met


@pytest.mark.parametrize(
    ("seconds", "bounds", "found"),
    [(1, [0.1, 0.3], "met"), (1.1, [0.1, 0.3], "missed"), (1, [0.1, 0.5], "missed")],
)
def test_the_bootstrap_row_wants_speed_and_bounds_that_agree(
    tmp_path: Path, seconds: float, bounds: list[float], found: str
) -> None:
    peer = [sample(8, [[0.1, 0.3]])]
    samples = {
        bootstrap.PRODUCT: [sample(seconds, [bounds])],
        bootstrap.PEER: peer,
        bootstrap.PEER + CONTROL: peer,
    }

    given = setting(tmp_path, quick=False)
    assert bootstrap.ROW.standing(given, bootstrap.judge(given, samples)) == found


def test_one_digest_that_differs_is_a_miss(tmp_path: Path) -> None:
    same, other = sample(1, {"digest": "a"}), sample(1, {"digest": "b"})

    assert bit_identity.judge(setting(tmp_path), {"one": [same], "two": [same]}).met
    assert not bit_identity.judge(setting(tmp_path), {"one": [same], "two": [other]}).met


def test_the_sixty_criteria_use_all_eighteen_metrics_and_six_cuts() -> None:
    wanted = criteria()

    assert len(set(wanted)) == 60
    assert {(one.population.label, one.metric, one.view) for one in wanted} == {
        (*rate, view) for rate in RATES for view in VIEWS
    }
    assert len({one.strata for one in wanted}) == 6


def test_the_measured_evaluation_gives_one_digest_for_one_and_two_threads(tmp_path: Path) -> None:
    make(tmp_path, Size(captures=2_000, subjects=40))
    files = [
        [str(tmp_path / f"{stack}-{part}.parquet") for part in range(2)]
        for stack in ("candidate", "baseline")
    ]

    found = [evaluate(files[0], files[1], threads) for threads in (1, 2)]

    assert found[0] == found[1]
    assert found[0]["criteria"] == 60


def test_synthetic_tables_have_the_canonical_form(tmp_path: Path) -> None:
    make(tmp_path, Size(captures=2_000, subjects=40))

    rows = pl.concat([scan_canonical(tmp_path / f"candidate-{part}.parquet") for part in range(2)]).collect()

    assert rows.height == 2_000
    assert rows["sample"].is_sorted()
    assert rows["subject"].n_unique() == 40


def test_nothing_of_the_product_imports_the_benchmarks() -> None:
    texts = [path.read_text() for app in APPS for path in (ROOT / app).rglob("*.py")]

    assert not [text for text in texts if re.search(r"^\s*(from|import) benchmarks\b", text, re.MULTILINE)]


def test_peers_come_with_hashes_and_without_the_name_of_a_registry() -> None:
    files = sorted((ROOT / "benchmarks").glob("requirements-*.txt"))

    texts = [path.read_text() for path in files]
    assert [path.name for path in files] == [
        f"requirements-{peer}.txt" for peer in ("duckdb", "history", "scipy")
    ]
    assert all("--hash=sha256:" in text for text in texts)
    assert not [text for text in texts if re.search(r"://|index-url", text)]
