"""What a row of a history says about a rollout: the share of its stage, and where."""

from audits.pages.history import events_of
from governance.ledger.models import Entry
from tests.factories.approvals import candidate
from tests.factories.rollouts import on_its_way
from tests.factories.worlds import Prepared


def test_a_start_names_the_share_and_the_channel(prepared: Prepared) -> None:
    here = prepared.here
    started = on_its_way(here, candidate(here, "9", channels=("android",)), "android")[0]

    rows = events_of(Entry.objects.filter(stream=started.stream(), document__type="rollout.started"))

    assert rows[0].detail == "revision 1, guarded 25 %, on android"
