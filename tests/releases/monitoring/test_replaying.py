"""Replay of a sample of decisions: which belong to it, what is counted once, what shows."""

import random
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.utils import timezone

from governance.identifiers import new_id
from governance.ledger.models import Entry
from governance.registry.services import define_segment
from releases.bundles.arms import Arm
from releases.monitoring.decisions.models import Decision, DecisionBatch
from releases.monitoring.replaying.models import BatchReplay, ReplayMismatch, ReplayWindow
from releases.monitoring.replaying.queries import replay_of, traced_decisions
from releases.monitoring.replaying.replayer import Replayer
from releases.monitoring.replaying.sampling import first_of, is_sampled, made_at, window_of
from releases.monitoring.replaying.services import replay_batch, replay_new
from releases.monitoring.replaying.waiting import waiting_batches
from releases.monitoring.replaying.windows import replay_totals, replay_windows
from releases.monitoring.terms.services import Wanted, set_terms
from releases.monitoring.vocabulary.series import Metric
from tests.audits.pages.browsing import text_of
from tests.audits.trace.decisions import Guarded, guarded
from tests.factories.cast import actor
from tests.factories.http import signed_in, with_token
from tests.factories.reviews import ENGINE
from tests.factories.worlds import Prepared

WRONG: dict[str, Any] = {"band": "accept", "outcome": "accept"}
"""What the service says of scores that the policy refuses."""


@pytest.fixture
def rollout(prepared: Prepared) -> Guarded:
    """A candidate in its guarded stage on android, on a system that replays every decision."""
    here = prepared.here
    wanted = Wanted(72, 1.0, (7,), 30, ("capture_device",), "quality")
    set_terms(actor(here.cast.release_manager), system=here.cast.system, wanted=wanted, reason="A test.")
    return guarded(prepared)


def sums() -> list[tuple[int, int, int]]:
    rows = ReplayWindow.objects.order_by("sampled", "mismatched")
    return list(rows.values_list("sampled", "mismatched", "not_replayable"))


def around(rollout: Guarded) -> list[Any]:
    now = timezone.now()
    return replay_windows(
        rollout.rollout, since=now - timedelta(hours=1), until=now + timedelta(hours=1), at=now
    )


def test_the_sample_is_a_function_of_the_id_and_has_the_rate() -> None:
    ids = [UUID(int=random.Random(number).getrandbits(128)) for number in range(20_000)]

    sample = [one for one in ids if is_sampled(one, 0.1)]

    assert 1850 < len(sample) < 2150
    assert all(is_sampled(one, 0.2) for one in sample)
    assert all(is_sampled(one, 1.0) for one in ids)
    assert not is_sampled(UUID(int=1), 0.0)


def test_windows_are_aligned_to_midnight_utc() -> None:
    at = datetime(2026, 11, 26, 7, 14, 59, 999_999, tzinfo=UTC)

    assert window_of(at) == datetime(2026, 11, 26, 7, 10, tzinfo=UTC)


def test_an_id_tells_when_it_was_made() -> None:
    before = timezone.now()
    identifier = new_id()

    assert abs(made_at(identifier) - before) < timedelta(seconds=1)
    assert first_of(before - timedelta(seconds=1)) < identifier < first_of(before + timedelta(minutes=1))


def test_decisions_that_come_out_the_same_are_counted_by_release(rollout: Guarded) -> None:
    rollout.reported(Arm.CANDIDATE)
    rollout.reported(Arm.CONTROL)

    done = replay_new(ENGINE)

    assert done == 2
    assert sums() == [(1, 0, 0), (1, 0, 0)]
    assert {(one.arm, one.captures, one.capture_events) for one in around(rollout)} == {
        (Arm.CANDIDATE, 1, 0),
        (Arm.CONTROL, 1, 0),
    }


def test_one_that_comes_out_otherwise_is_named_with_what_differs(rollout: Guarded) -> None:
    made = rollout.reported(**WRONG)

    replay_new(ENGINE)

    found = ReplayMismatch.objects.get()
    assert (found.id, found.revision, found.channel) == (made.id, rollout.candidate, made.channel)
    assert (
        found.difference
        == replay_of(
            traced_decisions().get(id=made.id),
            rollout.candidate.slots.select_related("component"),
            rollout.here.cast.system,
        ).difference
    )
    assert "outcome reject, reported accept" in found.difference
    assert [(one.metric, one.events, one.subjects) for one in around(rollout)] == [
        (Metric.REPLAY_MISMATCH, 1.0, 1)
    ]


def test_what_cannot_be_recomputed_counts_as_neither(rollout: Guarded) -> None:
    rollout.reported(scores={"depth": 0.9})
    rollout.reported(stamp="sha256:" + "0" * 64)
    rollout.reported(outcome="error", band="")

    replay_new(ENGINE)

    assert sums() == [(1, 0, 1), (2, 0, 2)]
    assert [(one.captures, one.capture_events) for one in around(rollout)] == [(0, 0)]
    assert "cannot be replayed" in ReplayWindow.objects.exclude(revision=None).get().problem
    assert not ReplayMismatch.objects.exists()


def test_a_decision_counts_once_however_often_the_round_runs(rollout: Guarded) -> None:
    rollout.reported(**WRONG)
    replay_new(ENGINE)
    rollout.reported(**WRONG)

    rounds = [replay_new(ENGINE), replay_new(ENGINE)]

    assert rounds == [1, 0]
    assert ReplayMismatch.objects.count() == 2
    assert sums() == [(2, 2, 0)]


