"""Decisions with the stamp that was due to their subject's arm, reported and counted into windows."""

import json
from collections.abc import Iterable
from datetime import datetime
from itertools import count, islice
from typing import Any
from uuid import uuid4

from governance.registry.models import Channel
from releases.bundles.arms import Arm, arm_of
from releases.bundles.models import Assignment
from releases.bundles.queries import assignments_at
from releases.monitoring.decisions.reporting import Report, report_lines
from releases.monitoring.windows.services import roll_up
from tests.factories.approvals import World
from tests.factories.cast import actor
from tests.factories.gates import engine


def assignment_of(channel: Channel, at: datetime | None = None) -> Assignment:
    """What answers on the channel."""
    return assignments_at(at).select_related("stable", "candidate").get(channel=channel)


def subjects_in(channel: Channel, arm: Arm, many: int, at: datetime | None = None) -> list[str]:
    """Pseudonyms that belong to the arm."""
    assignment = assignment_of(channel, at)
    keys = (f"person-{number:05d}" for number in count())
    return list(islice((key for key in keys if arm_of(assignment, key) is arm), many))


def decided(channel: Channel, subject: str, at: datetime, **given: Any) -> dict[str, Any]:
    """A decision about the subject by the release that its arm should get then."""
    (document,) = all_decided(channel, [subject], at, **given)
    return document


def all_decided(
    channel: Channel, subjects: Iterable[str], at: datetime, **given: Any
) -> list[dict[str, Any]]:
    """A decision about each of them, at one time."""
    assignment = assignment_of(channel, at)
    return [
        {
            "id": str(uuid4()),
            "at": at.isoformat(),
            "channel": str(channel.id),
            "stamp": assignment.answering(arm_of(assignment, subject)).manifest_digest,
            "subject": subject,
            "scores": {"score": 0.25},
            "band": "accept",
            "outcome": "accept",
            "latency_ms": 100.0,
            **given,
        }
        for subject in subjects
    ]


def reported(here: World, documents: Iterable[dict[str, Any]]) -> Report:
    """The decisions as the decision service reports them."""
    lines = [(number, json.dumps(one).encode()) for number, one in enumerate(documents, start=1)]
    report = report_lines(actor(here.cast.integration), lines)
    assert report.refused == [], report.refused[:1]
    return report


def counted(here: World, documents: Iterable[dict[str, Any]]) -> int:
    """Reported, and counted into windows as the worker does."""
    reported(here, documents)
    return roll_up(engine())
