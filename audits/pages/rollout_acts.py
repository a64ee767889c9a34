"""What people do to a release on its channels: start its rollout, adopt what served before."""

from typing import Any

from django import forms
from django.http import Http404

from audits.pages.frame import proposal_about
from audits.pages.plan_words import stage_does, stage_lasts, stage_title
from audits.pages.release_acts import RevisionAct
from audits.pages.rollout_offers import rollout_url
from governance.access.admin_acts import ActForm, ReasonForm, Words
from governance.access.models import Proposal
from governance.access.queries import visible_to
from governance.access.requests import actor_from
from governance.actors import Actor
from governance.registry.models import Channel
from releases.bundles.models import Revision
from releases.bundles.queries import live_revision
from releases.rollouts.adoption import VERB as ADOPTION
from releases.rollouts.adoption import submit_adoption
from releases.rollouts.models import DeploymentState
from releases.rollouts.services import start_rollout
from releases.rollouts.stages import current_step, first_step


class StartRollout(RevisionAct):
    """Start bringing an approved release live on a channel."""

    form_class = ActForm

    @property
    def channel(self) -> Channel:
        """The channel that the address names, within the reader's reach."""
        rows = visible_to(Channel.objects.all(), actor_from(self.request))
        found = rows.filter(pk=self.kwargs["channel"]).first()
        if found is None:
            raise Http404
        return found

    def words(self, target: Revision) -> Words:
        """What the first stage does."""
        channel = self.channel
        serving = live_revision(channel)
        first = first_step(target, has_stable=serving is not None)
        name = target.release.name
        if not first.is_last and serving is not None:
            return Words(
                f"Start the rollout of {name} on {channel.name}",
                f"{stage_title(first.stage)}: {stage_does(first.stage)} Everybody else stays on "
                f"{serving.release.name}. {stage_lasts(first.stage)}".strip(),
                "Start rollout",
            )
        if serving is None:
            effect = "It goes live at once: nothing is live there to compare it with or to go back to."
        else:
            effect = (
                "All traffic of the channel at once; no guarded stage comes before. It replaces "
                f"{serving.release.name}, which a roll back returns to."
            )
        return Words(f"{name} goes live on {channel.name}", effect, "Go live")

    def run(self, actor: Actor, target: Revision, given: dict[str, Any]) -> str:
        """Start it."""
        self.started = start_rollout(actor, revision=target, channel=self.channel)
        name, channel = target.release.name, self.channel.name
        if self.started.state == DeploymentState.LIVE:
            return f"{name} is live on {channel}."
        title = stage_title(current_step(self.started).stage)
        return f"{name} is rolling out on {channel}: {title[0].lower()}{title[1:]}."

    def next_url(self, target: Revision) -> str:
        """The rollout's page once it is on its way, else the release's."""
        started = getattr(self, "started", None)
        if started is not None and started.state != DeploymentState.LIVE:
            return rollout_url(started)
        return super().next_url(target)


class AdoptForm(ReasonForm):
    """Which channels the release serves already."""

    channels = forms.MultipleChoiceField(
        label="Channels that it serves already", widget=forms.CheckboxSelectMultiple
    )
    field_order = ("channels", "reason")

    def __init__(self, *args: Any, revision: Revision, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        channels = [row.channel for row in revision.channel_rows.all()]
        self.fields["channels"].choices = [(str(channel.pk), channel.name) for channel in channels]  # type: ignore[attr-defined]  # a choice field


class ProposeAdoption(RevisionAct):
    """First of two persons: say that a release is what serves channels already."""

    form_class = AdoptForm

    def form_arguments(self, actor: Actor, target: Revision) -> dict[str, Any]:
        """The form offers the revision's channels."""
        return {"revision": target}

    def words(self, target: Revision) -> Words:
        """What an adoption is."""
        return Words(
            f"Propose to adopt {target.release.name}",
            "For a release that was live before releases were governed. No gate and no approval "
            "stand behind it, so "
            "a second person confirms within 24 hours, and it is marked adopted wherever it is shown.",
            "Propose",
        )

    def run(self, actor: Actor, target: Revision, given: dict[str, Any]) -> str:
        """Propose it."""
        channels = list(Channel.objects.filter(pk__in=given["channels"]))
        submit_adoption(actor, revision=target, channels=channels, reason=given["reason"])
        return "Proposed. Another release manager or an approver confirms it on this page."


class ConfirmAdoption(RevisionAct):
    """Second of two persons: confirm exactly what was proposed."""

    form_class = ActForm

    def proposal(self, target: Revision) -> Proposal:
        """The proposal that the address names, if it is about this revision."""
        return proposal_about(target, self.kwargs["proposal"], ADOPTION)

    def words(self, target: Revision) -> Words:
        """What is confirmed."""
        proposal = self.proposal(target)
        names = Channel.objects.filter(pk__in=proposal.arguments["channels"]).values_list("name", flat=True)
        return Words(
            f"Confirm that {target.release.name} serves {', '.join(sorted(names))} already",
            f"Proposed by {proposal.proposed_by_username}: {proposal.reason}",
            "Confirm",
        )

    def run(self, actor: Actor, target: Revision, given: dict[str, Any]) -> str:
        """Confirm it."""
        proposal = self.proposal(target)
        channels = list(Channel.objects.filter(pk__in=proposal.arguments["channels"]))
        submit_adoption(
            actor, revision=target, channels=channels, reason=proposal.reason, proposal=proposal.pk
        )
        return f"{target.release.name} is adopted and live."
