"""Several people at one incident at the same time: one of them decides, and it is reported once."""

from collections.abc import Callable
from contextlib import suppress

from governance.access.models import Account
from governance.errors import GovernanceError
from governance.ledger.models import Entry
from releases.monitoring.incidents.models import Incident
from releases.monitoring.incidents.services import confirm_incident, dismiss_incident
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
