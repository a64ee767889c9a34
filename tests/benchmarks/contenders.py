"""Rows and contenders that take no time."""

import sys
from pathlib import Path

from benchmarks.measuring import Contender, Sample, Spread
from benchmarks.report import Result
from benchmarks.row import Figure, Judgement, Row, Setting

SAYS = "import json; print(json.dumps({'seconds': 2, 'cpu_seconds': 1, 'peak_kib': 2048, 'answer': 'a'}))"


def sample(seconds: float, answer: object = None, peak: float = 100) -> Sample:
    return Sample(seconds, seconds / 2, peak, answer)


def contender(name: str, script: str = SAYS) -> Contender:
    return Contender(name, (sys.executable, "-c", script))


def row(
    key: str, *, met: bool, prepared: list[str] | None = None, of_full_scale: bool = False, right: bool = True
) -> Row:
    def prepare(setting: Setting) -> list[Contender]:
        (prepared if prepared is not None else []).append(key)
        return [contender("only")]

    figure = Figure("something", Spread(1.5, 1.0, 2.0), "×")
    return Row(
        key,
        f"Row {key}",
        "at most 2 ×",
        "group",
        prepare,
        lambda *_: Judgement(met, "So.", (figure,), right),
        rounds=1,
        of_full_scale=of_full_scale,
    )


def setting(tmp_path: Path, *, quick: bool = True) -> Setting:
    return Setting(quick=quick, directory=tmp_path)


def result(one: Row, given: Setting) -> Result:
    judgement = one.judge(given, {})
    return Result(one, judgement, {"only": [sample(1, "x")]}, one.standing(given, judgement))
