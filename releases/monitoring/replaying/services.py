"""Replays a sample of the decisions that were reported: each batch once, in a transaction of its own.

A batch on which replaying fails for ten minutes is given up: its sample counts as what cannot be recomputed,
with the reason, so that it keeps no window open for ever.

Rows of this room are no evidence: they are computed from decisions, which are, and can be computed again.
What they say is acted on by triggers.
"""

import logging
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection
from django.db.models import QuerySet
from django.utils import timezone

from governance.access.queries import PermissionDenied, require
from governance.access.roles import Permission
from governance.actors import Actor
from governance.background.transient import Transient
from governance.errors import GovernanceError
from governance.identifiers import new_id
from governance.ledger.verbs import Unchanged, record, verb
from releases.monitoring.decisions.models import Decision, DecisionBatch
from releases.monitoring.replaying.models import BatchReplay, ReplayFailure, ReplayMismatch, ReplayWindow
from releases.monitoring.replaying.replay import Replay
from releases.monitoring.replaying.replayer import Replayer
from releases.monitoring.replaying.sampling import is_sampled, window_of
from releases.monitoring.replaying.waiting import waiting_batches
from releases.monitoring.terms.queries import terms_of
from releases.rollouts.steps import lock_channels

logger = logging.getLogger(__name__)

MOST_AT_ONCE = 20_000
"""Decisions replayed in one round; what is left comes in the next."""

GIVEN_UP_AFTER = timedelta(minutes=10)
"""After its first failure: as long as counting may be stuck before triggers say that they cannot judge."""

ROWS_AT_ONCE = 1000
LONGEST_WORDS = 300

_ADD = """
INSERT INTO releases_replaywindow AS kept
    (id, channel_id, revision_id, starts_at, sampled, mismatched, not_replayable, problem)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s)
ON CONFLICT (channel_id, revision_id, starts_at) DO UPDATE SET
    sampled = kept.sampled + EXCLUDED.sampled,
    mismatched = kept.mismatched + EXCLUDED.mismatched,
    not_replayable = kept.not_replayable + EXCLUDED.not_replayable,
    problem = CASE WHEN kept.problem = '' THEN EXCLUDED.problem ELSE kept.problem END
"""


Place = tuple[UUID | None, datetime]
"""A revision, and the beginning of a window."""

MOST_NAMED = 20
"""So many windows and decisions stand in an entry; the lists hold all of them."""


@dataclass
class _Counts:
    sampled: int = 0
    mismatched: int = 0
    not_replayable: int = 0
    problem: str = ""

    def add(self, found: Replay) -> None:
        self.sampled += 1
        self.mismatched += found.same is False
        self.not_replayable += found.same is None
        self.problem = self.problem or found.problem[:LONGEST_WORDS]


@dataclass
class _Found:
    """What came of one batch."""

    windows: dict[Place, _Counts] = field(default_factory=lambda: defaultdict(_Counts))
    mismatches: list[ReplayMismatch] = field(default_factory=list)
    sampled: int = 0


def replay_new(actor: Actor, most: int = MOST_AT_ONCE) -> int:
    """Replay the sample of the batches that wait; answers how many decisions were replayed.

    A batch that fails, however it does, stops no other: it is left for the next round, for some time.
    """
    done, replayer = 0, Replayer()
    for batch in waiting_batches().select_related("channel__system").iterator(chunk_size=200):
        try:
            done += replay_batch(actor, batch=batch, replayer=replayer).sampled
        except GovernanceError as refusal:
            logger.warning("left for the next round: %s", refusal.message)
            if not isinstance(refusal, Transient | PermissionDenied):
                _failed(actor, batch, refusal.message)
        except Exception as error:
            logger.exception("the batch %s could not be replayed; the others go on", batch.id)
            _failed(actor, batch, type(error).__name__)
        if done >= most:
            logger.info("%d decisions were replayed; the rest comes in the next round", done)
            break
    return done


def _failed(actor: Actor, batch: DecisionBatch, problem: str) -> None:
    """Remember that it failed, and give it up where it has for too long."""
    try:
        failure, _ = ReplayFailure.objects.get_or_create(
            batch=batch, defaults={"since": timezone.now(), "problem": problem}
        )
        if timezone.now() - failure.since >= GIVEN_UP_AFTER:
            since = f"{failure.since:%F %R} UTC"
            _give_up(actor, batch, f"cannot be replayed: every try failed since {since} ({problem}).")
    except Exception:
        logger.exception("that the batch %s could not be replayed cannot be kept", batch.id)


def _give_up(actor: Actor, batch: DecisionBatch, problem: str) -> None:
    """Let the batch count as replayed, and its sample as what could not be; or at least the first."""
    logger.error("the batch %s is given up: it %s", batch.id, problem)
    try:
        give_up_replay(actor, batch=batch, problem=problem)
    except Exception:
        logger.exception("the sample of the batch %s cannot be counted", batch.id)
        _done(batch, 0, problem)


@verb("replay.differed")
def give_up_replay(
    actor: Actor, *, batch: DecisionBatch, problem: str
) -> BatchReplay | Unchanged[BatchReplay]:
    """Count the sample of a batch as what cannot be recomputed; nothing differs, so no entry is left."""
    require(actor, Permission.REPLAY_DECISIONS, batch.channel)
    return Unchanged(_store(batch, _not_replayable(batch, problem), problem))


