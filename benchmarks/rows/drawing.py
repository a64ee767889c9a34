"""The pictures of a run, drawn behind its verdict, beside judging it and beside one DuckDB scan."""

import json
import os
import sys
from collections.abc import Callable

from benchmarks.measuring import (
    CONTROL,
    KIBIBYTE,
    Contender,
    Sample,
    Samples,
    Spread,
    cpu,
    peak,
    ratios,
    wall,
)
from benchmarks.row import Figure, Judgement, Row, Setting
from benchmarks.rows.gate_evaluation import FLOOR, scan, size_of
from benchmarks.score_tables import Size, tables

PRODUCT = "drawing"
MOST, MOST_MORE = 1.0, 400.0  # MOST_MORE: half as much again as judging may take
START = "import sys, django; django.setup(); from benchmarks.drawing import main; main(sys.argv[1])"
"""The measured process sets Django up first: what it imports next defines models."""


def drawing(setting: Setting, size: Size) -> Contender:
    """The product's process over the tables of this size; no servers are looked for."""
    number = str(os.cpu_count() or 1)
    files = {stack: [str(path) for path in paths] for stack, paths in tables(setting.directory, size).items()}
    environment = {
        "DJANGO_SETTINGS_MODULE": "governance.project.settings",
        "COUNTERSIGN_VAR": str(setting.directory),
        "OPENBLAS_NUM_THREADS": "1",
        "POLARS_MAX_THREADS": number,
    }
    return Contender(PRODUCT, (sys.executable, "-c", START, json.dumps(files)), environment)


def contenders(setting: Setting) -> list[Contender]:
    """Judging and drawing in one process, the scan, and the scan again."""
    size = size_of(setting)
    floor = scan(setting, size)
    return [drawing(setting, size), floor, floor.again()]


def judge(setting: Setting, samples: Samples) -> Judgement:
    """The ratio to judging decides by the clock; memory by the highest of all rounds."""
    runs, size = samples[PRODUCT], size_of(setting)
    ratio, more = _spread(runs, lambda one: one.seconds / judging_seconds(one)), _spread(runs, added)
    answer, same = runs[-1].answer, len({one.answer["digest"] for one in runs}) == 1
    sentence = (
        f"The pictures of {size.captures:,} captures of {size.subjects:,} subjects by two stacks take "
        f"{ratio.median:.2f} × as long as judging {answer['criteria']} criteria with {answer['lines']} "
        f"lines, and at most {more.highest:.0f} MiB more; the process never held more than "
        f"{_spread(runs, peak).highest:.0f} MiB{'' if same else '; what was drawn DIFFERS between rounds'}."
    )
    figures = (
        Figure("drawing / judging, clock", ratio, "×"),
        Figure("drawing / judging, CPU", _spread(runs, lambda one: one.cpu_seconds / judging_cpu(one)), "×"),
        Figure("drawing / scan, clock", ratios(samples, PRODUCT, FLOOR, wall), "×"),
        Figure("drawing / scan, CPU", ratios(samples, PRODUCT, FLOOR, cpu), "×"),
        Figure("A/A control: scan / scan, clock", ratios(samples, FLOOR + CONTROL, FLOOR, wall), "×"),
        Figure("drawing, clock", _spread(runs, wall), "s"),
        Figure("drawing, CPU", _spread(runs, cpu), "s"),
        Figure("judging, clock", _spread(runs, judging_seconds), "s"),
        Figure("judging, CPU", _spread(runs, judging_cpu), "s"),
        Figure("judging, peak memory", _spread(runs, judging_peak), "MiB"),
        Figure("judging and drawing, peak memory", _spread(runs, peak), "MiB"),
        Figure("added by drawing", more, "MiB"),
    )
    return Judgement(ratio.median <= MOST and more.highest <= MOST_MORE, sentence, figures, right=same)


def judging_seconds(run: Sample) -> float:
    """Seconds on the clock before the drawing began, from the same process."""
    return float(run.answer["judging_seconds"])


def judging_cpu(run: Sample) -> float:
    """Seconds of processor time before the drawing began."""
    return float(run.answer["judging_cpu_seconds"])


def judging_peak(run: Sample) -> float:
    """MiB at most before the drawing began."""
    return float(run.answer["judging_peak_kib"]) / KIBIBYTE


def added(run: Sample) -> float:
    """By how many MiB the drawing raised the most that the process ever held."""
    return run.peak_mib - judging_peak(run)


def _spread(runs: list[Sample], part: Callable[[Sample], float]) -> Spread:
    return Spread.of([part(one) for one in runs])


ROW = Row(
    key="drawing",
    title="Pictures of a run",
    goal=f"at most {MOST:g} × as long as judging the same run, with at most {MOST_MORE:g} MiB more",
    group="drawing",
    prepare=contenders,
    judge=judge,
    of_full_scale=True,
)
