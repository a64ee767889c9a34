"""The catalogue of ledger events: the one place where an event is added.

The key is stored for ever and never reused. ``title`` is what a history shows; a verb that names an
event missing here fails when its module is imported.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Event:
    """An event's stored name and its title for people."""

    name: str
    title: str


class UnknownEvent(RuntimeError):
    """The event is not in the catalogue; add it to governance/ledger/events.py."""


KEPT_BY_DIGEST = frozenset(
    {
        *("manifest", "card", "rollout_plan", "rollback_plan", "rule_snapshot", "attestation", "contents"),
        *("policy", "draft", "preset", "inputs", "result", "statement"),
    }
)
"""Names under which entries refer to bytes that are kept; other digests are of what lies elsewhere."""

_CATALOGUE = (
    Event("verb.refused", "Refused"),
    Event("refusals.summarised", "Further refusals counted"),
    Event("account.created", "Account created"),
    Event("account.deactivated", "Account deactivated"),
    Event("account.password_changed", "Password changed"),
    Event("proposal.stored", "Proposed, waits for a second person"),
    Event("proposal.confirmed", "Confirmed by a second person"),
    Event("grant.given", "Role granted"),
    Event("grant.revoked", "Role revoked"),
    Event("token.issued", "Token issued"),
    Event("token.revoked", "Token revoked"),
    Event("ledger.checked", "Record checked as a whole"),
    Event("ledger_key.rotated", "Ledger key rotated: old and new one sign side by side"),
    Event("ledger_key.retired", "Old ledger key retired"),
    Event("ledger_key.replaced", "Lost ledger key replaced, without its signature"),
    Event("ledger_epoch.begun", "New epoch of the ledger after signed entries were lost"),
    Event("system.registered", "System registered"),
    Event("system.log_before_act_set", "Whether the ledger comes first was set"),
    Event("channel.registered", "Channel registered"),
    Event("segment.defined", "Segment defined"),
    Event("component.registered", "Component registered"),
    Event("component.deprecated", "Component deprecated"),
    Event("component.revoked", "Component revoked"),
    Event("score_table.imported", "Scores imported"),
    Event("release.drafted", "Draft made"),
    Event("release.edited", "Draft edited"),
    Event("release.revised", "New revision made; votes on the old one are void"),
    Event("release.frozen", "Frozen"),
    Event("release.withdrawn", "Withdrawn"),
    Event("release.adopted", "Adopted without gate or approval"),
    Event("gate_policy.drafted", "Gate policy drafted"),
    Event("gate_policy.edited", "Draft of a gate policy edited"),
    Event("gate_policy.preset_added", "Preset added to a draft of a gate policy"),
    Event("gate_policy.locked", "Gate policy locked and in force"),
    Event("gate_policy.superseded", "Gate policy replaced by a newer one"),
    Event("gate_evaluation.requested", "Gate evaluation requested"),
    Event("gate_evaluation.completed", "Gate evaluated"),
    Event("gate_evaluation.failed", "Gate evaluation ended with an error"),
    Event("attestation.made", "Attested"),
    Event("override.given", "Gate overridden"),
    Event("override.withdrawn", "Override withdrawn"),
    Event("expedite.reviewed", "Expedited release reviewed afterwards"),
    Event("approval_rule.enacted", "Approval rules enacted"),
    Event("approval.requested", "Approval requested"),
    Event("approval_request.withdrawn", "Request withdrawn"),
    Event("approval_request.expired", "Request expired"),
    Event("approval_request.voided", "Request void after a change"),
    Event("approval_request.reminded", "Voters reminded"),
    Event("vote.cast", "Vote cast"),
    Event("release.approved", "Approved"),
    Event("release.rejected", "Rejected"),
    Event("release.changes_requested", "Changes requested"),
    Event("approval.expired", "Approval expired unused"),
    Event("rollout.started", "Rollout started"),
    Event("rollout.advanced", "Rollout entered its next stage"),
    Event("rollout.held", "Rollout held"),
    Event("rollout.paused", "Rollout paused: nobody gets the candidate"),
    Event("rollout.resumed", "Rollout goes on"),
    Event("rollout.superseded", "Superseded by another release"),
    Event("rollout.rolled_back", "Rolled back"),
    Event("rollout.restored", "Live again after a rollback"),
    Event("rollout.stage_shown", "Stage shows what its plan asks; people were asked to decide"),
    Event("rollout.stage_approved", "What a stage shows was approved"),
    Event("rollout.left_to_people", "A trigger fires and nothing is done by itself; people were told"),
    Event("rollback.landed", "Every instance is seen to follow a rollback"),
    Event("rollback.escalated", "Rollback not seen to land in time"),
    Event("drill.started", "Drill started: gone to the release before"),
    Event("drill.turned", "Drill on its way back"),
    Event("drill.completed", "Drill completed"),
    Event("drill.failed", "Drill failed: not every instance followed in time"),
    Event("assignment.changed", "What is live changed"),
    Event("trigger.armed", "Trigger watched"),
    Event("trigger.pending", "Trigger breached its limit; it does not fire yet"),
    Event("trigger.fired", "Trigger fires"),
    Event("trigger.recovering", "Trigger recovers; it has not let go yet"),
    Event("trigger.cleared", "Trigger is quiet again"),
    Event("trigger.no_data", "Trigger has no data"),
    Event("trigger.failed", "Trigger cannot be evaluated"),
    Event("trigger.measured_again", "Trigger is measured again"),
    Event("trigger.overridden", "Trigger overridden"),
    Event("trigger.acknowledged", "Latched trigger acknowledged"),
    Event("decisions.reported", "Decisions reported"),
    Event("decisions.expired", "Decisions removed as the retention policy says"),
    Event("windows.reopened", "Counted again: decisions came after their window was closed"),
    Event("observations.reported", "Windows reported ready-made"),
    Event("heartbeat.first_reported", "An instance reported a stamp for the first time"),
    Event("monitoring_terms.set", "Terms of monitoring set"),
    Event("incident.reported", "Incident reported"),
    Event("incident.confirmed", "Incident confirmed"),
    Event("incident.dismissed", "Suspected incident dismissed"),
    Event("incident.attributed", "Found which release decided an incident"),
    Event("incident.report_filed", "Report of an incident filed"),
    Event("incident.criterion_named", "Named what ought to have caught an incident"),
    Event("incident.overdue", "Report of an incident is overdue"),
    Event("follow_up.added", "Follow-up of an incident added"),
    Event("follow_up.done", "Follow-up of an incident done"),
    Event("follow_up.overdue", "Follow-up of an incident is overdue"),
    Event("replay.differed", "Replayed decisions came out otherwise"),
    Event("drift_review.planned", "Review after launch planned"),
    Event("drift_review.due", "Review after launch is due"),
    Event("drift_review.concluded", "Release reviewed after launch"),
    Event("dossier.requested", "Dossier asked for"),
    Event("dossier.issued", "Dossier's contents fixed"),
    Event("dossier.completed", "Dossier complete under a signed checkpoint"),
    Event("dossier.failed", "Dossier not made"),
)

EVENTS: dict[str, Event] = {event.name: event for event in _CATALOGUE}


def event_named(name: str) -> Event:
    """The event of the catalogue.

    Raises:
        UnknownEvent: it is not there.
    """
    event = EVENTS.get(name)
    if event is None:
        raise UnknownEvent(f"{name!r} is not in governance/ledger/events.py")
    return event
