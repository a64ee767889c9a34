"""Whether there can be gaps of a kind at all: one cheap question before many dear ones.

Most of what is looked for is not there most of the time, and a query that finds nothing takes as long to put
together as one that finds something. Each answer is about the whole installation and wider than its gap: what
it rules out cannot be there, what it lets through is looked for properly.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection

from governance.ledger.nightly import OVERDUE_AFTER, STREAM
from releases.monitoring.replaying.sampling import first_of
from releases.monitoring.windows.queries import STUCK
from releases.rollouts.readings import ERRORS_BEFORE_HOLD

WITHIN = timedelta(days=1)
"""So long what replays and reports show leaves a gap."""

UNSEALED_AFTER = timedelta(minutes=1)
"""So long an entry may wait for its signature; a few seconds are as it should be."""

_PROBE = """
SELECT
  EXISTS (SELECT FROM releases_override WHERE withdrawn_at IS NULL),
  EXISTS (SELECT FROM releases_incident
    WHERE report_filed_at IS NULL AND report_due_at <= %(now)s AND status <> 'dismissed'),
  EXISTS (SELECT FROM releases_followup WHERE done_at IS NULL AND due_at <= %(now)s),
  EXISTS (SELECT FROM releases_driftreview WHERE reviewed_at IS NULL AND due_at <= %(now)s),
  EXISTS (SELECT FROM releases_replaywindow WHERE starts_at >= %(since)s AND mismatched > 0),
  EXISTS (SELECT FROM releases_batchreplay WHERE batch_id >= %(first)s AND problem <> ''),
  EXISTS (SELECT FROM releases_rollback WHERE landing = 'escalated'),
  EXISTS (SELECT FROM releases_triggerstatus AS trigger
    JOIN releases_deployment AS deployment ON deployment.id = trigger.deployment_id
    WHERE deployment.state = 'live' AND trigger.action IN ('rollback', 'hold')),
  EXISTS (SELECT FROM releases_stagereading WHERE errors >= %(errors)s),
  EXISTS (SELECT FROM governance_channel AS channel
    LEFT JOIN releases_rollup AS progress ON progress.channel_id = channel.id
    CROSS JOIN LATERAL (SELECT batch.received_at FROM entry
      JOIN releases_decisionbatch AS batch ON batch.entry_id = entry.id
      WHERE entry.stream = 'channel:' || channel.id
        AND entry.stream_seq > coalesce(progress.stream_seq, 0)
      ORDER BY entry.stream_seq LIMIT 1) AS oldest
    WHERE oldest.received_at < %(stuck)s),
  EXISTS (SELECT FROM governance_channel WHERE drill),
  -- By the server's own clock, not by the entries' times: the demo's story lies in the past.
  EXISTS (SELECT FROM pending WHERE queued_at < clock_timestamp() - make_interval(secs => %(waits)s))
    OR EXISTS (SELECT FROM checkpoint WHERE made_at < clock_timestamp() - make_interval(secs => %(waits)s)
      AND size > (SELECT coalesce(max(size), 0) FROM signed_checkpoint)),
  NOT coalesce((SELECT (document #> '{after,whole}')::bool AND at >= %(checked)s
      AND document #> '{after,unchecked}' = '[]' FROM entry
    WHERE stream = %(checks)s ORDER BY stream_seq DESC LIMIT 1), false),
  (SELECT count(DISTINCT account.id) FROM governance_grant AS given
    JOIN governance_account AS account ON account.id = given.account_id
    WHERE given.role = 'administrator' AND given.system_id IS NULL AND given.channel_id IS NULL
      AND given.starts_at <= %(now)s AND (given.ends_at IS NULL OR given.ends_at > %(now)s)
      AND account.is_active) < 2
"""


@dataclass(frozen=True)
class There:
    """What there may be gaps of."""

    overrides: bool
    reports: bool
    follow_ups: bool
    reviews: bool
    differing: bool
    given_up: bool
    landings: bool
    firing: bool
    unread: bool
    uncounted: bool
    drill_channels: bool
    unsealed: bool
    unchecked: bool
    alone: bool


def probe(now: datetime) -> There:
    """What there may be gaps of at ``now``, in one query."""
    since = now - WITHIN
    asked: dict[str, datetime | UUID | float | str] = {
        "now": now,
        "since": since,
        "first": first_of(since),
        "errors": ERRORS_BEFORE_HOLD,
        "stuck": now - STUCK,
        "waits": UNSEALED_AFTER.total_seconds(),
        "checks": STREAM,
        "checked": now - OVERDUE_AFTER,
    }
    with connection.cursor() as cursor:
        cursor.execute(_PROBE, asked)
        return There(*cursor.fetchone())
