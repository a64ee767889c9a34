"""Replays that fail: what breaks is one that cannot be recomputed, or waits, and stops no other."""

from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from releases.monitoring.decisions.models import Decision, DecisionBatch
from releases.monitoring.replaying import replayer, services
from releases.monitoring.replaying.models import BatchReplay, ReplayFailure, ReplayWindow
from releases.monitoring.replaying.queries import Policy, replayed
from releases.monitoring.replaying.replay import Replay
from releases.monitoring.replaying.services import replay_new
from releases.monitoring.replaying.waiting import replayed_to
from releases.monitoring.terms.services import Wanted, set_terms
from releases.monitoring.vocabulary.series import ALLOWED_LATENESS
from tests.audits.trace.decisions import Guarded, guarded
from tests.factories.cast import actor
from tests.factories.reviews import ENGINE
from tests.factories.watched import RETRY, closed, evaluated, slot, watched
from tests.factories.windows import counted, decided
from tests.factories.worlds import Prepared


@pytest.fixture
def rollout(prepared: Prepared) -> Guarded:
    """A candidate in its guarded stage on android, on a system that replays every decision."""
    here = prepared.here
    wanted = Wanted(72, 1.0, (7,), 30, ("capture_device",), "quality")
    set_terms(actor(here.cast.release_manager), system=here.cast.system, wanted=wanted, reason="A test.")
    return guarded(prepared)


def test_one_on_which_the_arithmetic_breaks_cannot_be_recomputed_and_stops_no_other(
    rollout: Guarded, monkeypatch: pytest.MonkeyPatch
) -> None:
    poison, _ = rollout.reported(), rollout.reported(band="accept", outcome="accept")

    def breaking(decision: Decision, policy: Policy) -> Replay:
        return replayed(decision, policy) if decision.id != poison.id else 1 / 0  # type: ignore[return-value]  # it raises

    monkeypatch.setattr(replayer, "replayed", breaking)

    done = replay_new(ENGINE)

    assert done == 2
    found = ReplayWindow.objects.get()
    assert (found.sampled, found.mismatched, found.not_replayable) == (2, 1, 1)
    assert "ended with an error (ZeroDivisionError)" in found.problem


def test_a_batch_that_fails_stops_no_other_and_its_window_stays_open(
    rollout: Guarded, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad, fine = rollout.reported(), rollout.reported(stamp="sha256:" + "0" * 64)
    store = services._store

    def storing(batch: DecisionBatch, found: Any) -> BatchReplay:
        return store(batch, found) if batch.id != bad.batch_id else 1 / 0  # type: ignore[return-value]  # it raises

    monkeypatch.setattr(services, "_store", storing)
    done = replay_new(ENGINE)
    later = timezone.now() + timedelta(hours=1)
    waits = replayed_to(bad.channel, later)
    monkeypatch.undo()
    failed = ReplayFailure.objects.get()

    again = replay_new(ENGINE)

    assert (done, again, fine.batch_id != bad.batch_id) == (1, 1, True)
    assert waits == bad.at + ALLOWED_LATENESS
    assert replayed_to(bad.channel, later) == later
    assert (failed.batch_id, ReplayFailure.objects.exists()) == (bad.batch_id, False)


@pytest.mark.parametrize("stored", [1, 0])
def test_a_batch_that_fails_for_ten_minutes_is_given_up_and_says_so(
    rollout: Guarded, monkeypatch: pytest.MonkeyPatch, stored: int
) -> None:
    """Its sample counts as what cannot be recomputed, or where even that cannot be stored, as looked at."""
    bad = rollout.reported(band="accept", outcome="accept")
    failing = "_replayed" if stored else "_store"
    monkeypatch.setattr(services, failing, lambda *given: 1 / 0)
    at = timezone.now() + timedelta(minutes=5)

    soon = [_tried(bad, at + timedelta(minutes=minutes)) for minutes in (0, 9)]
    found = _tried(bad, at + timedelta(minutes=10))

    (kept,) = BatchReplay.objects.all()
    windows = ReplayWindow.objects.values_list("sampled", "mismatched", "not_replayable", "problem")
    assert (soon, found, ReplayFailure.objects.exists()) == ([False, False], True, False)
    assert (kept.sampled, list(windows)) == (stored, [(1, 0, 1, kept.problem)] * stored)
    assert kept.problem == (f"cannot be replayed: every try failed since {at:%F %R} UTC (ZeroDivisionError).")


def _tried(bad: Decision, at: datetime) -> bool:
    """Whether everything of the channel is replayed after a round at that time."""
    with time_machine.travel(at, tick=False):
        replay_new(ENGINE)
        return replayed_to(bad.channel, at) == at


def test_a_trigger_on_replays_judges_a_window_once_all_of_it_is_replayed(prepared: Prepared) -> None:
    differs = {**RETRY, "key": "replays", "kind": "threshold", "metric": "replay_mismatch", "limit": 0.05}
    deployment = watched(prepared.here, differs)
    channel = deployment.channel
    counted(prepared.here, [decided(channel, "somebody", timezone.now())])
    ReplayWindow.objects.create(
        channel=channel,
        revision=deployment.revision,
        starts_at=slot(deployment, 1),
        sampled=400,
        mismatched=200,
    )
    at = closed(deployment, 1)

    waiting = evaluated(deployment, at)
    BatchReplay.objects.create(batch=DecisionBatch.objects.get(), replayed_at=at, sampled=0)
    whole = evaluated(deployment, at)

    assert (len(waiting.firings), [one.key for one in whole.firings]) == (0, ["replays"])
