"""Verbs on what follows from an incident: its report, what ought to have caught it, and follow-ups."""

from datetime import datetime
from typing import Any

from governance.access.models import Account
from governance.access.queries import has_permission, readers_of, require
from governance.access.roles import Permission
from governance.actors import Actor, moment
from governance.errors import GovernanceError, invalid
from governance.ledger.verbs import record, verb
from releases.gates.models import GateEvaluation
from releases.monitoring.incidents.missing import criteria_that_let_it_pass
from releases.monitoring.incidents.models import FollowUp, Incident, IncidentStatus
from releases.monitoring.incidents.recipients import tell_of_follow_up
from releases.monitoring.incidents.steps import document, lock_incident, record_change


class IncidentOver(GovernanceError):
    """The incident was dismissed: nothing follows from it."""

    code = "incident_over"
    title = "The incident was dismissed"
    next_step = "Report it anew if there is new evidence."


class ReportFiled(GovernanceError):
    """The report of the incident was filed before."""

    code = "report_filed"
    title = "Filed before"
    next_step = "Nothing is due; put what came later into a follow-up."


class FollowUpDone(GovernanceError):
    """Somebody has done it."""

    code = "follow_up_done"
    title = "Done before"
    next_step = "Add another follow-up if something is left to do."


class NotYourFollowUp(GovernanceError):
    """It belongs to somebody else."""

    code = "not_your_follow_up"
    status = 403
    title = "Not yours"
    next_step = "Its owner, a release manager or a security reviewer of the channel says that it is done."


@verb("incident.report_filed")
def file_report(actor: Actor, *, incident: Incident, reference: str) -> Incident:
    """Say that the incident was reported to whom it is to be reported, and under which reference.

    Raises:
        ReportFiled, IncidentOver: see the messages.
        InvalidInput: no reference.
    """
    require(actor, Permission.HANDLE_INCIDENT, incident.channel)
    if not reference.strip():
        raise invalid("reference", "say where the report is: its number, address or receiver.")
    incident = _open(incident)
    if incident.report_filed_at is not None:
        raise ReportFiled(
            f"{incident.report_filed_by_username} filed it on {incident.report_filed_at:%F %R} UTC: "
            f"{incident.report_reference}."
        )
    before = document(incident)
    incident.report_filed_at = moment()
    incident.report_filed_by_username = actor.username
    incident.report_reference = reference
    incident.save()
    record_change(incident, before=before)
    return incident


@verb("incident.criterion_named")
def name_criterion(actor: Actor, *, incident: Incident, criterion: str, reason: str) -> Incident:
    """Name the criterion of the gate that ought to have caught it; none (empty) where none was looking.

    It is of the evaluation that let the release live. Naming another later replaces it; the ledger keeps
    both.

    Raises:
        IncidentOver: it was dismissed.
        InvalidInput: no reason, or a criterion that the evaluation does not have.
    """
    require(actor, Permission.HANDLE_INCIDENT, incident.channel)
    if not reason.strip():
        raise invalid("reason", "say why it was not caught.")
    incident = _open(incident)
    before = document(incident)
    incident.evaluation = _evaluation(incident, criterion)
    incident.missed_by = criterion
    incident.missed_reason = reason
    incident.save()
    record_change(incident, before=before, reason=reason)
    return incident


def _evaluation(incident: Incident, criterion: str) -> GateEvaluation | None:
    found = criteria_that_let_it_pass(incident)
    if criterion and criterion not in found.criteria:
        known = ", ".join(found.criteria) or "none: no gate stands behind what decided"
        raise invalid("criterion", f"{criterion!r} is no criterion of its evaluation; there are {known}.")
    return found.evaluation


@verb("follow_up.added")
def add_follow_up(actor: Actor, *, incident: Incident, text: str, owner: str, due_at: datetime) -> FollowUp:
    """Have somebody, by username, do something about the incident by a day.

    Raises:
        IncidentOver: it was dismissed.
        InvalidInput: no text, a time that has passed, or nobody active who can read the incident.
    """
    require(actor, Permission.HANDLE_INCIDENT, incident.channel)
    if not text.strip():
        raise invalid("text", "say what is to be done.")
    incident = _open(incident)
    if due_at <= moment():
        raise invalid("due_at", f"{due_at:%F %R} UTC has passed.")
    account = Account.objects.filter(username=owner, is_active=True).first()
    readers = readers_of(incident.access_scope(), moment())
    if account is None or not readers.filter(id=account.id).exists():
        raise invalid(
            "owner",
            f"{owner!r} is no active account that may read {incident.channel}.",
            next_step="Name the username of somebody with a role there.",
        )
    follow_up = FollowUp.objects.create(
        incident=incident,
        text=text,
        owner=account,
        owner_username=account.username,
        due_at=due_at,
        added_at=moment(),
        added_by_username=actor.username,
    )
    record(incident.stream(), after=_document(follow_up))
    tell_of_follow_up("follow_up.added", follow_up)
    return follow_up


@verb("follow_up.done")
def finish_follow_up(actor: Actor, *, follow_up: FollowUp, outcome: str) -> FollowUp:
    """Say that it is done and what came of it: its owner, or whoever handles incidents there.

    Raises:
        NotYourFollowUp, FollowUpDone, IncidentOver: see the messages.
        InvalidInput: no outcome.
    """
    require(actor, Permission.VIEW, follow_up.incident)
    incident = _open(follow_up.incident)
    follow_up = FollowUp.objects.select_for_update(no_key=True).get(id=follow_up.id)
    follow_up.incident = incident
    may = has_permission(actor, Permission.HANDLE_INCIDENT, incident.channel)
    if actor.id != follow_up.owner_id and not may:
        raise NotYourFollowUp(f"{follow_up.owner_username} is to do this.")
    if not outcome.strip():
        raise invalid("outcome", "say what came of it.")
    if follow_up.done_at is not None:
        raise FollowUpDone(f"{follow_up.done_by_username} did it on {follow_up.done_at:%F %R} UTC.")
    follow_up.done_at = moment()
    follow_up.done_by_username = actor.username
    follow_up.outcome = outcome
    follow_up.save()
    record(incident.stream(), before={"done_at": None}, after=_document(follow_up), reason=outcome)
    tell_of_follow_up("follow_up.done", follow_up)
    return follow_up


def _open(incident: Incident) -> Incident:
    """The incident, locked, unless it was dismissed."""
    locked = lock_incident(incident)
    if locked.status == IncidentStatus.DISMISSED:
        raise IncidentOver(
            f"{locked.status_changed_by_username} dismissed it on {locked.status_changed_at:%F %R} UTC."
        )
    return locked


def _document(follow_up: FollowUp) -> dict[str, Any]:
    return {
        "incident": follow_up.incident_id,
        "follow_up": follow_up.id,
        "text": follow_up.text,
        "owner": follow_up.owner_username,
        "due_at": follow_up.due_at,
        "done_at": follow_up.done_at,
    }
