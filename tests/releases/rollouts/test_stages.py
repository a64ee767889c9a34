"""The table of transitions of a deployment, whole, and what a stage asks for before it is left."""

from datetime import UTC, datetime
from itertools import product

import pytest

from releases.bundles.documents import Stage, StageKind
from releases.rollouts.leaving import StageNotShown, check_shown
from releases.rollouts.models import DeploymentState as S
from releases.rollouts.readings import Check, CheckState, Reading
from releases.rollouts.stages import DeploymentInWrongState, Step, check_transition, may_become

USUAL = {
    (S.NEW, S.ROLLING_OUT),
    (S.ROLLING_OUT, S.HELD),
    (S.ROLLING_OUT, S.LIVE),
    (S.ROLLING_OUT, S.ROLLED_BACK),
    (S.HELD, S.ROLLING_OUT),
    (S.HELD, S.ROLLED_BACK),
    (S.LIVE, S.SUPERSEDED),
    (S.LIVE, S.ROLLED_BACK),
}


@pytest.mark.parametrize(("adopted", "as_target"), list(product([False, True], repeat=2)))
@pytest.mark.parametrize(("current", "wanted"), list(product(S, repeat=2)))
def test_only_the_tables_transitions_are_allowed(
    current: S, wanted: S, adopted: bool, as_target: bool
) -> None:
    allowed = (
        USUAL | ({(S.NEW, S.LIVE)} if adopted else set()) | ({(S.SUPERSEDED, S.LIVE)} if as_target else set())
    )

    assert may_become(current, wanted, adopted=adopted, as_target=as_target) == ((current, wanted) in allowed)


def test_a_refused_transition_names_both_states() -> None:
    with pytest.raises(DeploymentInWrongState, match="rolled back cannot become live"):
        check_transition(S.ROLLED_BACK, S.LIVE, as_target=True)


def test_a_stage_that_only_has_triggers_is_not_left_while_reports_wait_to_be_counted() -> None:
    stage = Stage(kind=StageKind.GUARDED, coverage=0.25, triggers=["spike"])
    step = Step(1, stage, is_watched=True, is_counted=True)
    at = datetime(2100, 3, 1, tzinfo=UTC)
    quiet = Check("triggers", CheckState.DONE, "1 trigger is quiet.")
    waiting = Check("integrity", CheckState.WAITING, "What was reported waits to be counted.")

    with pytest.raises(StageNotShown, match="waits to be counted"):
        check_shown(step, Reading(1, at, at, at, (waiting, quiet), "sha256:0"))
