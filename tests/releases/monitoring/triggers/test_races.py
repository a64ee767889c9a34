"""Two workers that look at one rollout at the same time: each change is recorded once."""

from governance.ledger.models import Entry
from releases.monitoring.triggers.models import TriggerStatus
from tests.database import in_threads
from tests.factories.watched import RETRY, closed, counted, evaluated, status, watched
from tests.factories.worlds import Prepared


def test_two_evaluations_at_once_arm_and_fire_a_trigger_once(committed: Prepared) -> None:
    deployment = watched(committed.here, RETRY)
    counted(deployment, 0, (200, 60), (200, 14))

    found = in_threads(*[lambda: evaluated(deployment, closed(deployment, 0))] * 4)

    entries = Entry.objects.filter(stream=status(deployment).stream()).order_by("stream_seq")
    assert [one.document["type"] for one in entries] == ["trigger.armed", "trigger.fired"]
    assert TriggerStatus.objects.count() == 1
    assert {one.firings[0].key for one in found} == {"retry_spike"}
