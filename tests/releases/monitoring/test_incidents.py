"""Incidents: which release decided, who may report and decide, what counts for whom."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone

from governance.access.queries import PermissionDenied
from governance.errors import GovernanceError, InvalidInput
from governance.ledger.models import Entry
from governance.notifications.models import Notification
from releases.bundles.arms import Arm
from releases.monitoring.incidents.attribution import DecisionNotReported, Named
from releases.monitoring.incidents.models import Attribution, Incident
from releases.monitoring.incidents.queries import IncidentCounts, incident_counts
from releases.monitoring.incidents.services import (
    AlreadyAttributed,
    IncidentKnown,
    Told,
    attribute_incident,
    confirm_incident,
    dismiss_incident,
    report_incident,
)
from releases.monitoring.incidents.stages import IncidentDecided
from tests.audits.trace.decisions import Guarded, guarded
from tests.factories.cast import actor
from tests.factories.incidents import SEEN, WHY, confirmed, dismissed, suspected
from tests.factories.rollouts import planned
from tests.factories.worlds import Prepared
from tests.releases.monitoring.lines import decision


@pytest.fixture
def rollout(prepared: Prepared) -> Guarded:
    """A candidate in its guarded stage on android."""
    return guarded(prepared)


def counts(rollout: Guarded, revision: Any) -> IncidentCounts:
    """What counts against the revision on android, from yesterday to tomorrow."""
    now = timezone.now()
    channel = rollout.here.cast.channel("android")
    day = timedelta(days=1)
    return incident_counts(channel, revision=revision, since=now - day, until=now + day)


def test_the_stamp_of_the_decision_says_which_release_decided(rollout: Guarded) -> None:
    made = rollout.reported(Arm.CANDIDATE)

    found = suspected(rollout.here, decision=made.id)

    assert (found.revision, found.attribution) == (rollout.candidate, Attribution.STAMP)
    assert (found.happened_at, found.subject, found.stage) == (made.at, made.subject, "guarded")


def test_without_a_decision_the_arm_of_the_subject_says_it(rollout: Guarded) -> None:
    found = [suspected(rollout.here, subject=rollout.subject(arm)) for arm in (Arm.CANDIDATE, Arm.CONTROL)]

    assert [one.revision for one in found] == [rollout.candidate, rollout.here.baseline]
    assert {one.attribution for one in found} == {"arm"}


def test_where_one_release_answers_everybody_it_is_that_one(prepared: Prepared) -> None:
    found = suspected(prepared.here)

    assert (found.revision, found.attribution) == (prepared.here.baseline, Attribution.ASSIGNMENT)


def test_before_anything_was_live_no_release_decided(prepared: Prepared) -> None:
    found = suspected(prepared.here, happened_at=timezone.now() - timedelta(days=3000))

    assert (found.revision, found.attribution, found.possible) == (None, Attribution.NONE, [])


def test_without_decision_and_subject_it_counts_as_suspected_of_each_that_answered(rollout: Guarded) -> None:
    found = confirmed(rollout.here)

    assert (found.revision, found.attribution) == (None, Attribution.UNKNOWN)
    assert counts(rollout, rollout.candidate) == IncidentCounts(suspected=1, confirmed=0)
    assert counts(rollout, rollout.here.baseline) == IncidentCounts(suspected=1, confirmed=0)


def test_a_stamp_that_is_nobodys_counts_as_suspected_of_what_was_to_answer(rollout: Guarded) -> None:
    made = rollout.reported(stamp="sha256:" + "0" * 64)

    found = confirmed(rollout.here, decision=made.id)

    assert found.attribution == Attribution.UNKNOWN
    assert counts(rollout, rollout.candidate) == IncidentCounts(suspected=1, confirmed=0)


def test_an_incident_counts_against_what_decided_and_nothing_else(rollout: Guarded) -> None:
    suspected(rollout.here, subject=rollout.subject(Arm.CANDIDATE))
    confirmed(rollout.here, subject=rollout.subject(Arm.CANDIDATE))
    dismissed(rollout.here, subject=rollout.subject(Arm.CANDIDATE))
    confirmed(rollout.here, "mobile_web")

    assert counts(rollout, rollout.candidate) == IncidentCounts(suspected=1, confirmed=1)
    assert counts(rollout, rollout.here.baseline) == IncidentCounts(suspected=0, confirmed=0)


def test_a_dismissed_one_of_an_unknown_arm_counts_against_nobody(rollout: Guarded) -> None:
    dismissed(rollout.here)

    assert counts(rollout, rollout.candidate) == IncidentCounts(suspected=0, confirmed=0)


def test_in_shadow_nobody_is_answered_by_the_candidate(prepared: Prepared) -> None:
    stages = ({"kind": "shadow"}, {"kind": "guarded", "coverage": 0.1}, {"kind": "general"})
    planned(prepared.here, *stages)

    found = suspected(prepared.here)

    assert (found.stage, found.revision) == ("shadow", prepared.here.baseline)
    assert found.attribution == Attribution.ASSIGNMENT


def test_it_counts_by_the_time_at_which_it_happened(rollout: Guarded) -> None:
    now = timezone.now()
    suspected(rollout.here, subject=rollout.subject(Arm.CANDIDATE))
    channel = rollout.here.cast.channel("android")

    later = incident_counts(
        channel, revision=rollout.candidate, since=now + timedelta(hours=1), until=now + timedelta(hours=2)
    )

    assert later == IncidentCounts(suspected=0, confirmed=0)


def test_naming_the_subject_later_says_which_release_decided(rollout: Guarded) -> None:
    found = confirmed(rollout.here)
    named = Named(subject=rollout.subject(Arm.CANDIDATE))

    done = attribute_incident(actor(rollout.here.cast.release_manager), incident=found, named=named)

    assert (done.revision, done.attribution) == (rollout.candidate, Attribution.ARM)
    assert done.happened_at == found.happened_at
    assert counts(rollout, rollout.candidate) == IncidentCounts(suspected=0, confirmed=1)
    assert counts(rollout, rollout.here.baseline) == IncidentCounts(suspected=0, confirmed=0)


def test_what_is_known_is_not_said_anew(prepared: Prepared) -> None:
    found = suspected(prepared.here)

    with pytest.raises(AlreadyAttributed):
        attribute_incident(
            actor(prepared.here.cast.security_all), incident=found, named=Named(subject="person-1")
        )


def test_naming_neither_decision_nor_subject_finds_nothing_out(rollout: Guarded) -> None:
    found = suspected(rollout.here)

    with pytest.raises(InvalidInput, match="decision"):
        attribute_incident(actor(rollout.here.cast.security_all), incident=found, named=Named())


def test_a_decision_of_another_channel_is_not_found(rollout: Guarded) -> None:
    made = rollout.reported()

    with pytest.raises(DecisionNotReported):
        suspected(rollout.here, "mobile_web", decision=made.id)


@pytest.mark.parametrize(
    ("known", "field"),
    [
        ({"happened_at": timezone.now() + timedelta(days=400)}, "happened_at"),
        ({"decision": uuid4(), "subject": "person-1"}, "subject"),
        ({"decision": uuid4(), "happened_at": timezone.now()}, "happened_at"),
    ],
    ids=["in the future", "a subject beside a decision", "a time beside a decision"],
)
def test_facts_that_do_not_fit_are_refused_by_field(
    prepared: Prepared, known: dict[str, Any], field: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        suspected(prepared.here, **known)

    assert [one.field for one in refused.value.field_errors] == [field]


@pytest.mark.parametrize(
    ("told", "field"),
    [
        (Told("flood", "suspected", SEEN), "kind"),
        (Told("spoof_acceptance", "dismissed", SEEN), "status"),
        (Told("spoof_acceptance", "suspected", "  "), "evidence.text"),
        (
            Told("spoof_acceptance", "suspected", {"text": SEEN, "links": ["javascript:1"]}),
            "evidence.links[0]",
        ),
        (Told("spoof_acceptance", "suspected", {"text": SEEN, "digests": ["4"]}), "evidence.digests[0]"),
        (Told("spoof_acceptance", "suspected", {"text": SEEN, "mood": "bad"}), "evidence.mood"),
        (Told("spoof_acceptance", "suspected", 7), "evidence"),
    ],
    ids=["kind", "status", "text", "link", "digest", "unknown", "number"],
)
def test_what_is_told_is_checked_field_by_field(prepared: Prepared, told: Told, field: str) -> None:
    by = actor(prepared.here.cast.security_all)

    with pytest.raises(InvalidInput) as refused:
        report_incident(by, channel=prepared.here.cast.channel("android"), told=told)

    assert field in [one.field for one in refused.value.field_errors]


@pytest.mark.parametrize(
    "name",
    ["author", "qa_lead", "approver", "auditor", "integration", "admin", "stranger", "security_reviewer"],
)
def test_other_roles_and_reviewers_of_other_channels_report_nothing(prepared: Prepared, name: str) -> None:
    with pytest.raises(PermissionDenied):
        suspected(prepared.here, by=getattr(prepared.here.cast, name))

    assert not Incident.objects.exists()


@pytest.mark.parametrize("name", ["security_reviewer", "security_all", "release_manager"])
def test_those_who_handle_the_channel_report_and_decide(prepared: Prepared, name: str) -> None:
    by = getattr(prepared.here.cast, name)
    found = suspected(prepared.here, "mobile_web", by=by)

    done = confirm_incident(actor(by), incident=found, reason=WHY)

    assert (done.status, done.status_changed_by_username, done.conclusion) == ("confirmed", name, WHY)


def test_a_decision_is_part_of_one_incident_until_that_is_dismissed(rollout: Guarded) -> None:
    made = rollout.reported()
    first = suspected(rollout.here, decision=made.id)
    with pytest.raises(IncidentKnown, match=str(first.id)):
        suspected(rollout.here, decision=made.id)

    dismiss_incident(actor(rollout.here.cast.security_all), incident=first, reason="A test of ours.")
    again = suspected(rollout.here, decision=made.id)

    assert again.status == "suspected"


@pytest.mark.parametrize("reach", [confirmed, dismissed], ids=["confirmed", "dismissed"])
@pytest.mark.parametrize("act", [confirm_incident, dismiss_incident], ids=["confirm", "dismiss"])
def test_what_was_decided_is_not_decided_again(
    prepared: Prepared, reach: Callable[..., Incident], act: Callable[..., Incident]
) -> None:
    found = reach(prepared.here)

    with pytest.raises(IncidentDecided):
        act(actor(prepared.here.cast.release_manager), incident=found, reason=WHY)

    found.refresh_from_db()
    assert found.conclusion in {WHY, "It was a test of ours."}


@pytest.mark.parametrize("act", [confirm_incident, dismiss_incident], ids=["confirm", "dismiss"])
def test_deciding_takes_a_reason(prepared: Prepared, act: Callable[..., Incident]) -> None:
    found = suspected(prepared.here)

    with pytest.raises(GovernanceError, match="reason"):
        act(actor(prepared.here.cast.security_all), incident=found, reason=" ")


def test_the_ledger_tells_of_it_in_its_own_stream_and_in_that_of_the_release(prepared: Prepared) -> None:
    found = confirmed(prepared.here)

    own = Entry.objects.filter(stream=found.stream()).order_by("stream_seq")
    release = Entry.objects.filter(stream=prepared.here.baseline.stream()).order_by("-stream_seq")[:2]
    assert [one.document["type"] for one in own] == ["incident.reported", "incident.confirmed"]
    assert own[0].document["refs"]["evidence"].startswith("sha256:")
    assert SEEN not in str(own[0].document)
    assert own[1].document["before"]["status"] == "suspected"
    assert [one.document["type"] for one in release] == ["incident.confirmed", "incident.reported"]
    assert release[0].document["refs"]["cause"] == str(own[1].id)


def test_those_who_handle_it_and_who_answer_for_the_release_are_told(prepared: Prepared) -> None:
    suspected(prepared.here, "mobile_web", by=prepared.here.cast.security_all)

    told = Notification.objects.filter(event="incident.reported")

    owner = prepared.here.baseline.release.owner_username
    assert {one.account.username for one in told} == {"security_reviewer", "release_manager", owner}
    assert told[0].context["evidence"] == SEEN


def test_the_report_is_due_within_the_hours_of_the_system(prepared: Prepared) -> None:
    found = suspected(prepared.here)

    assert found.report_due_at - found.reported_at == timedelta(hours=72)


def test_a_decision_may_be_reported_to_an_incident_by_http_only_once_it_is_stored(rollout: Guarded) -> None:
    unknown = decision(rollout.here.cast.channel("android"))

    with pytest.raises(DecisionNotReported):
        suspected(rollout.here, decision=unknown["id"])
