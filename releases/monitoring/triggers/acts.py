"""What people do about a trigger on its page: acknowledge a latch, go on past it."""

from typing import Any

from django import forms
from django.db.models import QuerySet
from django.http import Http404
from django.utils import timezone

from governance.access.admin_acts import Act, ActForm, ReasonForm, Words
from governance.access.admin_base import admin_url
from governance.access.models import Proposal
from governance.actors import Actor
from releases.gates.overrides.terms import LONGEST_HOURS
from releases.monitoring.triggers.models import TriggerStatus
from releases.monitoring.triggers.overriding import TriggerTerms, submit_trigger_override
from releases.monitoring.triggers.queries import listed_triggers, open_proposals_of, shown_sentence, spec_of
from releases.monitoring.triggers.services import acknowledge_trigger


class OnTrigger(Act):
    """An act on a trigger; it leads back to its page."""

    def rows(self) -> QuerySet[TriggerStatus]:
        """All triggers."""
        return listed_triggers()

    def next_url(self, target: TriggerStatus) -> str:
        """The trigger's page."""
        return admin_url(TriggerStatus, "change", target.pk)


class AcknowledgeTrigger(OnTrigger):
    """Take note of a latched trigger."""

    form_class = ReasonForm

    def words(self, target: TriggerStatus) -> Words:
        """What it does, and what it does not."""
        return Words(
            f"Acknowledge the trigger {target} of {target.deployment.release.name}",
            f"{shown_sentence(target)} It goes on firing until the data are good; then it ends. Nothing that "
            "was held or rolled back changes.",
            "Acknowledge",
        )

    def run(self, actor: Actor, target: TriggerStatus, given: dict[str, Any]) -> str:
        """Take note."""
        acknowledge_trigger(actor, status=target, reason=given["reason"])
        return f"The trigger {target} is acknowledged."


class TriggerOverrideForm(ReasonForm):
    """Why the rollout goes on, how long; and the evidence that was looked at."""

    valid_hours = forms.IntegerField(
        label="Hours until it expires",
        min_value=1,
        max_value=LONGEST_HOURS,
        initial=LONGEST_HOURS,
        help_text="At most 72.",
    )
    evidence_digest = forms.CharField(widget=forms.HiddenInput, max_length=71)


class OverrideTrigger(OnTrigger):
    """Let the rollout go on past the trigger, or propose it where that takes two persons."""

    form_class = TriggerOverrideForm
    proves = True

    def initial(self, target: TriggerStatus) -> dict[str, Any]:
        """The evidence as it stands."""
        return {"evidence_digest": target.evidence_digest}

    def words(self, target: TriggerStatus) -> Words:
        """What it does, and who answers."""
        is_two = spec_of(target).severity == "critical"
        who = (
            "Another approver or security reviewer must confirm exactly this within 24 hours."
            if is_two
            else "You answer for it alone."
        )
        return Words(
            f"Let {target.deployment.release.name} go on past the trigger {target}",
            f"{shown_sentence(target)} An override counts for this evidence in this stage. The trigger goes "
            f"on being evaluated, and everybody sees that it fires. {who}",
            "Propose" if is_two else "Override",
        )

    def run(self, actor: Actor, target: TriggerStatus, given: dict[str, Any]) -> str:
        """Give or propose it."""
        done = submit_trigger_override(actor, status=target, terms=TriggerTerms(**given))
        if isinstance(done, Proposal):
            return "Proposed. Another approver or security reviewer confirms it on this page within 24 hours."
        return f"The trigger {target} stops nothing any more on this evidence."


class ConfirmTriggerOverride(OnTrigger):
    """Second of two persons: confirm exactly what was proposed."""

    form_class = ActForm
    proves = True

    def proposal(self, target: TriggerStatus) -> Proposal:
        """The open proposal about this trigger."""
        found = open_proposals_of(target, timezone.now())
        if not found:
            raise Http404
        return found[0]

    def words(self, target: TriggerStatus) -> Words:
        """What is confirmed."""
        proposal = self.proposal(target)
        return Words(
            f"Confirm that {target.deployment.release.name} goes on past the trigger {target}",
            f"{shown_sentence(target)} Proposed by {proposal.proposed_by_username}: {proposal.reason} You "
            f"both answer for it. It expires {proposal.arguments['valid_hours']} hours after you confirm.",
            "Confirm",
        )

    def run(self, actor: Actor, target: TriggerStatus, given: dict[str, Any]) -> str:
        """Confirm it."""
        proposal = self.proposal(target)
        agreed = proposal.arguments
        terms = TriggerTerms(agreed["evidence_digest"], agreed["reason"], agreed["valid_hours"])
        submit_trigger_override(actor, status=target, terms=terms, proposal=proposal.pk)
        return f"The trigger {target} stops nothing any more on this evidence."
