"""The pictures with forty strata: nothing serious for axe, nothing wider than the window."""

import os
from pathlib import Path
from typing import Any

import pytest
from django.urls import reverse

from audits.pages import brief
from audits.pages.weighing import Weighed
from releases.gates.models import GateEvaluation
from releases.gates.queries import latest_evaluation
from tests.audits.pages.figures import comparison, figures, rate, stack
from tests.audits.pages.results import criterion, line, result
from tests.audits.pages.test_forest import EVERY_KIND
from tests.browser.conftest import Visitor
from tests.browser.test_access import grave
from tests.factories.worlds import Prepared

pytestmark = pytest.mark.browser

MANY = 40
NAMES = [f"species of a long name {number:02}" for number in range(MANY)]
SHOTS = os.environ.get("COUNTERSIGN_SHOTS", "")
"""A directory to leave what was seen in, for whoever wants to look at it."""


def forty_lines() -> dict[str, Any]:
    """A result of forty segments beside a line of every other kind."""
    measured = {"n": 1234, "subjects": 345, "candidate_rate": 0.11, "baseline_rate": 0.1, "limit": 0.07}
    lines = [
        line(
            f"Group of people {number:02}",
            ("fail", "inconclusive", "pass")[number % 3],
            estimate=number / 400,
            lower=number / 400 - 0.05,
            upper=number / 400 + 0.05,
            more_subjects=1500,
            **measured,
        )
        for number in range(MANY)
    ]
    return result("fail", criterion("bpcer", "bpcer", "fail", *lines), *EVERY_KIND["criteria"])


def forty_species() -> dict[str, Any]:
    """Figures of forty species in twelve segments."""
    species = {
        name: rate(1000 + number, 20 * number, number / 50, min(1.0, number / 50 + 0.1))
        for number, name in enumerate(NAMES)
    }
    curves = {name: [[0.0, -2.0], [-1.0, -1.0], [-2.0, 1.0]] for name in NAMES}
    point = {"bpcer": rate(200, 10, 0.02, 0.1), "apcer": {**species[NAMES[30]], "species": NAMES[30]}}
    given: dict[str, Any] = {"species": species, "judged": NAMES[:-4], "curves": curves, "point": point}
    both = [stack(of, **given) for of in ("candidate", "baseline")]
    groups = [{"key": str(number), "title": f"Skin tone {number}"} for number in range(12)]
    rows = [
        {"species": name, "cells": [[1000 * n, 100.0 * n], *([50 * n, 7.0 * n] for _ in groups)]}
        for n, name in enumerate(["", *NAMES])
    ]
    return figures(comparison(stacks=both, coverage={"groups": groups, "rows": rows}))


def with_forty(monkeypatch: pytest.MonkeyPatch, run: GateEvaluation | None) -> None:
    """The brief of the run as if so much had been measured."""
    assert run is not None
    run.result = {**run.result, **forty_lines()}
    monkeypatch.setattr(brief, "weighed", lambda *_: Weighed(run))
    monkeypatch.setattr("audits.pages.pictures.figures_shown", lambda _: forty_species())


@pytest.mark.slow
@pytest.mark.parametrize(("size", "theme"), [("phone", "light"), ("desktop", "dark")])
def test_forty_strata_are_readable(
    committed: Prepared, visit: Visitor, monkeypatch: pytest.MonkeyPatch, size: str, theme: str
) -> None:
    with_forty(monkeypatch, latest_evaluation(committed.candidate))
    here = visit(size, theme=theme)
    here.sign_in("approver")

    here.open(reverse("admin:review", args=[committed.candidate.pk]))
    here.page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")

    left(here.page, f"forty-{size}-{theme}")
    assert here.page.locator("[role=listitem]").count() >= 2 * MANY
    assert here.overflow() == 0
    assert grave(here) == {}
    assert here.errors == []


PAPER = 703
"""Pixels between the margins of an A4 page."""
LARGEST = 3_000_000
ON_PAPER = """() => {
  const shown = [...document.querySelectorAll('.cs-page *')].filter(one => one.checkVisibility());
  const paint = (one, what) => getComputedStyle(document.querySelector(one))[what];
  return {
    cut: shown.filter(one => one.getBoundingClientRect().right > innerWidth + 1).map(one => one.className),
    buttons: shown.filter(one => one.matches('.cs-btn')).length,
    folded: [...document.querySelectorAll('.cs-group .cs-ln, .cs-crit details, #counts table')].filter(
      one => one.getBoundingClientRect().height === 0).length,
    card: paint('.cs-card', 'backgroundColor'), crumbs: paint('.cs-crumbs', 'color'),
    ink: paint('.cs-lead h1', 'color')};
}"""


def test_the_brief_prints_whole_on_white_a4_also_from_a_dark_screen(
    committed: Prepared, visit: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_forty(monkeypatch, latest_evaluation(committed.candidate))
    here = visit("desktop", theme="dark")
    here.arrive(committed.here.cast.approver)
    here.open(reverse("admin:review", args=[committed.candidate.pk]))

    printed = here.page.pdf(prefer_css_page_size=True)
    here.page.emulate_media(media="print")
    here.page.set_viewport_size({"width": PAPER, "height": 1000})
    seen = here.page.evaluate(ON_PAPER)

    left(here.page, "printed")
    dark = "oklch(0.21 0.034 264.665)"
    assert seen == {
        "cut": [],
        "buttons": 0,
        "folded": 0,
        "card": "rgb(255, 255, 255)",
        "crumbs": dark,
        "ink": dark,
    }
    assert len(printed) < LARGEST


def left(page: Any, name: str) -> None:
    """A picture of the page for whoever asked for one."""
    if SHOTS:
        page.screenshot(path=str(Path(SHOTS) / f"{name}.png"), full_page=True)
