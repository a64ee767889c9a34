"""What a pause is to counts, in each kind of stage: a new stay, in the same stage, of the same people."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine

from releases.bundles import assignments
from releases.bundles.arms import Arm
from releases.monitoring.vocabulary.series import Metric, WindowCounts
from releases.monitoring.windows.forgetting import forget_subjects
from releases.monitoring.windows.models import SubjectSeen
from releases.monitoring.windows.queries import counts_of, mismatches
from releases.rollouts.models import Deployment
from tests.factories.approvals import World
from tests.factories.rollouts import advanced, paused, planned, resumed
from tests.factories.windows import counted, decided, subjects_in
from tests.factories.worlds import Prepared
from tests.releases.monitoring.windows.conftest import GENERAL, GUARDED, NOON, minutes

TESTERS = ["person-00003", "person-00005"]
INTERNAL: dict[str, Any] = {"kind": "internal_testing", "keys": TESTERS}
BY_SEGMENT: dict[str, Any] = {"kind": "segment_monitoring", "coverage": 0.25}
KINDS: dict[str, Callable[[World], Deployment]] = {
    "internal_testing": lambda here: planned(here, INTERNAL, GUARDED, GENERAL),
    "shadow": lambda here: planned(here, {"kind": "shadow"}, GUARDED, GENERAL),
    "guarded": lambda here: planned(here, GUARDED, GENERAL),
    "segment_monitoring": lambda here: advanced(here, planned(here, GUARDED, BY_SEGMENT, GENERAL)),
}
WATCHED = dict.fromkeys(KINDS, (Arm.CANDIDATE, Metric.RETRY)) | {"shadow": (Arm.STABLE, Metric.DISAGREEMENT)}


def seen(deployment: Deployment, subject: str, minute: float) -> dict[str, Any]:
    """A decision about a subject, with the candidate's answer beside it where that only looks on."""
    document = decided(deployment.channel, subject, minutes(minute))
    if deployment.stage == "shadow":
        stamp = deployment.revision.manifest_digest
        document["shadow"] = {"stamp": stamp, "scores": {"score": 0.5}, "outcome": "accept"}
    return document


def people(rows: list[WindowCounts], kind: str) -> dict[float, tuple[int, int]]:
    """Subjects and captures of the watched arm, by minute of the window."""
    arm, metric = WATCHED[kind]
    return {
        (row.starts_at - NOON).seconds / 60: (row.subjects, row.captures)
        for row in rows
        if (row.arm, row.metric, row.segment) == (arm, metric, "")
    }


def test_what_comes_late_of_the_first_stay_takes_people_from_the_stage_and_not_from_the_stay(
    prepared: Prepared, clock: time_machine.Traveller
) -> None:
    here = prepared.here
    deployment = KINDS["guarded"](here)
    (one,) = subjects_in(deployment.channel, Arm.CANDIDATE, 1)
    late = seen(deployment, one, 0)
    clock.move_to(minutes(6))
    paused(here, deployment)
    clock.move_to(minutes(8))
    again = resumed(here, deployment)
    clock.move_to(minutes(12))
    counted(here, [seen(deployment, one, 11)])

    counted(here, [late])

    since = again.stage_entered_at or NOON
    stay = counts_of(again, since=since, until=minutes(60), at=minutes(60), anew=True)
    stage = counts_of(again, since=NOON, until=minutes(60), at=minutes(60))
    assert people(stay, "guarded") == {10: (1, 1)}
    assert people(stage, "guarded") == {0: (1, 1), 10: (0, 1)}


@pytest.mark.parametrize(("kind", "marked"), [*((kind, True) for kind in KINDS), ("shadow", False)])
def test_a_stay_after_a_pause_sees_everybody_anew_and_the_stage_nobody_twice(
    prepared: Prepared,
    clock: time_machine.Traveller,
    monkeypatch: pytest.MonkeyPatch,
    kind: str,
    marked: bool,
) -> None:
    """Also where the pause is of before 0012, when the assignment of a shadow stage did not say so."""
    here, values = prepared.here, assignments._values

    def written(*given: Any) -> dict[str, Any]:
        found = values(*given)
        return found | {"paused": marked and found.get("paused", False)}

    monkeypatch.setattr(assignments, "_values", written)
    deployment = KINDS[kind](here)
    first, second = subjects_in(deployment.channel, WATCHED[kind][0], 2)
    clock.move_to(minutes(4))
    counted(here, [seen(deployment, first, 1)])
    clock.move_to(minutes(6))
    paused(here, deployment)
    clock.move_to(minutes(8))
    counted(here, [decided(deployment.channel, one, minutes(7)) for one in (first, second)])
    again = resumed(here, deployment)
    clock.move_to(minutes(12))

    counted(here, [seen(deployment, one, minute) for one, minute in ((first, 9), (first, 11), (second, 11))])

    since = again.stage_entered_at or NOON
    stay = counts_of(again, since=since, until=minutes(60), at=minutes(60), anew=True)
    stage = counts_of(again, since=NOON, until=minutes(60), at=minutes(60))
    stamps = mismatches(again, since=since, until=minutes(60))
    seen_before = SubjectSeen.objects.count()
    clock.move_to(NOON + timedelta(days=100))
    forget_subjects()

    assert people(stay, kind) == {5: (1, 1), 10: (1, 2)}
    assert people(stage, kind) == {0: (1, 1), 5: (0, 1), 10: (1, 2)}
    assert (stamps.decisions, stamps.wrong_arm) == (3, 0)
    assert SubjectSeen.objects.count() == seen_before
