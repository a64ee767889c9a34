"""What people do to a release on its channels: go live, take back, adopt what served before."""

from typing import Any

from django import forms
from django.http import Http404
from django.urls import reverse

from audits.pages.release_acts import RevisionAct
from governance.access.admin_acts import Act, ActForm, ReasonForm, Words
from governance.access.models import Proposal
from governance.access.queries import visible_to
from governance.access.requests import actor_from
from governance.actors import Actor
from governance.registry.models import Channel
from releases.bundles.models import Revision
from releases.bundles.queries import live_revision
from releases.rollouts.adoption import VERB as ADOPTION
from releases.rollouts.adoption import submit_adoption
from releases.rollouts.queries import live_deployment, rollback_target
from releases.rollouts.services import roll_back, start_rollout


class GoLive(RevisionAct):
    """Bring an approved release live on a channel."""

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
        """What going live does."""
        serving = live_revision(self.channel)
        replaced = f" It replaces {serving.release.name}, which a roll back returns to." if serving else ""
        return Words(
            f"{target.release.name} goes live on {self.channel.name}",
            f"All traffic of the channel at once; no guarded stage comes before.{replaced}",
            "Go live",
        )

    def run(self, actor: Actor, target: Revision, given: dict[str, Any]) -> str:
        """Start it."""
        start_rollout(actor, revision=target, channel=self.channel)
        return f"{target.release.name} is live on {self.channel.name}."


class RollBackForm(ReasonForm):
    """The reason, and the deployment that was on the screen."""

    deployment = forms.UUIDField(widget=forms.HiddenInput, required=False)


class RollBack(Act):
    """Take back what is live on a channel."""

    form_class = RollBackForm

    def rows(self) -> Any:
        """Channels."""
        return Channel.objects.select_related("system")

    def words(self, target: Channel) -> Words:
        """What it goes back to, and that it happens at once."""
        live = live_deployment(target)
        if live is None:
            return Words(
                f"Nothing is live on {target.name}", "There is nothing to take back.", "Roll back", True
            )
        back = rollback_target(live)
        to = back.deployment.revision.release.name if back else ""
        where = f"{target.name} goes back to {to} at once." if to else f"Nothing served {target.name} before."
        warned = " ".join(back.warnings) if back else "Bring another approved release live instead."
        return Words(
            f"Roll back {live.revision.release.name} on {target.name}",
            f"{where} {warned} It can go live there again only by a new approval.".strip(),
            "Roll back now",
            is_danger=True,
        )

    def initial(self, target: Channel) -> dict[str, Any]:
        """Which deployment the person has before their eyes."""
        live = live_deployment(target)
        return {"deployment": str(live.pk) if live else ""}

    def run(self, actor: Actor, target: Channel, given: dict[str, Any]) -> str:
        """Take it back."""
        done = roll_back(actor, channel=target, reason=given["reason"], deployment=self._meant(target, given))
        rollback = getattr(done, "instance", done)
        return f"{target.name} is back on {rollback.target.release.name}."

    def _meant(self, target: Channel, given: dict[str, Any]) -> Any:
        return target.deployments.filter(pk=given["deployment"]).first() if given["deployment"] else None

    def next_url(self, target: Channel) -> str:
        """What is live."""
        return f"{reverse('admin:live')}#{target.pk}"


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
        rows = Proposal.objects.filter(pk=self.kwargs["proposal"], verb=ADOPTION)
        found = rows.filter(arguments__revision=str(target.pk)).first()
        if found is None:
            raise Http404
        return found

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
