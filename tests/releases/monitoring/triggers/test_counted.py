"""Triggers on counts, where counting goes on beside them, falls behind, or what was whole shrinks again."""

from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from releases.bundles.arms import Arm
from releases.monitoring.triggers.given import Given, Interval
from releases.monitoring.triggers.kinds import vs_control
from releases.monitoring.triggers.models import TriggerStatus
from releases.monitoring.triggers.reader import Reader
from releases.monitoring.triggers.vocabulary import Action, Lack
from releases.monitoring.vocabulary.series import WindowCounts
from releases.monitoring.windows.services import roll_up
from releases.rollouts.models import Deployment
from tests.factories.gates import engine
from tests.factories.triggers import spec, windows
from tests.factories.watched import ALIKE, RETRY, WORSE, closed, counted, evaluated, slot, status, watched
from tests.factories.windows import decided, reported, subjects_in
from tests.factories.worlds import Prepared

TWICE: dict[str, Any] = {
    **RETRY,
    "kind": "threshold",
    "test": "immediate",
    "limit": 0.2,
    "min_subjects": 50,
    "breaches": 2,
    "of_windows": 2,
    "action": "hold",
}
NOBODYS = "sha256:" + "0" * 64
"""A stamp that is no release's: what carries it is counted in no arm."""


def asked(deployment: Deployment, at: datetime) -> list[Action]:
    return [one.action for one in evaluated(deployment, at).firings]


def test_thin_windows_between_two_breaches_hide_neither_from_whoever_looks_all_the_time(
    prepared: Prepared,
) -> None:
    deployment = watched(prepared.here, TWICE)
    counted(deployment, 0, (100, 40))
    counted(deployment, 13, (5, 0))
    counted(deployment, 14, (5, 0))
    counted(deployment, 15, (5, 0))
    before = [asked(deployment, closed(deployment, place)) for place in (0, 13, 14, 15)]
    counted(deployment, 16, (100, 40))

    found = asked(deployment, closed(deployment, 16))

    assert (before, found) == ([[]] * 4, [Action.HOLD])


def test_late_data_are_judged_with_the_breach_before_thin_windows(prepared: Prepared) -> None:
    deployment = watched(prepared.here, TWICE)
    counted(deployment, 0, (100, 40))
    counted(deployment, 14, (5, 0))
    counted(deployment, 15, (5, 0))
    counted(deployment, 16, (100, 0))
    before = asked(deployment, closed(deployment, 16))
    counted(deployment, 16, (110, 44), version=2)

    found = asked(deployment, closed(deployment, 16) + timedelta(seconds=31))

    assert (before, found) == ([], [Action.HOLD])


def test_without_a_control_thin_windows_are_looked_past_too_and_each_tells_of_its_own_people() -> None:
    trigger = spec("vs_control", metric="retry", test="bound", min_subjects=50, breaches=2, of_windows=2)
    former = Interval(0.05, 0.07, 900, "in the last control arm")
    seen = windows([((500, 90), (0, 0)), ((5, 0), (0, 0)), ((500, 90), (0, 0))])

    once, sums = vs_control.judge(trigger, seen, Given(compared=former))
    again, _ = vs_control.judge(trigger, seen, Given(compared=former, sums=sums))

    assert [one.judgement.value for one in once] == ["between", "waiting", "breach"]
    assert again == once
    assert once[-1].sentence.endswith("; 500 subjects.")


def test_what_is_counted_after_windows_were_read_and_before_their_marks_is_not_lost(
    prepared: Prepared, monkeypatch: pytest.MonkeyPatch
) -> None:
    deployment = watched(prepared.here, RETRY)
    counted(deployment, 0, *ALIKE)
    asked(deployment, closed(deployment, 1) - timedelta(seconds=10))
    counted(deployment, 1, *ALIKE)
    read = Reader.rows

    def rows(reader: Reader, *given: Any) -> list[WindowCounts]:
        found = read(reader, *given)
        counted(deployment, 1, *WORSE, version=2)
        return found

    monkeypatch.setattr(Reader, "rows", rows)
    first = asked(deployment, closed(deployment, 1))
    monkeypatch.undo()

    second = asked(deployment, closed(deployment, 1) + timedelta(seconds=2))

    assert (first, second) == ([], [Action.ROLLBACK])


def test_one_evaluation_asks_once_how_far_everything_is_counted(prepared: Prepared) -> None:
    deployment = watched(prepared.here, RETRY, TWICE | {"key": "retry_high"})
    counted(deployment, 0, *ALIKE)
    asked(deployment, slot(deployment, 0))

    with CaptureQueriesContext(connection) as queries:
        asked(deployment, closed(deployment, 0))

    assert len([one for one in queries if 'FROM "releases_decisionbatch"' in one["sql"]]) == 1


def test_windows_that_are_no_longer_whole_are_judged_again_and_none_is_left_out(prepared: Prepared) -> None:
    deployment = watched(prepared.here, RETRY)
    counted(deployment, 0, *ALIKE)
    counted(deployment, 1, *ALIKE)
    counted(deployment, 2, *ALIKE)
    at = closed(deployment, 2)
    asked(deployment, at)
    counted(deployment, 0, (150, 12), (160, 12), version=2)
    with time_machine.travel(slot(deployment, 1) + timedelta(minutes=3), tick=False):
        one = decided(deployment.channel, "somebody", timezone.now(), stamp=NOBODYS)
        reported(prepared.here, [one])

    evaluated(deployment, at + timedelta(seconds=31))
    shrunk = sums(deployment)
    with time_machine.travel(at, tick=False):
        roll_up(engine())
    evaluated(deployment, at + timedelta(seconds=33))

    assert (shrunk["subjects"], sums(deployment)["subjects"]) == (150, 550)


def sums(deployment: Deployment) -> dict[str, Any]:
    found: dict[str, Any] = TriggerStatus.objects.get(deployment=deployment).memory.memory["sums"]
    return found


def test_what_lacks_data_goes_on_lacking_them_while_a_report_waits(prepared: Prepared) -> None:
    deployment = watched(prepared.here, {**RETRY, "on_no_data": "hold"})
    counted(deployment, 0, *ALIKE)
    at = slot(deployment, 12)
    silent = asked(deployment, at)
    (one,) = subjects_in(deployment.channel, Arm.CANDIDATE, 1)
    with time_machine.travel(at, tick=False):
        reported(prepared.here, [decided(deployment.channel, one, timezone.now())])

    waiting = asked(deployment, at + timedelta(minutes=4))

    assert (silent, waiting) == ([Action.HOLD], [Action.HOLD])
    assert status(deployment).lack == Lack.NO_DATA