def _not_replayable(batch: DecisionBatch, problem: str) -> _Found:
    found, rate = _Found(), terms_of(batch.channel.system).replay_rate
    rows = _decisions_of(batch).values_list("id", "revision", "at")
    for key, revision, at in rows.iterator():
        if is_sampled(key, rate):
            found.sampled += 1
            found.windows[revision, window_of(at)].add(Replay(problem=problem))
    return found


@verb("replay.differed")
def replay_batch(
    actor: Actor, *, batch: DecisionBatch, replayer: Replayer
) -> BatchReplay | Unchanged[BatchReplay]:
    """Replay the sample of one batch, unless another worker has.

    Counts are no evidence and need no entry: they can be computed again. The first decision of a window that
    comes out otherwise leaves one in the channel's stream: from then on it is known.
    """
    require(actor, Permission.REPLAY_DECISIONS, batch.channel)
    DecisionBatch.objects.select_for_update(no_key=True).get(id=batch.id)
    known = BatchReplay.objects.filter(batch=batch).first()
    if known is not None:
        return Unchanged(known)
    found = _replayed(batch, replayer)
    fresh = _newly_differing(batch, found)
    replay = _store(batch, found)
    if not fresh:
        return Unchanged(replay)
    _record(batch, found, fresh)
    return replay


def _newly_differing(batch: DecisionBatch, found: _Found) -> list[Place]:
    """Windows with decisions that came out otherwise, in which none had before."""
    bad = [place for place, counts in found.windows.items() if counts.mismatched]
    if not bad:
        return []
    rows = ReplayWindow.objects.filter(
        channel=batch.channel_id, mismatched__gt=0, starts_at__in={starts_at for _, starts_at in bad}
    )
    known = set(rows.values_list("revision_id", "starts_at"))
    return [place for place in bad if place not in known]


def _record(batch: DecisionBatch, found: _Found, fresh: list[Place]) -> None:
    (channel,) = lock_channels([batch.channel_id])
    windows = [
        {
            "revision": revision,
            "from": starts_at,
            "sampled": found.windows[revision, starts_at].sampled,
            "mismatched": found.windows[revision, starts_at].mismatched,
        }
        for revision, starts_at in fresh[:MOST_NAMED]
    ]
    named = [{"decision": one.id, "difference": one.difference} for one in found.mismatches[:MOST_NAMED]]
    record(channel.stream(), after={"batch": batch.id, "windows": windows, "decisions": named})


def _replayed(batch: DecisionBatch, replayer: Replayer) -> _Found:
    found = _Found()
    rate = terms_of(batch.channel.system).replay_rate
    rows = _decisions_of(batch)
    chosen = [key for key in rows.values_list("id", flat=True).iterator() if is_sampled(key, rate)]
    for start in range(0, len(chosen), ROWS_AT_ONCE):
        for decision in rows.filter(id__in=chosen[start : start + ROWS_AT_ONCE]):
            decision.channel = batch.channel
            _count(found, decision, replayer.replay(decision))
    return found


def _decisions_of(batch: DecisionBatch) -> QuerySet[Decision]:
    # Channel and times are named beside the batch: they are what the table is divided and indexed by.
    return Decision.objects.filter(
        batch=batch, channel=batch.channel_id, at__gte=batch.first_at, at__lte=batch.last_at
    )


def _count(found: _Found, decision: Decision, result: Replay) -> None:
    found.sampled += 1
    found.windows[decision.revision_id, window_of(decision.at)].add(result)
    if result.same is False and decision.revision_id is not None:
        found.mismatches.append(
            ReplayMismatch(
                id=decision.id,
                channel_id=decision.channel_id,
                revision_id=decision.revision_id,
                at=decision.at,
                difference=result.difference[:LONGEST_WORDS],
                found_at=timezone.now(),
            )
        )


def _store(batch: DecisionBatch, found: _Found, problem: str = "") -> BatchReplay:
    replay = _done(batch, found.sampled, problem)
    ReplayMismatch.objects.bulk_create(found.mismatches, batch_size=ROWS_AT_ONCE, ignore_conflicts=True)
    rows = [
        (
            new_id(),
            batch.channel_id,
            revision,
            starts_at,
            one.sampled,
            one.mismatched,
            one.not_replayable,
            one.problem,
        )
        for (revision, starts_at), one in _in_order(found.windows.items())
    ]
    if rows:
        with connection.cursor() as cursor:
            cursor.executemany(_ADD, rows)
    return replay


def _done(batch: DecisionBatch, sampled: int, problem: str) -> BatchReplay:
    """The batch waits no longer, whatever failed before."""
    done = BatchReplay.objects.create(
        batch=batch, replayed_at=timezone.now(), sampled=sampled, problem=problem
    )
    ReplayFailure.objects.filter(batch=batch).delete()
    return done


def _in_order(windows: Iterable[tuple[Place, _Counts]]) -> list[tuple[Place, _Counts]]:
    """Always the same order, so that two workers never wait for one another's rows in a circle."""
    return sorted(windows, key=lambda one: (str(one[0][0]), one[0][1]))
