"""A whole gate evaluation against one group-by scan of the same files by DuckDB."""

import json
import os
import sys

from benchmarks.environments import peer_python
from benchmarks.measuring import CONTROL, Contender, Samples, Spread, cpu, peak, ratios, wall
from benchmarks.row import Figure, Judgement, Row, Setting
from benchmarks.score_tables import Size, tables

GROUP = "gate"
PRODUCT, FLOOR = "evaluation", "duckdb scan"
MOST, WISHED = 6.0, 3.0
FULL, QUICK = Size(captures=10_000_000, subjects=50_000), Size(captures=1_000_000, subjects=5_000)


def size_of(setting: Setting) -> Size:
    """Ten million captures of each of two stacks; a tenth of all of it to try things out."""
    return QUICK if setting.quick else FULL


def evaluation(setting: Setting, size: Size, name: str = PRODUCT, threads: int | None = None) -> Contender:
    """The product's process over the tables of this size."""
    number = threads or os.cpu_count() or 1
    files = {stack: [str(path) for path in paths] for stack, paths in tables(setting.directory, size).items()}
    given = json.dumps({**files, "threads": number})
    environment = {"OPENBLAS_NUM_THREADS": "1", "POLARS_MAX_THREADS": str(number)}
    return Contender(name, (sys.executable, "-m", "benchmarks.evaluation", given), environment)


def scan(setting: Setting, size: Size) -> Contender:
    """The floor's process over the same tables."""
    files = [str(path) for paths in tables(setting.directory, size).values() for path in paths]
    python = peer_python("duckdb", setting.directory)
    return Contender(FLOOR, (python, "benchmarks/peers/duckdb_scan.py", str(os.cpu_count() or 1), *files))


def contenders(setting: Setting) -> list[Contender]:
    """The evaluation, the scan, and the scan again."""
    size = size_of(setting)
    floor = scan(setting, size)
    return [evaluation(setting, size), floor, floor.again()]


def judge(setting: Setting, samples: Samples) -> Judgement:
    """The ratio on the clock decides."""
    ratio = ratios(samples, PRODUCT, FLOOR, wall)
    size, answer = size_of(setting), samples[PRODUCT][-1].answer
    met = ratio.median <= MOST
    sentence = (
        f"{size.captures:,} captures of {size.subjects:,} subjects by two stacks, {answer['criteria']} "
        f"criteria with {answer['lines']} lines and 1,000 clustered replicates take {ratio.median:.2f} × the "
        "scan"
    )
    wished = f"the wished {WISHED:g} × is {'met too' if ratio.median <= WISHED else 'not met'}"
    figures = (
        Figure("evaluation / scan, clock", ratio, "×"),
        Figure("evaluation / scan, CPU", ratios(samples, PRODUCT, FLOOR, cpu), "×"),
        Figure("A/A control: scan / scan, clock", ratios(samples, FLOOR + CONTROL, FLOOR, wall), "×"),
        Figure("evaluation, clock", Spread.of([wall(one) for one in samples[PRODUCT]]), "s"),
        Figure("evaluation, CPU", Spread.of([cpu(one) for one in samples[PRODUCT]]), "s"),
        Figure("scan, clock", Spread.of([wall(one) for one in samples[FLOOR]]), "s"),
        Figure("scan, CPU", Spread.of([cpu(one) for one in samples[FLOOR]]), "s"),
        Figure("scan, peak memory", Spread.of([peak(one) for one in samples[FLOOR]]), "MiB"),
    )
    return Judgement(met, f"{sentence}." if setting.quick else f"{sentence}; {wished}.", figures)


ROW = Row(
    key="gate-evaluation",
    title="Gate evaluation against a DuckDB scan",
    goal=f"at most {MOST:g} × one group-by scan of the same Parquet ({WISHED:g} × wished)",
    group=GROUP,
    prepare=contenders,
    judge=judge,
    of_full_scale=True,
)
