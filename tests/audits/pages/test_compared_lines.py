"""Two results as rows: the worst change first, figures as every other page writes them."""

from typing import Any

from audits.pages.compared_lines import compared_criteria
from audits.pages.plots import counted


def figures(verdict: str, estimate: float | None, limit: float = 0.07, **given: Any) -> dict[str, Any]:
    bounds = {"lower": estimate - 0.05, "upper": estimate + 0.05} if estimate is not None else {}
    plain = {
        "verdict": verdict,
        "n": 1200,
        "estimate": estimate,
        "lower": None,
        "upper": None,
        "limit": limit,
    }
    return {**plain, **bounds, **given}


def row(title: str, change: str, then: Any, now: Any, baseline: str = "first revision 1") -> dict[str, Any]:
    names = {"baseline_then": baseline, "baseline_now": baseline}
    return {"title": title, "change": change, "then": then, "now": now, **names}


def criterion(*rows: dict[str, Any], kind: str = "noninferiority", change: str = "same") -> dict[str, Any]:
    said = {"verdict": "fail"}
    return {
        "title": kind,
        "kind": kind,
        "change": change,
        "asks_changed": False,
        "then": said,
        "now": said,
        "strata": list(rows),
    }


def test_what_got_worse_stands_first_and_what_kept_its_verdict_stands_behind() -> None:
    found = criterion(
        row("kept", "same", figures("pass", 0.01), figures("pass", 0.02)),
        row("better", "better", figures("fail", 0.2), figures("pass", 0.0)),
        row("worse", "worse", figures("pass", 0.0), figures("fail", 0.2)),
        row("alike", "same", figures("pass", 0.0), figures("pass", 0.0)),
    )

    (only,), unmoved = compared_criteria({"criteria": [found]})

    assert [[line["title"] for line in group["lines"]] for group in only["groups"]] == [
        ["worse", "better"],
        ["kept"],
    ]
    assert only["groups"][1]["title"] == "One line keeps its verdict, and its figures moved"
    assert (only["unmoved"], unmoved) == (1, [])


def test_figures_are_points_percent_milliseconds_or_times() -> None:
    paired = row("points", "worse", figures("pass", -0.036), figures("fail", 0.069))
    rate = row("percent", "worse", figures("pass", 0.1, 0.45), figures("fail", 0.5, 0.45), "")
    answer = figures("pass", 412.0, 400.0, unit="ms")
    times = figures("pass", 1.314, 1.25, unit="ratio")
    found = [
        criterion(paired),
        criterion(rate, kind="absolute"),
        criterion(row("ms", "new", None, answer, ""), kind="latency_quantile"),
        criterion(row("times", "new", None, times, ""), kind="ratio_to_whole"),
    ]

    shown, _ = compared_criteria({"criteria": found})

    cells = {line["title"]: [now for _, _, now in line["cells"]] for one in shown for line in one["moved"]}
    assert cells["points"] == [counted(1200), "+6.9", "+1.9 to +11.9", "+7"]
    assert cells["percent"] == [counted(1200), "50.0 %", "45.0 % to 55.0 %", "45 %"]
    assert (cells["ms"][1], cells["ms"][3]) == ("412 ms", "400 ms")
    assert (cells["times"][1], cells["times"][3]) == ("1.31 ×", "1.25 ×")
