"""Who is told of evaluations, rollouts, rollbacks, adoptions and revoked components, by the real verbs."""

import pytest
from celery import current_app

from governance.access.granting import revoke_grant
from governance.access.models import Grant
from governance.access.roles import Role
from governance.notifications.models import Notification
from governance.notifications.rendering import subject_of, text_of
from governance.outbox.models import OutboxMessage
from governance.registry.components import revoke_component
from releases.gates.runs.evaluation import fail_evaluation, request_evaluation, run_evaluation
from releases.rollouts import tasks  # noqa: F401 - declares the warning
from releases.rollouts.adoption import propose_adoption
from tests.factories.approvals import APPROVER, SECURITY_PER_CHANNEL, enacted, requested, voted
from tests.factories.bundles import complete_content, draft
from tests.factories.cast import actor, grant
from tests.factories.gates import engine
from tests.factories.rollouts import (
    add_channel,
    held,
    live,
    on_its_way,
    paused,
    resumed,
    started,
    taken_back,
    through,
)
from tests.factories.worlds import Prepared


def told_of(event: str) -> set[str]:
    """Who was told of the event."""
    return set(Notification.objects.filter(event=event).values_list("account__username", flat=True))


def names(*accounts: object) -> set[str]:
    return {str(account) for account in accounts}


def one(event: str) -> Notification:
    """A notification of the event."""
    found = Notification.objects.filter(event=event).first()
    assert found is not None
    return found


def forget() -> None:
    """What the world was told so far does not count."""
    Notification.objects.all().delete()


def test_whoever_asked_and_the_owner_are_told_of_a_verdict(prepared: Prepared) -> None:
    here = prepared.here
    evaluation = request_evaluation(actor(here.cast.qa_lead), revision=prepared.candidate)
    forget()

    run_evaluation(engine(), evaluation=evaluation)

    assert told_of("gate_evaluation.completed") == names(here.cast.author, here.cast.qa_lead)
    assert "passed the gate" in text_of(one("gate_evaluation.completed"))
    assert one("gate_evaluation.completed").path == f"/admin/review/{prepared.candidate.pk}/"


def test_they_are_told_of_an_error_too(prepared: Prepared) -> None:
    here = prepared.here
    evaluation = request_evaluation(actor(here.cast.qa_lead), revision=prepared.candidate)

    fail_evaluation(engine(), evaluation=evaluation, error="BlobMissing: gone")

    assert told_of("gate_evaluation.failed") == names(here.cast.author, here.cast.qa_lead)
    assert "The error: BlobMissing: gone" in text_of(one("gate_evaluation.failed"))


def test_the_owner_is_told_that_a_rollout_started_and_the_starter_is_not(prepared: Prepared) -> None:
    here = prepared.here

    deployment = on_its_way(here, prepared.candidate, "android")[0]

    assert str(here.cast.author) in told_of("rollout.started")
    assert str(here.cast.release_manager) not in told_of("rollout.started")
    assert one("rollout.started").path == f"/admin/rollout/{deployment.pk}/"
    assert "is in stage" in text_of(one("rollout.started"))


def test_whoever_may_advance_a_rollout_is_told_that_another_held_it(prepared: Prepared) -> None:
    here = prepared.here
    deployment = on_its_way(here, prepared.candidate, "android")[0]

    held(here, deployment, by=here.cast.security_all)

    assert {str(here.cast.author), str(here.cast.release_manager)} <= told_of("rollout.held")
    assert str(here.cast.security_all) not in told_of("rollout.held")
    assert "security_all held it and writes: Masks pass." in text_of(one("rollout.held"))


def test_pause_and_resume_are_told_each_once(prepared: Prepared) -> None:
    here = prepared.here
    deployment = on_its_way(here, prepared.candidate, "android")[0]

    resumed(here, paused(here, deployment))

    assert str(here.cast.author) in told_of("rollout.paused")
    assert str(here.cast.author) in told_of("rollout.resumed")


def test_those_who_voted_for_it_are_told_of_a_rollback(prepared: Prepared) -> None:
    here = prepared.here
    live(here, prepared.candidate, "android")

    taken_back(here)

    assert {str(here.cast.author), str(here.cast.approver)} <= told_of("rollout.rolled_back")
    assert "baseline revision 1 answers there now." in text_of(one("rollout.rolled_back"))
    assert "is live" in text_of(one("rollout.advanced"))


