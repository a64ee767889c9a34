"""Letting a release past its gate from the review brief: one person, or the first and the second of two."""

from typing import Any

from django import forms
from django.http import Http404
from django.urls import reverse

from audits.pages.frame import proposal_about, visible_revision
from audits.pages.overrides import titles_of
from governance.access.admin_acts import Act, ActForm, ReasonForm, Words
from governance.access.models import Proposal
from governance.actors import Actor
from governance.registry.models import Channel
from releases.bundles.models import Revision
from releases.gates.models import GateEvaluation, Verdict
from releases.gates.overrides.queries import VERB, completed, failing_criteria
from releases.gates.overrides.services import submit_override
from releases.gates.overrides.terms import (
    LONGEST_HOURS,
    LONGEST_REVIEW_DAYS,
    REVIEW_DAYS,
    OverrideTerms,
)

SAID = {
    True: "Proposed. Another approver or security reviewer confirms it on this page within 24 hours.",
    False: "{name} may go past its gate. Its approval can be requested now.",
}


class OverrideForm(ReasonForm):
    """Which criteria, for which channels, why and how long; and the result that was looked at."""

    criteria = forms.MultipleChoiceField(
        label="Criteria that do not pass",
        widget=forms.CheckboxSelectMultiple,
        help_text="Tick every one: whoever overrides answers for all of them.",
    )
    channels = forms.MultipleChoiceField(label="Channels", widget=forms.CheckboxSelectMultiple)
    valid_hours = forms.IntegerField(
        label="Hours until it expires",
        min_value=1,
        max_value=LONGEST_HOURS,
        initial=LONGEST_HOURS,
        help_text="The last vote must fall before then. At most 72.",
    )
    result_digest = forms.CharField(widget=forms.HiddenInput, max_length=71)
    field_order: tuple[str, ...] = ("criteria", "channels", "reason", "valid_hours")

    def __init__(self, *args: Any, revision: Revision, failing: dict[str, str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        channels = [row.channel for row in revision.channel_rows.all()]
        self.fields["channels"].choices = [(str(channel.pk), channel.name) for channel in channels]  # type: ignore[attr-defined]  # a choice field
        self.fields["criteria"].choices = list(failing.items())  # type: ignore[attr-defined]  # a choice field


class ExpediteForm(OverrideForm):
    """The same, with when somebody looks back at it."""

    review_days = forms.IntegerField(
        label="Days until its review is due",
        min_value=1,
        max_value=LONGEST_REVIEW_DAYS,
        initial=REVIEW_DAYS,
        help_text="A third person looks back at it. Until then it is a gap.",
    )
    field_order = ("criteria", "channels", "reason", "valid_hours", "review_days")


class OnBrief(Act):
    """An act on a revision; it leads back to the brief."""

    proves = True

    def target(self) -> Revision:
        """The revision with its content."""
        return visible_revision(self.request, self.kwargs["pk"])

    def next_url(self, target: Revision) -> str:
        """The brief."""
        return reverse("admin:review", args=[target.pk])

    def evaluation(self, target: Revision) -> GateEvaluation:
        """The newest result."""
        found = completed(target).first()
        if found is None:
            raise Http404
        return found


class GiveOverride(OnBrief):
    """Let the release past its gate, or propose it where that takes two persons."""

    form_class = OverrideForm
    expedite = False

    def form_arguments(self, actor: Actor, target: Revision) -> dict[str, Any]:
        """The form offers what does not pass, and the revision's channels."""
        return {"revision": target, "failing": failing_criteria(self.evaluation(target).result)}

    def initial(self, target: Revision) -> dict[str, Any]:
        """All channels; no criterion is ticked for anybody."""
        return {
            "channels": [str(row.channel_id) for row in target.channel_rows.all()],
            "result_digest": self.evaluation(target).result_digest,
        }

    def words(self, target: Revision) -> Words:
        """What it does, and what it does not."""
        failed = self.evaluation(target).verdict == Verdict.FAIL
        is_two = failed or self.expedite
        verdict = "failed" if failed else "is inconclusive"
        what = (
            "Another approver or security reviewer must confirm exactly this within 24 hours."
            if is_two
            else "You answer for it alone."
        )
        haste = (
            " Its approval is then asked for under the rule for expedited releases." if self.expedite else ""
        )
        return Words(
            f"{'Expedite' if self.expedite else 'Override the gate of'} {target.release.name}, revision "
            f"{target.number}",
            f"The gate {verdict}, and stays so on record. An override lets the release go to approval all "
            f"the same. {what}{haste}",
            "Propose" if is_two else "Override",
        )

    def run(self, actor: Actor, target: Revision, given: dict[str, Any]) -> str:
        """Give or propose it."""
        channels = list(Channel.objects.filter(pk__in=given.pop("channels")))
        terms = OverrideTerms(channels=channels, expedite=self.expedite, **given)
        done = submit_override(actor, revision=target, terms=terms)
        return SAID[isinstance(done, Proposal)].format(name=target.release.name)


class Expedite(GiveOverride):
    """Propose to let it past its gate because of an active attack."""

    form_class = ExpediteForm
    expedite = True


class ConfirmOverride(OnBrief):
    """Second of two persons: confirm exactly what was proposed."""

    form_class = ActForm

    def proposal(self, target: Revision) -> Proposal:
        """The proposal that the address names, if it is about this revision."""
        return proposal_about(target, self.kwargs["proposal"], VERB)

    def words(self, target: Revision) -> Words:
        """What is confirmed."""
        proposal = self.proposal(target)
        agreed = proposal.arguments
        names = Channel.objects.filter(pk__in=agreed["channels"]).values_list("name", flat=True)
        criteria = "; ".join(titles_of(self.evaluation(target), agreed["criteria"]))
        verdict = "failed" if agreed["verdict"] == Verdict.FAIL else "is inconclusive"
        haste = f" Its review is due {agreed['review_days']} days later." if agreed["expedite"] else ""
        return Words(
            f"Confirm that {target.release.name} goes past its gate on {', '.join(sorted(names))}",
            f"The gate {verdict}: {criteria}. Proposed by {proposal.proposed_by_username}: {proposal.reason} "
            f"You both answer for it. It expires {agreed['valid_hours']} hours after you confirm.{haste}",
            "Confirm",
        )

    def run(self, actor: Actor, target: Revision, given: dict[str, Any]) -> str:
        """Confirm it."""
        proposal = self.proposal(target)
        submit_override(actor, revision=target, terms=_terms_of(proposal), proposal=proposal.pk)
        return SAID[False].format(name=target.release.name)


def _terms_of(proposal: Proposal) -> OverrideTerms:
    """The terms as they were proposed."""
    agreed = proposal.arguments
    return OverrideTerms(
        criteria=agreed["criteria"],
        reason=agreed["reason"],
        result_digest=agreed["result_digest"],
        channels=list(Channel.objects.filter(pk__in=agreed["channels"])),
        valid_hours=agreed["valid_hours"],
        expedite=agreed["expedite"],
        review_days=agreed["review_days"] or REVIEW_DAYS,
    )
