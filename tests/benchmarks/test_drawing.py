"""The row of pictures: what its process does on small tables, and how it judges what it took."""

from pathlib import Path
from typing import Any

import pytest

from benchmarks.drawing import drawn, judged
from benchmarks.frozen_run import context_of, criteria
from benchmarks.measuring import CONTROL, Sample, run_child
from benchmarks.rows import drawing
from benchmarks.rows.gate_evaluation import FLOOR
from benchmarks.score_tables import Size, make, tables
from tests.benchmarks.contenders import sample, setting

SMALL = Size(captures=2_000, subjects=40)


def prepared(tmp_path: Path) -> dict[str, list[str]]:
    """Small tables where the rows look for them."""
    home = tmp_path / "score-tables" / SMALL.name
    make(home, SMALL)
    return {stack: [str(path) for path in paths] for stack, paths in tables(tmp_path, SMALL).items()}


def run(seconds: float, peak: float, drawn: str = "a") -> Sample:
    judging = {"judging_seconds": 10.0, "judging_cpu_seconds": 8.0, "judging_peak_kib": 700 * 1024}
    return sample(seconds, {**judging, "criteria": 46, "lines": 256, "digest": drawn}, peak)


def samples_of(*runs: Sample) -> dict[str, list[Sample]]:
    floor = [sample(2)] * len(runs)
    return {drawing.PRODUCT: list(runs), FLOOR: floor, FLOOR + CONTROL: floor}


def test_the_policy_asks_every_rate_against_a_limit_and_against_what_is_live() -> None:
    wanted = criteria()

    specs: list[Any] = [one.spec for one in wanted]
    assert len({one.key for one in wanted}) == len(wanted) == 46
    assert {one.kind.key for one in wanted} == {"absolute", "noninferiority"}
    assert {one.metric for one in specs} == {
        "apcer", "apcer_with_retry", "apnrr", "bpcer", "bpcer_with_non_response", "bpnrr",
    }  # fmt: skip


def test_the_measured_process_judges_both_stacks_and_draws_the_same_each_time(tmp_path: Path) -> None:
    stacks = prepared(tmp_path)
    contexts = [context_of(stacks["candidate"], stacks["baseline"]) for _ in range(2)]
    wanted = criteria()

    judging = judged(contexts[0], wanted)
    first, second = [drawn(context, wanted, list(stacks.values())) for context in contexts]

    assert (judging["criteria"], judging["lines"]) == (46, 256)
    assert first == second
    assert first["bytes"] > 20_000


def test_the_process_of_its_own_needs_no_server_and_says_what_judging_took(tmp_path: Path) -> None:
    prepared(tmp_path)

    found = run_child(drawing.drawing(setting(tmp_path), SMALL))

    assert found.seconds > 0
    assert found.answer["judging_seconds"] > 0
    assert 0 < drawing.judging_peak(found) <= found.peak_mib


@pytest.mark.parametrize(
    ("seconds", "peak", "met"), [(10, 1100, True), (10.1, 1100, False), (10, 1101, False)]
)
def test_pictures_may_take_as_long_as_judging_and_a_bounded_part_of_memory(
    tmp_path: Path, seconds: float, peak: float, met: bool
) -> None:
    found = drawing.judge(setting(tmp_path), samples_of(run(seconds, peak)))

    assert found.met is met
    assert f"take {seconds / 10:.2f} × as long as judging 46 criteria with 256 lines" in found.sentence
    assert f"never held more than {peak} MiB" in found.sentence


def test_memory_is_judged_by_the_round_that_needed_most(tmp_path: Path) -> None:
    found = drawing.judge(setting(tmp_path), samples_of(run(1, 900), run(1, 1101), run(1, 900)))

    assert not found.met


def test_figures_that_differ_between_rounds_are_wrong_at_any_scale(tmp_path: Path) -> None:
    given = setting(tmp_path)

    found = drawing.judge(given, samples_of(run(1, 900), run(1, 900, drawn="b")))

    assert "DIFFERS between rounds" in found.sentence
    assert drawing.ROW.standing(given, found) == "missed"


def test_pictures_are_set_beside_the_scan_round_by_round(tmp_path: Path) -> None:
    found = drawing.judge(setting(tmp_path), samples_of(run(4, 900), run(8, 900), run(6, 900)))

    spreads = {figure.name: figure.spread for figure in found.figures}
    assert (spreads["drawing / scan, clock"].median, spreads["drawing / scan, clock"].highest) == (3, 4)
    assert spreads["added by drawing"].median == 200