def test_a_voter_of_another_channel_is_not_told_of_a_rollback(prepared: Prepared) -> None:
    """She voted on mobile_web's seat; what happens on android is not hers to read."""
    here = prepared.here
    enacted(here.cast, APPROVER, SECURITY_PER_CHANNEL)
    request = requested(here, prepared.candidate, "android", "mobile_web")
    voted(here.cast.security_reviewer, request)
    voted(here.cast.security_all, request)
    voted(here.cast.approver, request)
    through(here, started(here, prepared.candidate, "android"))

    taken_back(here, by=here.cast.release_manager)

    assert str(here.cast.security_reviewer) not in told_of("rollout.rolled_back")
    assert {str(here.cast.security_all), str(here.cast.approver)} <= told_of("rollout.rolled_back")


def test_an_owner_whose_grants_have_ended_is_told_nothing_more(prepared: Prepared) -> None:
    here = prepared.here
    deployment = on_its_way(here, prepared.candidate, "android")[0]
    for_the_author = Grant.objects.get(account=here.cast.author)
    revoke_grant(actor(here.cast.admin), grant=for_the_author, reason="Left the team")

    held(here, deployment, by=here.cast.security_all)

    assert str(here.cast.author) not in told_of("rollout.held")


def test_a_verdict_is_not_told_where_the_release_is_out_of_reach(prepared: Prepared) -> None:
    """The owner is left with a channel that this release does not touch."""
    here = prepared.here
    kiosk = add_channel(here, "kiosk")
    evaluation = request_evaluation(actor(here.cast.qa_lead), revision=prepared.candidate)
    grant(here.cast.author, Role.AUDITOR, channel=kiosk)
    on_the_system = Grant.objects.get(account=here.cast.author, system=here.cast.system)
    revoke_grant(actor(here.cast.admin), grant=on_the_system, reason="Works on the kiosk now")
    forget()

    run_evaluation(engine(), evaluation=evaluation)

    assert told_of("gate_evaluation.completed") == names(here.cast.qa_lead)


def test_a_revoked_component_warns_the_owners_of_what_is_live_once(prepared: Prepared) -> None:
    here = prepared.here
    live(here, prepared.candidate, "android")
    component = prepared.candidate.slots.get(slot="model").component
    forget()

    revoke_component(actor(here.cast.security_all), component=component, reason="Leaked")
    message = OutboxMessage.objects.get(task="releases.rollouts.warn_of_revoked")
    current_app.tasks[message.task](str(message.id))
    OutboxMessage.objects.filter(id=message.id).update(done_at=None)
    current_app.tasks[message.task](str(message.id))

    assert {str(here.cast.author), str(here.cast.release_manager)} <= told_of("component.revoked")
    assert Notification.objects.filter(account=here.cast.author, event="component.revoked").count() == 1
    assert "which security_all revoked. The release is live or on its way on android." in text_of(
        one("component.revoked")
    )


def test_a_revoked_component_of_nothing_live_warns_nobody(prepared: Prepared) -> None:
    here = prepared.here
    component = prepared.candidate.slots.get(slot="model").component

    revoke_component(actor(here.cast.security_all), component=component, reason="Leaked")
    message = OutboxMessage.objects.get(task="releases.rollouts.warn_of_revoked")
    current_app.tasks[message.task](str(message.id))

    assert told_of("component.revoked") == set()


def test_a_proposed_adoption_tells_those_who_may_confirm_it(prepared: Prepared) -> None:
    cast = prepared.here.cast
    revision = draft(cast, complete_content(cast, tag="9"), name="as_found")
    forget()

    with pytest.raises(Exception, match="serves"):
        propose_adoption(
            actor(cast.release_manager), revision=revision, channels=[cast.channel("android")], reason="Found"
        )

    assert told_of("proposal.stored") == set()


def test_the_adoption_of_the_world_was_told(prepared: Prepared) -> None:
    cast = prepared.here.cast

    row = Notification.objects.get(event="proposal.stored", account=cast.approver_two)
    assert subject_of(row).startswith("A second person is needed: adopt baseline revision 1")
    assert str(cast.release_manager) not in told_of("proposal.stored")
