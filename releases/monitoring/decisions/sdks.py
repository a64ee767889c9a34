"""Reads of what the newest decisions of channels say that made them: which release, which SDK.

The newest few decisions of a channel are looked at, however many there are of a day.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connection

LOOKED_AT = 1000
"""Of each channel."""

_NEWEST = """
SELECT channel, revision_id, sdk, count(*), min(at), (array_agg(id ORDER BY at DESC, id DESC))[1]
FROM unnest(%s::uuid[]) AS c (channel)
CROSS JOIN LATERAL (
    SELECT id, at, revision_id, sdk FROM releases_decision
    WHERE channel_id = channel AND at >= %s AND at <= %s
    ORDER BY at DESC, id DESC LIMIT %s
) AS newest
GROUP BY channel, revision_id, sdk
ORDER BY channel, revision_id, sdk
"""


@dataclass(frozen=True)
class SdkCount:
    """How many of a channel's newest decisions by a revision ran an SDK, since when, and the newest one.

    ``revision`` is None where the stamp is that of no release of the system; ``sdk`` is empty where the
    decisions name none.
    """

    channel: UUID
    revision: UUID | None
    sdk: str
    decisions: int
    since: datetime
    example: UUID


def sdks_of(channels: Collection[UUID], *, since: datetime, until: datetime) -> list[SdkCount]:
    """What the newest decisions of each channel in [``since``, ``until``] say that they ran. One query."""
    with connection.cursor() as cursor:
        cursor.execute(_NEWEST, [list(channels), since, until, LOOKED_AT])
        return [SdkCount(*row) for row in cursor.fetchall()]
