"""What a trigger remembers: it goes on from there, and judges again what late data changed."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from releases.monitoring.triggers.models import TriggerReading, TriggerStatus
from releases.monitoring.triggers.reader import Reader
from releases.monitoring.triggers.vocabulary import Action, State
from releases.monitoring.windows.models import Window
from releases.rollouts.models import Deployment
from tests.factories.rollouts import paused, resumed
from tests.factories.watched import ALIKE, ERRORS, RETRY, WORSE, closed, counted, evaluated, slot, watched
from tests.factories.worlds import Prepared


def test_late_data_that_make_an_old_window_worse_are_found(prepared: Prepared) -> None:
    deployment = watched(prepared.here, RETRY)
    counted(deployment, 0, *ALIKE)
    counted(deployment, 1, *ALIKE)
    evaluated(deployment, closed(deployment, 1))
    counted(deployment, 0, *WORSE, version=2)

    found = evaluated(deployment, closed(deployment, 1))

    assert [one.action for one in found.firings] == [Action.ROLLBACK]


def test_late_answers_that_fail_fire_although_their_window_was_judged_good(prepared: Prepared) -> None:
    deployment = watched(prepared.here, ERRORS)
    counted(deployment, 0, (20, 0))
    counted(deployment, 1, (200, 2))
    early = evaluated(deployment, closed(deployment, 1))
    counted(deployment, 0, (2000, 400), version=2)

    late = evaluated(deployment, closed(deployment, 1))
    counted(deployment, 2, (200, 2))
    after = evaluated(deployment, closed(deployment, 2))

    assert early.firings == ()
    assert [one.sentence[:6] for one in late.firings] == ["20.0 %"]
    assert [one.action for one in after.firings] == [Action.HOLD]
    assert [one.state for one in after.states] == [State.RECOVERING]
    assert TriggerReading.objects.get(at=slot(deployment, 1)).value == pytest.approx(0.2)


def test_too_few_subjects_block_until_enough_were_judged(prepared: Prepared) -> None:
    deployment = watched(prepared.here, {**ERRORS, "min_subjects": 100})
    counted(deployment, 0, (20, 15))

    first = evaluated(deployment, closed(deployment, 0))
    again = evaluated(deployment, closed(deployment, 0) + timedelta(seconds=2))
    counted(deployment, 1, (20, 0))
    Window.objects.filter(starts_at=slot(deployment, 1)).update(subjects=0, events=0)
    nobody_new = evaluated(deployment, closed(deployment, 1))
    counted(deployment, 2, (200, 2))
    enough = evaluated(deployment, closed(deployment, 2))

    assert [len(one.blocked) for one in (first, again, nobody_new, enough)] == [1, 1, 1, 0]
    assert again.blocked[0].state is State.NO_DATA
    assert again.blocked[0].sentence == "20 of 100 subjects that a window needs to be judged."


def test_what_was_kept_without_its_last_judgement_counts_as_not_judged_yet(prepared: Prepared) -> None:
    deployment = watched(prepared.here, RETRY)
    counted(deployment, 0, *ALIKE)
    evaluated(deployment, closed(deployment, 0))
    memory = TriggerStatus.objects.get(deployment=deployment).memory
    del memory.memory["judgement"]
    memory.save()

    before = [evaluated(deployment, closed(deployment, 0) + timedelta(seconds=n)).blocked for n in (2, 4)]
    counted(deployment, 1, *ALIKE)
    after = evaluated(deployment, closed(deployment, 1)).blocked

    assert [[one.state for one in found] for found in (*before, after)] == [
        [State.NO_DATA],
        [State.NO_DATA],
        [],
    ]


def test_late_data_never_clear_what_fires(prepared: Prepared) -> None:
    deployment = watched(prepared.here, ERRORS)
    counted(deployment, 0, (200, 60))
    evaluated(deployment, closed(deployment, 0))
    counted(deployment, 0, (20000, 60), version=2)

    found = evaluated(deployment, closed(deployment, 0))

    assert [one.state for one in found.states] == [State.FIRING]


def test_very_late_data_are_found_within_half_a_minute_and_come_to_the_same_as_counting_anew(
    prepared: Prepared,
) -> None:
    deployment = watched(prepared.here, RETRY)
    _counted_and_judged(deployment, 0)
    _counted_and_judged(deployment, 12)
    _counted_and_judged(deployment, 24)
    _counted_and_judged(deployment, 36)
    counted(deployment, 0, (150, 25), (160, 12), version=2)
    at = closed(deployment, 36)

    soon = evaluated(deployment, at + timedelta(seconds=2)).states
    within = evaluated(deployment, at + timedelta(seconds=31)).states
    kept = TriggerStatus.objects.get(deployment=deployment).memory.memory
    TriggerStatus.objects.get(deployment=deployment).memory.delete()
    anew = evaluated(deployment, at + timedelta(seconds=31)).states

    assert "; 360 and 364 subjects." in soon[0].sentence
    assert within == anew
    assert kept["sums"]["subjects"] == 420
    assert kept["sums"]["begun"] == 4


def _counted_and_judged(deployment: Deployment, place: int) -> None:
    counted(deployment, place, (90, 12), (91, 9))
    evaluated(deployment, closed(deployment, place))


def test_where_nothing_was_counted_since_nothing_is_read_again(prepared: Prepared) -> None:
    deployment = watched(prepared.here, RETRY)
    counted(deployment, 0, *ALIKE)
    first = evaluated(deployment, closed(deployment, 0))

    with CaptureQueriesContext(connection) as asked:
        second = evaluated(deployment, closed(deployment, 0) + timedelta(seconds=2))

    assert not [one for one in asked if 'INSERT INTO "releases_trigger' in one["sql"]]
    assert (first.states, first.blocked) == (second.states, second.blocked)
    assert not [one for one in asked if '"releases_window"' in one["sql"]]
    memory = TriggerStatus.objects.get(deployment=deployment).memory
    assert memory.evaluated_at == closed(deployment, 0) + timedelta(seconds=2)


def test_what_was_counted_while_it_was_read_is_judged_again(
    prepared: Prepared, monkeypatch: pytest.MonkeyPatch
) -> None:
    deployment = watched(prepared.here, RETRY)
    counted(deployment, 0, *ALIKE)
    monkeypatch.setattr(Reader, "has_moved", True)
    first = evaluated(deployment, closed(deployment, 0))
    unsure = TriggerStatus.objects.get(deployment=deployment).memory.memory["marks"]
    monkeypatch.undo()
    counted(deployment, 0, *WORSE)

    second = evaluated(deployment, closed(deployment, 0))

    assert set(unsure.values()) == {"?"}
    assert first.firings == ()
    assert [one.action for one in second.firings] == [Action.ROLLBACK]


def test_a_pause_throws_no_evidence_away(prepared: Prepared) -> None:
    deployment = watched(prepared.here, RETRY)
    counted(deployment, 0, (200, 36), (200, 14))
    before = evaluated(deployment, closed(deployment, 0))
    paused(prepared.here, deployment)
    again = resumed(prepared.here, deployment)
    counted(again, 1, (200, 36), (200, 14))

    after = evaluated(again, closed(again, 1))

    assert before.firings == ()
    assert [one.action for one in after.firings] == [Action.ROLLBACK]
    assert "; 400 and 400 subjects." in after.firings[0].sentence


def test_whoever_comes_again_after_a_pause_is_no_evidence_a_second_time(prepared: Prepared) -> None:
    deployment = watched(prepared.here, RETRY)
    counted(deployment, 0, (200, 36), (200, 14))
    with time_machine.travel(closed(deployment, 0), tick=False):
        paused(prepared.here, deployment)
        again = resumed(prepared.here, deployment)
    at_first = evaluated(again, closed(again, 0))
    counted(again, 1, (200, 36), (200, 14), new=False)

    after = evaluated(again, closed(again, 1))

    assert [one.key for one in at_first.blocked] == ["retry_spike"]
    assert (after.firings, after.blocked) == ((), ())
    assert "; 200 and 200 subjects." in after.states[0].sentence


def test_only_people_who_were_counted_before_are_data_and_nothing_new(prepared: Prepared) -> None:
    deployment = watched(prepared.here, RETRY)
    counted(deployment, 0, *ALIKE)
    evaluated(deployment, closed(deployment, 0))
    counted(deployment, 6, (10, 0), (10, 0))
    Window.objects.filter(starts_at=slot(deployment, 6)).update(subjects=0)

    found = evaluated(deployment, closed(deployment, 6))

    assert (found.firings, found.blocked) == ((), ())
    assert [one.state for one in found.states] == [State.INACTIVE]


def test_going_on_from_what_is_remembered_comes_to_the_same_as_counting_anew(prepared: Prepared) -> None:
    deployment = watched(prepared.here, RETRY)
    counted(deployment, 0, (90, 12), (91, 7))
    evaluated(deployment, closed(deployment, 0))
    counted(deployment, 1, (80, 11), (82, 6))

    step_by_step = evaluated(deployment, closed(deployment, 1)).states
    TriggerStatus.objects.get(deployment=deployment).memory.delete()
    at_once = evaluated(deployment, closed(deployment, 1)).states

    assert step_by_step == at_once


def test_a_worker_that_was_away_finds_every_window_it_missed(prepared: Prepared) -> None:
    deployment = watched(prepared.here, {**RETRY, "for": 600, "action": "hold"})
    counted(deployment, 0, *WORSE)
    counted(deployment, 1, *WORSE)
    counted(deployment, 2, *WORSE)

    found = evaluated(deployment, closed(deployment, 2))

    assert [one.action for one in found.firings] == [Action.HOLD]
    assert TriggerReading.objects.filter(status__deployment=deployment).count() == 3


def test_where_something_was_counted_and_nothing_is_new_no_document_is_written(prepared: Prepared) -> None:
    deployment = watched(prepared.here, RETRY)
    counted(deployment, 0, *ALIKE)
    evaluated(deployment, closed(deployment, 0))
    counted(deployment, 0, *ALIKE)
    at = closed(deployment, 0) + timedelta(seconds=31)

    with CaptureQueriesContext(connection) as asked:
        evaluated(deployment, at)

    memory = TriggerStatus.objects.get(deployment=deployment).memory
    written = [one["sql"] for one in asked if '"releases_triggermemory"' in one["sql"]]
    assert not [sql for sql in written if sql.startswith("INSERT") or '"kept"' in sql]
    assert (memory.checked_at, memory.evaluated_at) == (at, at)


def test_sums_of_earlier_moments_are_written_when_an_hour_is_over(prepared: Prepared) -> None:
    deployment = watched(prepared.here, RETRY)
    place = 12 + (slot(deployment, 12).minute == 55)
    _counted_and_judged(deployment, 0)
    _counted_and_judged(deployment, place)

    keeps = [_keeps(deployment, one) for one in (place + 1, place + 12)]

    memory = TriggerStatus.objects.get(deployment=deployment).memory
    assert keeps == [False, True]
    assert memory.kept["sums"][-1]["subjects"] == 270


def _keeps(deployment: Deployment, place: int) -> bool:
    """Whether judging a further window writes the sums of earlier moments."""
    with CaptureQueriesContext(connection) as asked:
        _counted_and_judged(deployment, place)
    return any('"kept" = EXCLUDED' in one["sql"] for one in asked)


@pytest.mark.parametrize("sums", [None, 7])
def test_what_cannot_be_read_of_what_is_remembered_is_counted_anew(prepared: Prepared, sums: Any) -> None:
    deployment = watched(prepared.here, RETRY)
    counted(deployment, 0, (200, 36), (200, 14))
    evaluated(deployment, closed(deployment, 0))
    memory = TriggerStatus.objects.get(deployment=deployment).memory
    memory.memory["sums"] = sums
    memory.save()
    counted(deployment, 1, (200, 36), (200, 14))

    found = evaluated(deployment, closed(deployment, 1))

    assert [one.action for one in found.firings] == [Action.ROLLBACK]
    assert "; 400 and 400 subjects." in found.firings[0].sentence
