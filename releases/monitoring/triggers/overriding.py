"""Verbs that let a rollout go on past a trigger that asks to stop it: propose, give.

The same override as past a gate: a reason, at most 72 hours, and this evidence only. A trigger that its plan
calls critical takes two persons; an event, such as a confirmed spoof acceptance, nobody overrides. The
trigger goes on being evaluated, and says so.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from governance.access.models import Account, Proposal
from governance.access.proposals import confirm_proposal, record_confirmation, store_proposal
from governance.access.queries import require
from governance.access.roles import Permission
from governance.access.scopes import AccessScope
from governance.actors import Actor, moment
from governance.errors import GovernanceError, invalid
from governance.ledger.verbs import record, touching, verb
from governance.notifications.withdrawing import stop_asking
from releases.bundles.steps import lock_release
from releases.bundles.triggers import Spec, measured_triggers
from releases.gates.models import Override
from releases.gates.overrides.people import answerable, check_still_answerable, require_answerable
from releases.gates.overrides.services import OverrideNeedsSecondPerson
from releases.gates.overrides.terms import (
    LONGEST_HOURS,
    AlreadyOverridden,
    EvidenceChanged,
    NothingToOverride,
)
from releases.monitoring.triggers.models import TriggerStatus
from releases.monitoring.triggers.queries import listed_triggers, override_of
from releases.monitoring.triggers.recipients import tell_of_trigger_override, tell_of_trigger_proposal
from releases.rollouts.models import DeploymentState

VERB = "trigger.overridden"
GOING = (DeploymentState.ROLLING_OUT, DeploymentState.HELD, DeploymentState.LIVE)


class EventIsFinal(GovernanceError):
    """What happened, happened: no reason makes a confirmed spoof acceptance go away."""

    code = "event_is_final"
    title = "An event is not overridden"
    next_step = "Dismiss the incident if it did not happen; else roll back."


@dataclass(frozen=True)
class TriggerTerms:
    """What one or two persons answer for; ``evidence_digest`` is of what they have looked at."""

    evidence_digest: str
    reason: str
    valid_hours: int = LONGEST_HOURS


@dataclass(frozen=True)
class TriggerCase:
    """Terms that fit: the trigger, locked, with its document in the plan."""

    status: TriggerStatus
    spec: Spec
    terms: TriggerTerms

    @property
    def takes_two(self) -> bool:
        """Whether two persons must answer for it."""
        return self.spec.severity == "critical"

    @property
    def permission(self) -> Permission:
        """What each of them must hold on the channel."""
        return Permission.OVERRIDE_FAIL if self.takes_two else Permission.OVERRIDE_INCONCLUSIVE

    @property
    def scope(self) -> AccessScope:
        """The channel of the rollout."""
        return self.status.access_scope()

    @property
    def arguments(self) -> dict[str, Any]:
        """What two persons agree on, to the letter."""
        return {
            "trigger": self.status.id,
            "deployment": self.status.deployment_id,
            "revision": self.status.deployment.revision_id,
            "stage_number": self.status.deployment.stage_number,
            "evidence_digest": self.terms.evidence_digest,
            "reason": self.terms.reason,
            "valid_hours": self.terms.valid_hours,
        }


def submit_trigger_override(
    actor: Actor, *, status: TriggerStatus, terms: TriggerTerms, proposal: UUID | None = None
) -> Override | Proposal:
    """Give the override where one person may or ``proposal`` names what another proposed, else propose it."""
    if proposal is None and _spec(status).severity == "critical":
        return propose_trigger_override(actor, status=status, terms=terms)
    return override_trigger(actor, status=status, terms=terms, proposal=proposal)


@verb("proposal.stored")
def propose_trigger_override(actor: Actor, *, status: TriggerStatus, terms: TriggerTerms) -> Proposal:
    """First of two persons: propose to go on past a critical trigger."""
    require(actor, Permission.VIEW, status)
    case = _answered(actor, status, terms)
    system = case.status.deployment.release.system_id
    proposal = store_proposal(VERB, case.arguments, system_id=system, reason=terms.reason)
    could = answerable(case.status.deployment.revision, case.permission, case.scope, moment())
    tell_of_trigger_proposal(proposal, case.status, Account.objects.filter(id__in=could))
    return proposal


@verb("trigger.overridden")
def override_trigger(
    actor: Actor, *, status: TriggerStatus, terms: TriggerTerms, proposal: UUID | None = None
) -> Override:
    """Let the rollout go on past the trigger: a person alone, or past a critical one the second person, who
    confirms the ``proposal`` of the first by repeating its terms.

    It counts for this trigger, in this stage, on this evidence, until it expires or is withdrawn.

    Raises:
        EventIsFinal, NothingToOverride, EvidenceChanged, AlreadyOverridden: see the messages.
        OverrideRefused, PermissionDenied, NotInPerson, ReauthenticationNeeded: who may, and how well proved.
        OverrideNeedsSecondPerson, ProposerConfirms, ProposalNotOpen, ProposalDiffers
        InvalidInput: a field does not fit.
    """
    require(actor, Permission.VIEW, status)
    case = _answered(actor, status, terms)
    confirmed = _second_person(case, proposal)
    override = _store(actor, case, confirmed)
    _record(actor, override, case)
    if confirmed is not None:
        record_confirmation(confirmed)
        stop_asking(confirmed, because="Somebody has confirmed it.")
    tell_of_trigger_override(override, case.status)
    return override


def _spec(status: TriggerStatus) -> Spec:
    specs: Mapping[str, Spec] = {
        one.key: one for one in measured_triggers(status.deployment.revision.rollback_plan)
    }
    return specs[status.key]


def _answered(actor: Actor, status: TriggerStatus, terms: TriggerTerms) -> TriggerCase:
    """The case, locked, if the actor may answer for it and its terms fit."""
    touching(status.stream())
    lock_release(status.deployment.release_id)
    locked = listed_triggers().select_for_update(of=("self",)).get(id=status.id)
    case = TriggerCase(locked, _spec(locked), terms)
    revision = locked.deployment.revision
    require_answerable(actor, case.permission, case.scope, revision=revision, act="override a trigger")
    _check(case)
    return case


def _check(case: TriggerCase) -> None:
    status, terms = case.status, case.terms
    if status.kind == "event":
        raise EventIsFinal(f"{status} is about events; nobody overrides what happened.")
    if not terms.reason.strip():
        raise invalid("reason", "say why the rollout goes on nevertheless; the record keeps it.")
    if not 1 <= terms.valid_hours <= LONGEST_HOURS:
        raise invalid("valid_hours", f"{terms.valid_hours} is not between 1 and {LONGEST_HOURS} hours.")
    if not status.action or status.deployment.state not in GOING:
        raise NothingToOverride(
            f"The trigger {status} asks for nothing now.", next_step="Read the rollout again."
        )
    if terms.evidence_digest != status.evidence_digest:
        raise EvidenceChanged(
            f"The evidence of {status} is {status.evidence_digest} now, not {terms.evidence_digest}.",
            next_step="Read the trigger again, and override that evidence if it still must be.",
        )
    if override_of(status, moment()):
        raise AlreadyOverridden(f"The trigger {status} is overridden on this evidence already.")


def _second_person(case: TriggerCase, proposal: UUID | None) -> Proposal | None:
    """The confirmed proposal where there is one; a critical trigger is refused without."""
    if proposal is None:
        if case.takes_two:
            raise OverrideNeedsSecondPerson("A critical trigger takes two persons; nobody has proposed this.")
        return None
    confirmed = confirm_proposal(proposal, VERB, case.arguments)
    revision = case.status.deployment.revision
    check_still_answerable(confirmed.proposed_by, case.permission, case.scope, revision=revision)
    return confirmed


def _store(actor: Actor, case: TriggerCase, confirmed: Proposal | None) -> Override:
    deployment = case.status.deployment
    return Override.objects.create(
        release=deployment.release,
        revision=deployment.revision,
        trigger=case.status,
        stage_number=deployment.stage_number,
        critical=case.takes_two,
        manifest_digest=deployment.revision.manifest_digest,
        result_digest=case.status.evidence_digest,
        criteria=[str(case.status)],
        channels=[str(deployment.channel_id)],
        reason=case.terms.reason,
        given_at=moment(),
        given_by_username=confirmed.proposed_by_username if confirmed else actor.username,
        confirmed_by_username=actor.username if confirmed else "",
        expires_at=moment() + timedelta(hours=case.terms.valid_hours),
    )


def _record(actor: Actor, override: Override, case: TriggerCase) -> None:
    """In the override's own stream and, as the consequence, in those of the trigger and the release."""
    status = case.status
    refs = {"manifest": override.manifest_digest, "evidence": override.result_digest}
    after = {
        "override": override.id,
        "trigger": status.id,
        "key": status.key,
        "segment": status.segment or None,
        "sentence": status.sentence,
        "action": status.action,
        "release": override.release_id,
        "revision": override.revision_id,
        "deployment": status.deployment_id,
        "channels": override.channels,
        "stage_number": override.stage_number,
        "critical": override.critical,
        "given_by": override.given_by_username,
        "confirmed_by": override.confirmed_by_username or None,
        "auth": {"method": actor.auth.method, "mfa": actor.auth.mfa, "proved_at": actor.auth.proved_at},
        "expires_at": override.expires_at,
    }
    for stream in (override.stream(), status.stream(), override.release.stream()):
        record(stream, event=VERB, after=after, reason=override.reason, refs=refs)
