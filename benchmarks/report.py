"""The report as Markdown and JSON, with the machine it was measured on."""

import json
import os
import platform
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path

from benchmarks.measuring import Samples
from benchmarks.row import Judgement, Row, Setting, Standing
from benchmarks.rows import ROWS

LIBRARIES = ("numpy", "polars", "scipy")
MET_IN_JSON = {Standing.MET: True, Standing.MISSED: False, Standing.NOT_JUDGED: None}
HOW = (
    "Measured by `make bench`. Each figure is the median over the rounds, with the lowest and highest behind "
    "it. Contenders run in processes of their own, in an order shuffled anew in each round; ratios are taken "
    "within a round. The A/A control is the peer against itself: differences smaller than its spread mean "
    "nothing. On a machine with other work, look at CPU rather than the clock."
)
HEADING = "## "
GOAL_MISSED, GOAL_NOT_JUDGED = " – **missed**.", " – not judged"
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


def as_markdown(results: Sequence[Result], setting: Setting, former: str = "") -> str:
    """What people read. Rows of ``former``, an earlier report, stay if they were not measured now."""
    places = {row.title: place for place, row in enumerate(ROWS)}
    kept = {title: lines for title, lines in _sections(former).items() if title in places}
    sections = kept | {one.row.title: _row(one, setting) for one in results}
    lines = ["# Benchmarks", "", _verdict(sections), "", HOW]
    for title in sorted(sections, key=lambda title: places.get(title, len(places))):
        lines += ["", f"{HEADING}{title}", "", *sections[title]]
    return "\n".join(lines) + "\n"


def _sections(report: str) -> dict[str, list[str]]:
    """The rows of a report by title, without their headings."""
    parts = report.split(f"\n{HEADING}")[1:]
    found = [part.strip("\n").split("\n") for part in parts]
    return {title: [*rest[1:]] for title, *rest in found}


def _verdict(sections: Mapping[str, Sequence[str]]) -> str:
    """How many goals are met, and which of them were not judged."""
    said = {title: lines[0] for title, lines in sections.items()}
    missed = [title for title, line in said.items() if GOAL_MISSED in line]
    waiting = [title for title, line in said.items() if GOAL_NOT_JUDGED in line]
    judged = len(said) - len(waiting)
    verdict = [MET_OF.get(judged, f"All {judged} goals are met.")]
    if missed:
        verdict = [f"{len(missed)} of {judged} goals are missed: {'; '.join(missed)}."]
    if waiting:
        verdict.append(f"Stated for full scale, and not judged at quick scale: {'; '.join(waiting)}.")
    return " ".join(verdict)


def goal_of(result: Result) -> str:
    """The goal, and what became of it."""
    if result.standing is Standing.NOT_JUDGED:
        return f"Goal at full scale: {result.row.goal}{GOAL_NOT_JUDGED}, as this run was at quick scale."
    met = " – met." if result.standing is Standing.MET else GOAL_MISSED
    return f"Goal: {result.row.goal}{met}"


def _row(result: Result, setting: Setting) -> list[str]:
    rows = [
        f"| {one.name} | {_number(one.spread.median)} {one.unit} | "
        f"{_number(one.spread.lowest)} … {_number(one.spread.highest)} |"
        for one in result.judgement.figures
    ]
    day = time.strftime("%-d %B %Y", time.gmtime())
    return [
        f"{goal_of(result)} {result.judgement.sentence}",
        "",
        f"{day}, {setting.scale} scale, {result.row.rounds or setting.rounds} rounds, on {machine()}; load "
        f"average {os.getloadavg()[2]:.1f} over the last 15 minutes.",
        "",
        "| figure | median | lowest … highest |",
        "|---|---|---|",
        *rows,
    ]


def _number(figure: float) -> str:
    return f"{figure:,.0f}" if figure >= 100 else f"{figure:.2f}"


def write(results: Sequence[Result], setting: Setting, documentation: Path | None) -> Path:
    """Write both forms to the bench directory; where that is asked for, the rows to the documentation too."""
    setting.directory.mkdir(parents=True, exist_ok=True)
    text = as_markdown(results, setting)
    (setting.directory / "report.json").write_text(as_json(results, setting) + "\n")
    place = setting.directory / "report.md"
    place.write_text(text)
    if documentation is not None:
        former = documentation.read_text() if documentation.exists() else ""
        documentation.write_text(as_markdown(results, setting, former))
    return place
