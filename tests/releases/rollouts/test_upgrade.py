"""An installation from before there were stages: what is live there stays so, and can be taken back.

The database of the test is put into the form of the migration before stages, with a release that went live
under a plan of one stage, and is migrated forward again.
"""

from typing import Any

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from releases.bundles.models import Assignment
from releases.bundles.queries import live_assignment, live_revision
from releases.rollouts.models import Deployment, DeploymentState
from releases.rollouts.progress_queries import stage_rail
from releases.rollouts.queries import standing_sentence
from tests.factories.approvals import candidate, evaluated, requested, voted
from tests.factories.rollouts import advanced, started, taken_back
from tests.factories.worlds import Prepared
from tests.upgrading import as_owner

STAGES = ("releases", "0003_stages")
BEFORE = ("releases", "0002_guard")
ONE_STAGE = {"stages": [{"kind": "general"}]}


def columns(table: str) -> set[str]:
    with connection.cursor() as cursor:
        return {column.name for column in connection.introspection.get_table_description(cursor, table)}


def without_stages() -> Any:
    """Undo the migration that brings stages, and nothing else; answers what brings it forward."""
    executor = MigrationExecutor(connection)
    migration = executor.loader.graph.nodes[STAGES]
    with connection.schema_editor() as editor:
        migration.unapply(executor.loader.project_state(BEFORE), editor)
    return migration, executor.loader.project_state(BEFORE)


@pytest.fixture
def upgraded(committed: Prepared) -> tuple[Prepared, Deployment]:
    """A release that went live on android before the migration; then the migration."""
    here = committed.here
    revision = candidate(here, "2", channels=("android", "ios"), rollout_plan=ONE_STAGE)
    voted(here.cast.approver, requested(here, revision))
    deployment = started(here, revision)
    with as_owner():
        migration, state = without_stages()
        missing = {"stage_number", "salt", "paused"} & columns("releases_deployment")
        with connection.schema_editor() as editor:
            migration.apply(state, editor)
    assert missing == set()
    return committed, Deployment.objects.select_related("revision", "channel").get(id=deployment.id)


def test_what_was_live_before_stages_reads_as_finished_is_taken_back_and_followed(
    upgraded: tuple[Prepared, Deployment],
) -> None:
    prepared, deployment = upgraded
    here = prepared.here
    evaluated(here.cast, prepared.candidate)
    voted(here.cast.approver, requested(here, prepared.candidate))

    assert (deployment.state, deployment.stage, deployment.stage_number) == ("live", "general", 1)
    assert (deployment.salt, deployment.stage_entered_at, deployment.paused) == ("", None, False)
    assert [stage.state.value for stage in stage_rail(deployment)] == ["here"]
    assert standing_sentence([deployment]) == "live on android"

    guarded = started(here, prepared.candidate)
    during = live_assignment(here.cast.channel("android"))
    taken_back(here)
    back = taken_back(here, deployment=deployment)
    ios = advanced(here, started(here, prepared.candidate, "ios"))

    assert guarded.state == DeploymentState.ROLLING_OUT
    assert during is not None
    assert (during.stable, during.candidate) == (deployment.revision, prepared.candidate)
    assert back.target == here.baseline
    assert live_revision(here.cast.channel("android")) == here.baseline
    assert ios.state == DeploymentState.LIVE
    assert set(Assignment.objects.values_list("stage_number", flat=True)) == {1, 2}
