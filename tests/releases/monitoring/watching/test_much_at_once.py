"""However much fires at once, the act and its entry come about."""

from django.utils import timezone

from governance.ledger.queries import entry_of
from releases.monitoring.triggers.vocabulary import Action, Evaluated, Firing, Mode
from releases.monitoring.watching.acting import MOST_NAMED, act_on, act_on_triggers
from releases.rollouts import readings
from releases.rollouts.models import Deployment, DeploymentState
from releases.rollouts.readings import Check, CheckState, reading_of
from tests.factories.gates import engine
from tests.factories.looked import now
from tests.factories.rollouts import on_its_way
from tests.factories.worlds import Prepared


def firings(action: Action) -> Evaluated:
    """Sixty triggers that fire, with two thousand characters of sentence and evidence each."""
    at = timezone.now()
    found = [
        Firing(
            f"trigger_{number}",
            f"segment_{number}",
            action,
            Mode.ENFORCE,
            "It is worse. " * 80,
            {"instances": "i" * 1000},
            f"sha256:{number:064}",
            at,
        )
        for number in range(60)
    ]
    return Evaluated(at, tuple(found))


def started(prepared: Prepared) -> Deployment:
    (deployment,) = on_its_way(prepared.here, prepared.candidate, "android")
    return deployment


def test_sixty_triggers_at_once_take_the_release_back(prepared: Prepared) -> None:
    deployment = started(prepared)

    act_on_triggers(engine(), now(deployment), firings(Action.ROLLBACK))

    entry = entry_of(deployment.stream(), "rollout.rolled_back")
    assert entry is not None
    told = entry.document["after"]["triggers"]
    assert now(deployment).state == DeploymentState.ROLLED_BACK
    assert (len(told), "evidence" in told[0], "evidence" in told[-1]) == (MOST_NAMED, True, False)
    assert {one["digest"] for one in told} >= {f"sha256:{number:064}" for number in range(MOST_NAMED)}
    assert entry.document["reason"].endswith("And 57 more.")


def test_three_hundred_criteria_that_fail_at_once_hold_the_rollout(prepared: Prepared) -> None:
    deployment, at = started(prepared), timezone.now()
    done = Check("traffic", CheckState.DONE, "There is some. " * 30, numbers={"n": 1})
    failed = [
        Check("criteria", CheckState.FAILED, "It is worse. " * 30, key=f"retries:{number}", numbers={"n": 7})
        for number in range(300)
    ]
    reading = reading_of(deployment, [done, *failed], read_at=at, measured_at=at)

    act_on(engine(), now(deployment), reading, at)

    entry = entry_of(deployment.stream(), "rollout.held")
    assert entry is not None
    told = entry.document["after"]["evidence"][0]["reading"]
    assert (len(told["checks"]), told["more_checks"]) == (readings.MOST_NAMED, 201)
    assert ("numbers" in told["checks"][0], "numbers" in told["checks"][-1]) == (True, False)
    assert {one["state"] for one in told["checks"]} == {"failed"}
    assert entry.document["reason"].endswith("And 297 more.")


def test_sixty_triggers_at_once_hold_the_rollout(prepared: Prepared) -> None:
    deployment = started(prepared)

    act_on_triggers(engine(), now(deployment), firings(Action.HOLD))

    assert now(deployment).state == DeploymentState.HELD