def test_a_batch_that_another_worker_has_done_is_left(rollout: Guarded) -> None:
    rollout.reported(**WRONG)
    batch = waiting_batches().get()
    replay_new(ENGINE)

    again = replay_batch(ENGINE, batch=batch, replayer=Replayer())

    assert again.sampled == 1
    assert sums() == [(1, 1, 0)]


def test_a_batch_that_commits_late_is_found_beside_later_ones(rollout: Guarded) -> None:
    first, second = rollout.reported(**WRONG).batch, rollout.reported(**WRONG).batch
    replay_batch(ENGINE, batch=second, replayer=Replayer())

    found = list(waiting_batches())

    assert found == [first]


def test_a_round_is_bounded_and_the_next_goes_on(rollout: Guarded) -> None:
    rollout.reported()
    rollout.reported()

    rounds = [replay_new(ENGINE, most=1), replay_new(ENGINE, most=1), replay_new(ENGINE, most=1)]

    assert rounds == [1, 1, 0]


def test_only_the_sample_of_the_systems_rate_is_replayed(prepared: Prepared) -> None:
    rollout = guarded(prepared)
    made = [rollout.reported(**WRONG) for _ in range(12)]

    replay_new(ENGINE)

    wanted = {one.id for one in made if is_sampled(one.id, 0.1)}
    assert set(ReplayMismatch.objects.values_list("id", flat=True)) == wanted
    assert BatchReplay.objects.count() == DecisionBatch.objects.count() == 12


def test_a_decision_is_judged_by_the_segments_of_its_time(rollout: Guarded) -> None:
    made = rollout.reported()
    define_segment(
        actor(rollout.here.cast.qa_lead),
        system=rollout.here.cast.system,
        key="later",
        title="Later",
        predicate={"attribute": "sex", "operator": "eq", "value": "female"},
        protected=False,
        reason="Defined after the decision.",
    )
    replayer = Replayer()

    found = replayer.replay(traced_decisions().get(id=made.id))

    assert found.same is True
    assert [len(key[1]) for key in replayer._policies] == [
        rollout.here.cast.system.segments.filter(defined_at__lte=made.at).values("key").distinct().count()
    ]


def test_many_decisions_of_one_release_take_a_fixed_number_of_queries(
    rollout: Guarded, django_assert_num_queries: Any
) -> None:
    decisions = [rollout.reported() for _ in range(5)]
    rows = list(Decision.objects.filter(id__in=[one.id for one in decisions]).select_related("channel"))
    replayer = Replayer()

    with django_assert_num_queries(2):
        found = [replayer.replay(one) for one in rows]

    assert [one.same for one in found] == [True] * 5


def test_totals_of_a_release_add_up(rollout: Guarded) -> None:
    rollout.reported()
    rollout.reported(**WRONG)
    rollout.reported(scores={"depth": 0.9})
    replay_new(ENGINE)
    now = timezone.now()

    found = replay_totals(
        [rollout.here.cast.channel("android")],
        rollout.candidate,
        since=now - timedelta(hours=1),
        until=now + timedelta(hours=1),
    )

    assert (found.sampled, found.replayed, found.mismatched, found.not_replayable) == (3, 2, 1, 1)


def test_lists_over_http_show_counts_and_lead_to_the_trace(rollout: Guarded) -> None:
    made = rollout.reported(**WRONG)
    replay_new(ENGINE)
    client = with_token(rollout.here.cast.auditor)

    windows = client.get("/api/v1/replays/?mismatched_least=1").json()["results"]
    found = client.get(f"/api/v1/replay-mismatches/?release={rollout.candidate.release_id}").json()["results"]

    assert [(one["sampled"], one["mismatched"]) for one in windows] == [(1, 1)]
    assert [one["trace"] for one in found] == [f"/api/v1/decisions/{made.id}/trace/"]
    assert client.get(found[0]["trace"]).json()["replay"]["same_outcome"] is False


def test_reviewers_of_another_channel_see_no_replays(rollout: Guarded) -> None:
    rollout.reported(**WRONG)
    replay_new(ENGINE)
    client = with_token(rollout.here.cast.security_reviewer)

    assert client.get("/api/v1/replays/").json()["results"] == []
    assert client.get("/api/v1/replay-mismatches/").json()["results"] == []


def test_the_page_of_a_window_names_what_came_out_otherwise(rollout: Guarded) -> None:
    made = rollout.reported(**WRONG)
    replay_new(ENGINE)
    client = signed_in(rollout.here.cast.auditor)

    listed = text_of(client.get("/admin/releases/replaywindow/?came_out=otherwise"))
    page = client.get(f"/admin/releases/replaywindow/{ReplayWindow.objects.get().pk}/change/")

    assert rollout.candidate.release.name in listed
    assert "1 of 1 replayed decisions came out otherwise" in text_of(page)
    assert f"?id={made.id}" in page.content.decode()


def test_the_first_mismatch_of_a_window_is_in_the_ledger_and_the_next_is_not(rollout: Guarded) -> None:
    at = timezone.now().isoformat()
    first = rollout.reported(**WRONG, at=at)
    replay_new(ENGINE)
    rollout.reported(**WRONG, at=at)
    replay_new(ENGINE)

    found = Entry.objects.filter(stream=first.channel.stream(), document__type="replay.differed").get()

    assert found.document["actor"]["username"] == "engine"
    assert [one["decision"] for one in found.document["after"]["decisions"]] == [str(first.id)]
    assert found.document["after"]["windows"][0]["mismatched"] == 1


def test_only_the_engine_replays(rollout: Guarded) -> None:
    rollout.reported()

    done = replay_new(actor(rollout.here.cast.release_manager))

    assert done == 0
    assert not ReplayWindow.objects.exists()
