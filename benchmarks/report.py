"""The report as Markdown and JSON, with the machine it was measured on."""

import json
import os
import platform
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path

from benchmarks.measuring import Samples
from benchmarks.row import Judgement, Row, Setting, Standing

LIBRARIES = ("numpy", "polars", "scipy")
MET_IN_JSON = {Standing.MET: True, Standing.MISSED: False, Standing.NOT_JUDGED: None}
MET_OF = {0: "No goal was judged.", 1: "The one goal judged is met."}


@dataclass(frozen=True)
class Result:
    """A row as it came out."""

    row: Row
    judgement: Judgement
    samples: Samples
    standing: Standing


def machine() -> str:
    """What it ran on, in one line, without its name."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    libraries = ", ".join(f"{name} {version(name)}" for name in LIBRARIES)
    python = f"{platform.machine()}, Python {platform.python_version()}"
    return f"{os.cpu_count()} cores, {memory:.0f} GiB, {python}, {libraries}"


def as_json(results: Sequence[Result], setting: Setting) -> str:
    """Everything, every sample included."""
    document = {
        "measured_at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "machine": machine(),
        "scale": setting.scale,
        "rounds": setting.rounds,
        "rows": [
            {
                "key": one.row.key,
                "title": one.row.title,
                "goal": one.row.goal,
                "goal_of": "full scale" if one.row.of_full_scale else "any scale",
                "met": MET_IN_JSON[one.standing],
                "sentence": one.judgement.sentence,
                "figures": [asdict(figure) for figure in one.judgement.figures],
                "samples": {name: [asdict(run) for run in runs] for name, runs in one.samples.items()},
            }
            for one in results
        ],
    }
    return json.dumps(document, indent=1, ensure_ascii=False)


def as_markdown(results: Sequence[Result], setting: Setting) -> str:
    """What people read."""
    day = time.strftime("%-d %B %Y", time.gmtime())
    lines = [
        "# Benchmarks",
        "",
        f"{_verdict(results, setting)} Measured {day} by `make bench` at {setting.scale} scale, "
        f"{setting.rounds} rounds, on {machine()}; load average {os.getloadavg()[2]:.1f} over the last 15 "
        "minutes (on a machine with other work, look at CPU rather than the clock).",
        "",
        "Each figure is the median over the rounds, with the lowest and highest behind it. Contenders run in "
        "processes of their own, in an order shuffled anew in each round; ratios are taken within a round. "
        "The A/A control is the peer against itself: differences smaller than its spread mean nothing.",
    ]
    for one in results:
        lines += _row(one)
    return "\n".join(lines) + "\n"


def _verdict(results: Sequence[Result], setting: Setting) -> str:
    """How many goals are met, and which of them this run cannot judge."""
    titles = {
        standing: [one.row.title for one in results if one.standing is standing] for standing in Standing
    }
    missed, waiting = titles[Standing.MISSED], titles[Standing.NOT_JUDGED]
    judged = len(results) - len(waiting)
    said = [MET_OF.get(judged, f"All {judged} goals are met.")]
    if missed:
        said = [f"{len(missed)} of {judged} goals are missed: {'; '.join(missed)}."]
    if waiting:
        why = f"Stated for full scale, and so not judged at {setting.scale} scale"
        said.append(f"{why}: {'; '.join(waiting)}.")
    return " ".join(said)


def goal_of(result: Result) -> str:
    """The goal, and what became of it."""
    if result.standing is Standing.NOT_JUDGED:
        return f"Goal at full scale: {result.row.goal} – not judged, as this run was at quick scale."
    met = "met" if result.standing is Standing.MET else "**missed**"
    return f"Goal: {result.row.goal} – {met}."


def _row(result: Result) -> list[str]:
    rows = [
        f"| {one.name} | {_number(one.spread.median)} {one.unit} | "
        f"{_number(one.spread.lowest)} … {_number(one.spread.highest)} |"
        for one in result.judgement.figures
    ]
    return [
        "",
        f"## {result.row.title}",
        "",
        f"{goal_of(result)} {result.judgement.sentence}",
        "",
        "| figure | median | lowest … highest |",
        "|---|---|---|",
        *rows,
    ]


def _number(figure: float) -> str:
    return f"{figure:,.0f}" if figure >= 100 else f"{figure:.2f}"


def write(results: Sequence[Result], setting: Setting, documentation: Path | None) -> Path:
    """Write both forms to the bench directory, and the Markdown to the documentation if that is asked for."""
    setting.directory.mkdir(parents=True, exist_ok=True)
    text = as_markdown(results, setting)
    (setting.directory / "report.json").write_text(as_json(results, setting) + "\n")
    place = setting.directory / "report.md"
    place.write_text(text)
    if documentation is not None:
        documentation.write_text(text)
    return place
