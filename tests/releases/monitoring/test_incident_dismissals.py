"""Who says that a suspected attack did not happen: nobody who has a part in what it speaks against."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.utils import timezone

from governance.access.presence import ReauthenticationNeeded
from governance.access.roles import Role
from releases.bundles.arms import Arm
from releases.monitoring.incidents.attribution import Named
from releases.monitoring.incidents.models import Attribution
from releases.monitoring.incidents.people import NotYoursToDismiss
from releases.monitoring.incidents.services import (
    attribute_incident,
    confirm_incident,
    dismiss_incident,
)
from tests.audits.trace.decisions import guarded
from tests.factories.cast import actor, grant
from tests.factories.incidents import WHY, suspected
from tests.factories.worlds import Prepared


def test_whoever_made_or_started_what_it_speaks_against_does_not_dismiss_it(prepared: Prepared) -> None:
    rollout = guarded(prepared)
    cast = rollout.here.cast
    grant(cast.author, Role.SECURITY_REVIEWER, system=cast.system)
    known = suspected(rollout.here, subject=rollout.subject(Arm.CANDIDATE))
    unknown = suspected(rollout.here)

    with pytest.raises(NotYoursToDismiss, match=r"release_manager brought .* v1 revision 1 to"):
        dismiss_incident(actor(cast.release_manager), incident=known, reason=WHY)
    with pytest.raises(NotYoursToDismiss, match=r"author contributed to .* v1 revision 1"):
        dismiss_incident(actor(cast.author), incident=unknown, reason=WHY)
    confirmed_by = confirm_incident(actor(cast.release_manager), incident=unknown, reason=WHY)

    assert confirmed_by.status == "confirmed"
    known.refresh_from_db()
    assert known.status == "suspected"


def test_whoever_started_it_does_not_let_it_off_by_naming_somebody_whom_the_other_release_answered(
    prepared: Prepared,
) -> None:
    rollout = guarded(prepared)
    cast, found = rollout.here.cast, suspected(rollout.here)
    named = Named(subject=rollout.subject(Arm.CONTROL))

    with pytest.raises(NotYoursToDismiss, match=r"release_manager brought .* v1 revision 1 to"):
        attribute_incident(actor(cast.release_manager), incident=found, named=named)
    found.refresh_from_db()
    before = found.attribution
    done = attribute_incident(actor(cast.security_all), incident=found, named=named)

    assert before == Attribution.UNKNOWN
    assert done.revision == rollout.here.baseline


def test_dismissing_takes_the_proof_of_a_vote(prepared: Prepared) -> None:
    found = suspected(prepared.here)
    reviewer = actor(prepared.here.cast.security_all)
    stale = replace(reviewer, auth=replace(reviewer.auth, proved_at=timezone.now() - timedelta(minutes=11)))

    with pytest.raises(ReauthenticationNeeded, match="dismiss an incident"):
        dismiss_incident(stale, incident=found, reason=WHY)
