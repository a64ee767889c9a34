"""Decisions of many people in a period, reported through the real service."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from governance.registry.models import Channel
from releases.bundles.models import Revision
from releases.monitoring.decisions.reporting import report_lines
from tests.factories.approvals import World
from tests.factories.cast import actor


def traffic(
    here: World,
    channel: Channel,
    revision: Revision,
    *,
    begins: datetime,
    many: int = 120,
    score: Callable[[int], float] = lambda number: number / 120,
    each: Callable[[int], dict[str, Any]] = lambda number: {},
    person: str = "person",
) -> None:
    """``many`` decisions of as many people, a minute apart from ``begins`` on, stamped with the revision.

    ``score`` and ``each`` give the number-th decision its sub-scores and further fields.
    """
    lines = []
    for number in range(many):
        at = begins + timedelta(minutes=number)
        document = {
            "id": str(uuid4()),
            "at": at.isoformat(),
            "channel": str(channel.pk),
            "stamp": revision.manifest_digest,
            "subject": f"{person}-{number}",
            "scores": {"depth": score(number), "texture": score(number)},
            "outcome": "accept",
            "latency_ms": 100,
            **each(number),
        }
        lines.append((number + 1, json.dumps(document).encode()))
    report = report_lines(actor(here.cast.integration), lines)
    assert not report.refused, report.refused[0]
