"""Casting a vote from the review brief."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.http import Http404
from django.urls import reverse

from audits.pages.brief import newest_request
from audits.pages.frame import visible_revision
from governance.access.admin_acts import Act, ReasonForm, Words
from governance.access.queries import visible_to
from governance.access.requests import actor_from
from governance.actors import Actor
from releases.approvals.acknowledging import Doubt, doubts_to_acknowledge
from releases.approvals.models import ApprovalRequest, VoteDecision
from releases.approvals.services import cast_vote

WORDS = {
    "approve": ("Approve", "Approve", False),
    "reject": ("Reject", "Reject", True),
    "request_changes": ("Request changes to", "Request changes", False),
}
EFFECTS = {
    "approve": "Your vote fills your seat. When every seat is filled the release is approved for 30 days.",
    "reject": "This ends the request. The release needs a new revision to be asked for again.",
    "request_changes": "This ends the request and gives the release back to its author.",
}
SAID = {
    "approve": "You approved {name}.",
    "reject": "You rejected {name}.",
    "request_changes": "You asked for changes to {name}.",
}


class VoteForm(ReasonForm):
    """The reason, whether the voter has a conflict of interest, and what the voter saw."""

    conflict_declared = forms.BooleanField(label="I declare a conflict of interest", required=False)
    review_digest = forms.CharField(widget=forms.HiddenInput, max_length=71)

    def __init__(self, *args: Any, doubts: Sequence[Doubt] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if doubts:
            self.fields["acknowledge"] = forms.MultipleChoiceField(
                label="I have read this and approve in spite of it",
                widget=forms.CheckboxSelectMultiple,
                choices=[(doubt.code, doubt.sentence) for doubt in doubts],
                help_text="Tick each; it is kept with your vote.",
            )
            self.order_fields(["acknowledge", "reason"])


class CastVote(Act):
    """One vote: approve, reject or request changes."""

    form_class = VoteForm
    proves = True

    @property
    def decision(self) -> str:
        """The decision that the address names."""
        decision = str(self.kwargs["decision"]).replace("-", "_")
        if decision not in VoteDecision.values:
            raise Http404
        return decision

    def target(self) -> ApprovalRequest:
        """The revision's request."""
        revision = visible_revision(self.request, self.kwargs["pk"])
        found = newest_request(revision)
        if found is None:
            raise Http404
        mine = visible_to(ApprovalRequest.objects.filter(pk=found.pk), actor_from(self.request))
        if not mine.exists():
            raise Http404
        return found

    def words(self, target: ApprovalRequest) -> Words:
        """What the vote does."""
        title, submit, is_danger = WORDS[self.decision]
        channels = ", ".join(sorted(row.channel.name for row in target.channel_rows.all()))
        return Words(
            f"{title} {target.release.name} for {channels}", EFFECTS[self.decision], submit, is_danger
        )

    def form_arguments(self, actor: Actor, target: ApprovalRequest) -> dict[str, Any]:
        """An approval acknowledges what is in doubt."""
        approves = self.decision == VoteDecision.APPROVE
        return {"doubts": doubts_to_acknowledge(target) if approves else ()}

    def initial(self, target: ApprovalRequest) -> dict[str, Any]:
        """The digest of what the page showed when the form was opened."""
        return {"review_digest": target.review_digest}

    def run(self, actor: Actor, target: ApprovalRequest, given: dict[str, Any]) -> str:
        """Cast it."""
        cast_vote(actor, request=target, decision=self.decision, **given)
        return SAID[self.decision].format(name=target.release.name)

    def next_url(self, target: ApprovalRequest) -> str:
        """Back to the brief, which now shows the vote."""
        return reverse("admin:review", args=[target.revision_id])
