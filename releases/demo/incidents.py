"""The demo's two incidents: a suspicion that came to nothing, and an attack that did pass."""

from datetime import timedelta
from uuid import UUID

from django.utils import timezone

from governance.registry.models import Channel
from releases.demo.people import Stage
from releases.demo.watching import watch
from releases.monitoring.incidents.attribution import Named
from releases.monitoring.incidents.following import (
    add_follow_up,
    file_report,
    finish_follow_up,
    name_criterion,
)
from releases.monitoring.incidents.models import FollowUp, Incident, IncidentKind, IncidentStatus
from releases.monitoring.incidents.services import Told, confirm_incident, dismiss_incident, report_incident
from releases.rollouts.models import Deployment
from releases.rollouts.progress import resume_rollout


def suspect_and_dismiss(stage: Stage, deployment: Deployment, decision: UUID) -> Deployment:
    """A suspicion holds the rollout at once; it goes on once a reviewer has seen that it was none."""
    incident = _reported(
        stage,
        "release_manager",
        deployment.channel,
        decision,
        "Fraud prevention saw a bright rectangle in the frame and suspects a replay on a screen.",
    )
    deployment = watch(stage, deployment)
    stage.clock.pass_by(hours=3)
    dismiss_incident(
        stage.actor("security_all"),
        incident=incident,
        reason="The rectangle is a window behind the user; the same person was verified at the counter.",
    )
    deployment = watch(stage, deployment)
    stage.clock.pass_by(minutes=1)  # a trigger ends with the second quiet look
    deployment = watch(stage, deployment)
    return resume_rollout(
        stage.actor("release_manager"),
        deployment=deployment,
        reason="The suspicion is dismissed; the trigger is quiet again.",
    )


def confirm_afterwards(stage: Stage, mobile_web: Channel, decision: UUID) -> None:
    """Found days after the release was taken back there for another reason."""
    incident = _reported(
        stage,
        "security_web",
        mobile_web,
        decision,
        "A chargeback led to an account that was opened with a printed photograph.",
    )
    stage.clock.pass_by(hours=7)
    incident = confirm_incident(
        stage.actor("security_all"),
        incident=incident,
        reason="The holder was abroad that day; the frame shows the edge of the paper.",
        species="print_medium",
    )
    stage.clock.pass_by(hours=20)
    incident = file_report(
        stage.actor("security_all"), incident=incident, reference="Fraud report 2210, sent to the regulator"
    )
    name_criterion(
        stage.actor("security_all"),
        incident=incident,
        criterion="apcer_benchmark",
        reason="Prints of medium quality pass at a third; the limit of 45 % lets that through by design.",
    )


def follow_up(stage: Stage) -> FollowUp:
    """What is to be done about the confirmed one: the first is done soon, the second is late by now."""
    incident = Incident.objects.get(status=IncidentStatus.CONFIRMED)
    actor = stage.actor("security_all")
    done = add_follow_up(
        actor,
        incident=incident,
        text="Close the account and look for others from the same device.",
        owner="security_web",
        due_at=stage.clock.now + timedelta(days=2),
    )
    add_follow_up(
        stage.actor("security_all"),
        incident=incident,
        text="Propose a lower limit for prints of medium quality in the next gate policy.",
        owner="qa_lead",
        due_at=timezone.now() - timedelta(days=1),
    )
    stage.clock.pass_by(hours=26)
    return finish_follow_up(
        stage.actor("security_web"),
        follow_up=done,
        outcome="The account is closed. Two more were opened from that device; both were refused.",
    )


def _reported(stage: Stage, reporter: str, channel: Channel, decision: UUID, text: str) -> Incident:
    told = Told(IncidentKind.SPOOF_ACCEPTANCE, IncidentStatus.SUSPECTED, text, Named(decision))
    return report_incident(stage.actor(reporter), channel=channel, told=told)
