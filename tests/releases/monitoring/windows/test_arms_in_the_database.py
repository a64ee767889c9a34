"""The database finds arms by the arithmetic of releases.bundles.arms, to the last bit."""

from uuid import uuid4

from django.db import connection

from releases.bundles.arms import Arm, arm_of
from releases.bundles.models import Assignment
from releases.monitoring.windows.adding import Segments
from releases.monitoring.windows.counting import Work
from releases.monitoring.windows.statements import PLACED, combining
from releases.monitoring.windows.stretches import stretches_of
from releases.rollouts.models import Deployment
from tests.factories.windows import all_decided, assignment_of, reported
from tests.factories.worlds import Prepared
from tests.releases.monitoring.windows.conftest import NOON, minutes

SUBJECTS = [f"person {number} ü" for number in range(400)] + [str(uuid4()) for _ in range(100)]


def arms_by_the_database(deployment: Deployment) -> dict[str, str]:
    stretches = stretches_of(deployment.channel)
    nothing: dict[int, Segments] = {one.number: () for one in stretches}
    work = Work(deployment.channel_id, frozenset({NOON}), stretches, nothing)
    with connection.cursor() as cursor:
        statement = combining(f"WITH {PLACED} SELECT subject, arm FROM placed", 0)
        cursor.execute(statement, work.parameters({NOON}))
        return dict(cursor.fetchall())


def test_five_hundred_subjects_fall_into_the_same_arms(prepared: Prepared, deployment: Deployment) -> None:
    channel = deployment.channel
    assignment: Assignment = assignment_of(channel)
    reported(prepared.here, all_decided(channel, SUBJECTS, minutes(1)))

    found = arms_by_the_database(deployment)

    assert found == {one: arm_of(assignment, one).value for one in SUBJECTS}
    assert set(found.values()) == {arm.value for arm in Arm}
