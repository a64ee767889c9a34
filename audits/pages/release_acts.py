"""What people do to a release from its page: freeze, evaluate, ask for approval, withdraw."""

from typing import Any

from django import forms
from django.http import Http404

from audits.pages.frame import visible_revision
from governance.access.admin_acts import Act, ActForm, ReasonForm, Words
from governance.access.admin_base import admin_url
from governance.actors import Actor
from governance.registry.models import Channel
from releases.approvals.models import RequestState
from releases.approvals.services import request_approval, withdraw_request
from releases.bundles.models import Release, Revision
from releases.bundles.services import freeze_release, withdraw_release
from releases.gates.runs.evaluation import request_evaluation


class RevisionAct(Act):
    """An act on a revision; it leads back to the release's page."""

    def target(self) -> Revision:
        """The revision with its content."""
        return visible_revision(self.request, self.kwargs["pk"])

    def next_url(self, target: Revision) -> str:
        """The release's page."""
        return admin_url(Release, "change", target.release_id)


class Freeze(RevisionAct):
    """Freeze a draft."""

    form_class = ActForm

    def words(self, target: Revision) -> Words:
        """What freezing does."""
        return Words(
            f"Freeze {target.release.name}, revision {target.number}",
            "Slots, channels, card and plans get their digests and change no more. A later "
            "change is a new revision.",
            "Freeze",
        )

    def run(self, actor: Actor, target: Revision, given: dict[str, Any]) -> str:
        """Freeze it."""
        freeze_release(actor, revision=target)
        return f"{target.release.name} revision {target.number} is frozen. Ask for its evaluation next."


class Evaluate(RevisionAct):
    """Ask for an evaluation."""

    form_class = ActForm

    def words(self, target: Revision) -> Words:
        """What an evaluation does."""
        return Words(
            f"Evaluate {target.release.name}, revision {target.number}",
            "The policy that was in force when it was frozen judges it against what is live now. "
            "Every run stays on "
            "record, and later runs of the same line on the same data have a harder time to pass.",
            "Evaluate",
        )

    def run(self, actor: Actor, target: Revision, given: dict[str, Any]) -> str:
        """Ask for it."""
        request_evaluation(actor, revision=target)
        return f"The evaluation of {target.release.name} is asked for; its result appears here by itself."


class RequestForm(ReasonForm):
    """For which channels, why, and until when."""

    channels = forms.MultipleChoiceField(label="Channels", widget=forms.CheckboxSelectMultiple)
    deadline_at = forms.DateTimeField(
        label="Decide by (UTC)",
        required=False,
        help_text="Left empty: in 72 hours, or when an override of the gate ends.",
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )
    field_order = ("channels", "reason", "deadline_at")

    def __init__(self, *args: Any, revision: Revision, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        channels = [row.channel for row in revision.channel_rows.all()]
        self.fields["channels"].choices = [(str(channel.pk), channel.name) for channel in channels]  # type: ignore[attr-defined]  # a choice field
        self.fields["reason"].help_text = "Tell the approvers what they decide about, and why now."


class RequestApproval(RevisionAct):
    """Ask for approval."""

    form_class = RequestForm

    def form_arguments(self, actor: Actor, target: Revision) -> dict[str, Any]:
        """The form offers the revision's channels."""
        return {"revision": target}

    def initial(self, target: Revision) -> dict[str, Any]:
        """All channels on which the revision is not live."""
        live = {row.channel_id for row in target.deployments.filter(state="live")}
        return {
            "channels": [
                str(row.channel_id) for row in target.channel_rows.all() if row.channel_id not in live
            ]
        }

    def words(self, target: Revision) -> Words:
        """What the request does."""
        return Words(
            f"Request approval of {target.release.name}, revision {target.number}",
            "The rules in force decide which seats must be filled; you cannot fill one of them. "
            "The newest evaluation "
            "must be a pass, or be overridden.",
            "Request approval",
        )

    def run(self, actor: Actor, target: Revision, given: dict[str, Any]) -> str:
        """Ask for it."""
        channels = list(Channel.objects.filter(pk__in=given["channels"]))
        request_approval(
            actor,
            revision=target,
            channels=channels,
            reason=given["reason"],
            deadline_at=given["deadline_at"],
        )
        return f"Approval of {target.release.name} is asked for."


class WithdrawRequest(RevisionAct):
    """Take an open request back."""

    def words(self, target: Revision) -> Words:
        """What taking it back does."""
        return Words(
            f"Withdraw the request for {target.release.name}",
            "Its votes are void and the release is frozen again; approval can be asked for anew.",
            "Withdraw request",
        )

    def run(self, actor: Actor, target: Revision, given: dict[str, Any]) -> str:
        """Take it back."""
        opened = target.approval_requests.filter(state=RequestState.OPEN).first()
        if opened is None:
            raise Http404
        withdraw_request(actor, request=opened, reason=given["reason"])
        return f"The request for {target.release.name} is withdrawn."


class Withdraw(RevisionAct):
    """Withdraw a release for good."""

    def words(self, target: Revision) -> Words:
        """What withdrawing does."""
        return Words(
            f"Withdraw {target.release.name}, revision {target.number}",
            "It can never go live after that. Its record stays.",
            "Withdraw for good",
            is_danger=True,
        )

    def run(self, actor: Actor, target: Revision, given: dict[str, Any]) -> str:
        """Withdraw it."""
        withdraw_release(actor, revision=target, reason=given["reason"])
        return f"{target.release.name} revision {target.number} is withdrawn."
