"""Real series that stand beside the project: petshop (injected bad deployments) and NAB (server metrics)."""

import csv
import gzip
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import pytest

from releases.monitoring.triggers.backtest import Incident
from releases.monitoring.triggers.series import Counts, Window

DATA = Path(__file__).parents[5] / "shared/data"
needs_petshop = pytest.mark.skipif(
    not (DATA / "petshop").is_dir(), reason="../shared/data/petshop is not there"
)
needs_nab = pytest.mark.skipif(not (DATA / "nab").is_dir(), reason="../shared/data/nab is not there")


@cache
def petshop() -> dict[str, list[Window]]:
    """p95 latency of the front-end service in milliseconds, by scenario, in windows of five minutes."""
    found: dict[str, list[Window]] = {}
    with gzip.open(DATA / "petshop/petsite_metrics_high_traffic.csv.gz", "rt") as file:
        for row in csv.DictReader(file):
            if (row["metric"], row["statistic"]) == ("latency", "p95"):
                starts = datetime.fromtimestamp(float(row["unix_timestamp"]), UTC)
                found.setdefault(row["scenario"], []).append(_window(starts, 1000 * float(row["value"])))
    return {name: sorted(rows, key=lambda row: row.starts_at) for name, rows in found.items()}


@cache
def latency_incidents() -> tuple[str, ...]:
    """The scenarios in which a change was injected that made the front end slow."""
    with gzip.open(DATA / "petshop/petshop_incidents_high_traffic.csv.gz", "rt") as file:
        return tuple(row["scenario"] for row in csv.DictReader(file) if row["target_metric"] == "latency")


@cache
def nab(name: str) -> tuple[list[Window], list[Incident]]:
    """A series of NAB with its labelled windows, as the file of values marks them."""
    windows, marked = [], []
    with gzip.open(DATA / "nab/nab_real.csv.gz", "rt") as file:
        for row in csv.DictReader(file):
            if row["series"] == name:
                starts = datetime.fromisoformat(row["timestamp"]).replace(tzinfo=UTC)
                windows.append(_window(starts, float(row["value"])))
                marked.append(row["in_labelled_window"].lower() in {"1", "true"})
    return windows, _spans(windows, marked)


def _spans(windows: list[Window], marked: list[bool]) -> list[Incident]:
    spans: list[Incident] = []
    before = False
    for window, inside in zip(windows, marked, strict=True):
        if inside and not before:
            spans.append(Incident(window.starts_at, window.ends_at))
        elif inside:
            spans[-1] = Incident(spans[-1].began_at, window.ends_at)
        before = inside
    return spans


def _window(starts_at: datetime, value: float) -> Window:
    return Window(starts_at, starts_at + timedelta(minutes=5), Counts(point=value))
