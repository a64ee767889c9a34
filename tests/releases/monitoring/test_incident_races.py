"""Several people at one incident at the same time: one of them decides, and it is reported once."""

from collections.abc import Callable
from contextlib import suppress

from django.db import connection
from django.test.utils import CaptureQueriesContext

from governance.access.models import Account
from governance.errors import GovernanceError
from governance.ledger.models import Entry
from releases.monitoring.incidents.attribution import Named
from releases.monitoring.incidents.models import Incident
from releases.monitoring.incidents.services import attribute_incident, confirm_incident, dismiss_incident
from tests.audits.trace.decisions import guarded
from tests.database import in_threads
from tests.factories.cast import actor
from tests.factories.incidents import WHY, suspected
from tests.factories.worlds import Prepared


def test_one_reports_and_one_decides(committed: Prepared) -> None:
    here, cast = committed.here, committed.here.cast
    made = guarded(committed).reported()

    def report(by: Account) -> None:
        with suppress(GovernanceError):
            suspected(here, by=by, decision=made.id)

    in_threads(lambda: report(cast.security_all), lambda: report(cast.release_manager))
    found = Incident.objects.get()

    def decide(act: Callable[..., Incident]) -> None:
        with suppress(GovernanceError):
            act(actor(cast.security_all), incident=found, reason=WHY)

    in_threads(lambda: decide(confirm_incident), lambda: decide(dismiss_incident))

    events = Entry.objects.filter(stream=found.stream()).order_by("stream_seq")
    kinds = [one.document["type"] for one in events]
    assert kinds[0] == "incident.reported"
    assert len([kind for kind in kinds if kind in {"incident.confirmed", "incident.dismissed"}]) == 1
    assert Incident.objects.get().status in {"confirmed", "dismissed"}


def test_naming_the_decision_locks_its_channel_first_so_that_it_does_not_go_meanwhile(
    prepared: Prepared,
) -> None:
    rollout = guarded(prepared)
    made, found = rollout.reported(), suspected(rollout.here)

    with CaptureQueriesContext(connection) as queries:
        done = attribute_incident(
            actor(rollout.here.cast.security_all), incident=found, named=Named(decision=made.id)
        )

    asked = [one["sql"] for one in queries]
    of_channel = [place for place, sql in enumerate(asked) if 'FROM "governance_channel"' in sql]
    locks = [place for place in of_channel if "FOR NO KEY UPDATE" in asked[place]]
    read = [place for place, sql in enumerate(asked) if 'FROM "releases_decision"' in sql]
    assert done.revision == made.revision
    assert locks[0] < read[0]
