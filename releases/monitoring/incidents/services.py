"""Verbs on incidents: report, confirm, dismiss, find out which release decided."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from governance.access.queries import require
from governance.access.roles import Permission
from governance.actors import Actor, moment
from governance.errors import GovernanceError, invalid
from governance.ledger.canonical import digest_of
from governance.ledger.verbs import verb
from governance.notifications.withdrawing import stop_asking
from governance.registry.models import Channel
from releases.monitoring.incidents.attribution import Decided, Named, decided_by
from releases.monitoring.incidents.evidence import evidence_of
from releases.monitoring.incidents.models import Attribution, Incident, IncidentKind, IncidentStatus
from releases.monitoring.incidents.people import check_may_dismiss, check_may_let_off
from releases.monitoring.incidents.recipients import tell_of_incident
from releases.monitoring.incidents.stages import IncidentDecided, check_transition
from releases.monitoring.incidents.steps import document, lock_incident, record_change
from releases.monitoring.terms.queries import terms_of
from releases.rollouts.steps import lock_channels

S = IncidentStatus


class IncidentKnown(GovernanceError):
    """The decision is part of an incident already."""

    code = "incident_known"
    title = "Reported before"
    next_step = "Confirm, dismiss or complete that incident instead."


class AlreadyAttributed(GovernanceError):
    """It is known which release decided."""

    code = "already_attributed"
    title = "The release is known"
    next_step = "What a decision's stamp, or the arm of its subject, says stays."


@dataclass(frozen=True)
class Told:
    """What a reporter says: ``evidence`` is a text, or an object with text, links and digests."""

    kind: str
    status: str
    evidence: object
    named: Named = field(default_factory=Named)
    species: str = ""


@verb("incident.reported")
def report_incident(actor: Actor, *, channel: Channel, told: Told) -> Incident:
    """Report that something went wrong on the channel, suspected or confirmed.

    Where a trigger of the plan is about it and in force, that acts at the next tick: a suspected one holds
    what is on its way there, a confirmed one takes back what decided.

    Raises:
        DecisionNotReported, IncidentKnown: see the messages.
        InvalidInput: a field does not fit.
    """
    require(actor, Permission.HANDLE_INCIDENT, channel)
    _check_told(told)
    evidence = evidence_of(told.evidence)
    (locked,) = lock_channels([channel.id])
    _check_new(told)
    decided = decided_by(actor, locked, told.named, moment())
    incident = _store(actor, locked, told, evidence, decided)
    record_change(incident, refs={"evidence": digest_of(evidence)})
    tell_of_incident("incident.reported", incident)
    return incident


def _check_told(told: Told) -> None:
    if told.kind not in IncidentKind.values:
        raise invalid("kind", f"{told.kind!r} is none of {', '.join(IncidentKind.values)}.")
    if told.status not in {S.SUSPECTED, S.CONFIRMED}:
        raise invalid("status", f"{told.status!r}: an incident is reported as suspected or confirmed.")


def _check_new(told: Told) -> None:
    if told.named.decision is None:
        return
    rows = Incident.objects.filter(decision=told.named.decision, kind=told.kind)
    known = rows.exclude(status=S.DISMISSED).first()
    if known is not None:
        raise IncidentKnown(
            f"{known.reported_by_username} reported this decision on {known.reported_at:%F %R} UTC "
            f"(incident {known.id}); it is {known.get_status_display().lower()}."
        )


def _store(
    actor: Actor, channel: Channel, told: Told, evidence: dict[str, Any], decided: Decided
) -> Incident:
    hours = terms_of(channel.system).report_within_hours
    incident = Incident(
        channel=channel,
        kind=told.kind,
        status=told.status,
        decision=told.named.decision,
        species=told.species,
        evidence=evidence,
        reported_at=moment(),
        reported_by_username=actor.username,
        status_changed_at=moment(),
        status_changed_by_username=actor.username,
        report_due_at=moment() + timedelta(hours=hours),
    )
    _set_decided(incident, decided)
    incident.save(force_insert=True)
    return incident


def _set_decided(incident: Incident, decided: Decided) -> None:
    incident.happened_at = decided.happened_at
    incident.subject = decided.subject
    incident.revision = decided.revision
    incident.attribution = decided.attribution
    incident.possible = list(decided.possible)
    incident.stage = decided.stage


@verb("incident.confirmed")
def confirm_incident(actor: Actor, *, incident: Incident, reason: str, species: str = "") -> Incident:
    """Say that it did happen. What decided is taken back at the next tick, if a trigger of its plan says so
    and it still answers there.

    Raises:
        IncidentDecided: it is confirmed or dismissed.
        InvalidInput: no reason.
    """
    require(actor, Permission.HANDLE_INCIDENT, incident.channel)
    return _decide(actor, incident, S.CONFIRMED, reason, species)


@verb("incident.dismissed")
def dismiss_incident(actor: Actor, *, incident: Incident, reason: str) -> Incident:
    """Say that it did not happen, and why: a person who has no part in what it speaks against. A rollout that
    it held stays held until somebody resumes it.

    Raises:
        IncidentDecided: it is confirmed or dismissed.
        NotYoursToDismiss, NotInPerson, ReauthenticationNeeded, SecondFactorNeeded: who, and how well proved.
        InvalidInput: no reason.
    """
    require(actor, Permission.HANDLE_INCIDENT, incident.channel)
    return _decide(actor, incident, S.DISMISSED, reason, "")


def _decide(actor: Actor, incident: Incident, to: IncidentStatus, reason: str, species: str) -> Incident:
    if not reason.strip():
        raise invalid("reason", f"say what shows that it is to be {to.label.lower()}.")
    incident = lock_incident(incident)
    before = document(incident)
    check_transition(incident.status, to, by=incident.status_changed_by_username)
    if to is S.DISMISSED:
        check_may_dismiss(actor, incident)
    incident.status = to
    incident.status_changed_at = moment()
    incident.status_changed_by_username = actor.username
    incident.conclusion = reason
    incident.species = species or incident.species
    incident.save()
    record_change(incident, before=before, reason=reason)
    if to is S.DISMISSED:
        stop_asking(incident, because="The incident was dismissed.")
    tell_of_incident(f"incident.{to.value}", incident)
    return incident


@verb("incident.attributed")
def attribute_incident(actor: Actor, *, incident: Incident, named: Named) -> Incident:
    """Name the decision or the subject of an incident of which nobody knows which release decided it.

    Raises:
        AlreadyAttributed, IncidentDecided: it is known, or the incident was dismissed.
        DecisionNotReported, IncidentKnown, InvalidInput: see the messages.
        NotYoursToDismiss: it would no longer speak against a release that the actor has a part in.
    """
    require(actor, Permission.HANDLE_INCIDENT, incident.channel)
    # So that the decision does not go meanwhile; a channel is locked before a release.
    lock_channels([incident.channel_id])
    incident = lock_incident(incident)
    if incident.status == S.DISMISSED:
        raise IncidentDecided("The incident was dismissed.", next_step="Report it anew.")
    if incident.attribution != Attribution.UNKNOWN:
        raise AlreadyAttributed(f"It is known {incident.get_attribution_display()}.")
    if named.decision is None and not named.subject:
        raise invalid("decision", "name the decision or the subject.")
    _check_new(Told(incident.kind, incident.status, "", named))
    before = document(incident)
    at = named.happened_at or (None if named.decision else incident.happened_at)
    decided = decided_by(actor, incident.channel, Named(named.decision, named.subject, at), moment())
    check_may_let_off(actor, incident, decided.revision)
    incident.decision = named.decision or incident.decision
    _set_decided(incident, decided)
    incident.save()
    record_change(incident, before=before)
    tell_of_incident("incident.attributed", incident)
    return incident
