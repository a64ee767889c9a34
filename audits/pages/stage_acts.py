"""What people do to a rollout under way: advance, hold, pause, resume, take back."""

from typing import Any

from django import forms

from audits.pages.plan_words import stage_does, stage_title
from audits.pages.rollout_facts import RolloutFacts, rollout_facts, visible_rollout
from audits.pages.rollout_offers import rollout_url
from audits.pages.rollout_standing import reach_words
from governance.access.admin_acts import Act, ActForm, ReasonForm, Words
from governance.actors import Actor
from releases.rollouts.advancing import advance_rollout
from releases.rollouts.drills import start_drill
from releases.rollouts.models import Deployment
from releases.rollouts.progress import hold_rollout, pause_rollout, resume_rollout
from releases.rollouts.readings import last_reading
from releases.rollouts.services import roll_back
from releases.rollouts.stage_approvals import approve_stage


class RolloutAct(Act):
    """An act on a deployment; it leads back to the rollout's page."""

    def target(self) -> Deployment:
        """The deployment, within the reader's reach."""
        return visible_rollout(self.request, self.kwargs["pk"])

    def facts(self, target: Deployment) -> RolloutFacts:
        """What the words are made of."""
        return rollout_facts(target)

    def next_url(self, target: Deployment) -> str:
        """The rollout's page."""
        return rollout_url(target)


class AdvanceForm(ActForm):
    """The stage that was on the screen, and what the person looked at: nothing else speaks for it yet."""

    to_stage = forms.IntegerField(widget=forms.HiddenInput)
    reason = forms.CharField(
        label="What you looked at",
        max_length=4000,
        help_text="Nothing measures the stage yet, so say what you know. It is kept in the record.",
        widget=forms.Textarea(attrs={"rows": 3}),
    )


class Advance(RolloutAct):
    """Enter the next stage."""

    form_class = AdvanceForm

    def words(self, target: Deployment) -> Words:
        """What the next stage does, and that a person answers for it."""
        following = self.facts(target).following
        if following is None:
            return Words(f"{target.release.name} is in its last stage", "Nothing comes after it.", "Advance")
        measured = self.facts(target).here.stage.measures
        named = (
            "All that its plan asks is shown; you let it go on by name."
            if measured
            else "The stage is not measured yet: you answer for it by name."
        )
        return Words(
            f"Advance {target.release.name} on {target.channel.name} to {stage_title(following.stage)}",
            f"{stage_does(following.stage)} {named}",
            "Advance",
        )

    def initial(self, target: Deployment) -> dict[str, Any]:
        """Which stage the person has before their eyes as the next."""
        following = self.facts(target).following
        return {"to_stage": following.number if following else target.stage_number + 1}

    def run(self, actor: Actor, target: Deployment, given: dict[str, Any]) -> str:
        """Advance it."""
        moved = advance_rollout(actor, deployment=target, reason=given["reason"], to_stage=given["to_stage"])
        return f"{target.release.name} is now {moved.stage.replace('_', ' ')} on {target.channel.name}."


class ApproveStageForm(ReasonForm):
    """What the person saw, by its digest, and why it may go on."""

    evidence_digest = forms.CharField(widget=forms.HiddenInput, max_length=71)


class ApproveStage(RolloutAct):
    """Approve what the stage shows."""

    form_class = ApproveStageForm
    proves = True

    def words(self, target: Deployment) -> Words:
        """What the approval is for, and when it falls."""
        facts = self.facts(target)
        return Words(
            f"Approve the stage {stage_title(facts.here.stage).lower()} of {target.release.name}",
            f"You approve what the checks on the page show now on {target.channel.name}. If one of them "
            "comes out otherwise, or the stage begins anew, your approval falls and you are asked again.",
            "Approve",
        )

    def initial(self, target: Deployment) -> dict[str, Any]:
        """Which evidence the person has before their eyes."""
        reading = last_reading(target)
        return {"evidence_digest": reading.digest if reading else ""}

    def run(self, actor: Actor, target: Deployment, given: dict[str, Any]) -> str:
        """Approve it."""
        approve_stage(actor, deployment=target, **given)
        return f"You approved what the stage shows on {target.channel.name}."


class StartDrill(RolloutAct):
    """Rehearse going back."""

    def words(self, target: Deployment) -> Words:
        """Where it goes, and that it comes back by itself."""
        facts = self.facts(target)
        to = facts.target.deployment.revision.release.name if facts.target else "the release before"
        return Words(
            f"Start a drill on {target.channel.name}",
            f"It goes from {target.release.name} to {to} and back by itself, each way until every instance "
            "is seen to follow or four minutes are over. Nobody is served there.",
            "Start drill",
        )

    def run(self, actor: Actor, target: Deployment, given: dict[str, Any]) -> str:
        """Start it."""
        start_drill(actor, channel=target.channel, reason=given["reason"])
        return f"The drill on {target.channel.name} has started."


class Hold(RolloutAct):
    """Stop it where it is."""

    def words(self, target: Deployment) -> Words:
        """What holding does."""
        return Words(
            f"Hold {target.release.name} on {target.channel.name}",
            f"It stays as it is: {reach_words(self.facts(target))} go on getting it, newcomers too, and it "
            "does not advance until it is resumed. To take it from everybody, pause or roll back.",
            "Hold",
        )

    def run(self, actor: Actor, target: Deployment, given: dict[str, Any]) -> str:
        """Hold it."""
        hold_rollout(actor, deployment=target, reason=given["reason"])
        return f"{target.release.name} is held on {target.channel.name}."


class Pause(RolloutAct):
    """Show it to nobody, and keep the rollout."""

    def words(self, target: Deployment) -> Words:
        """What pausing does."""
        return Words(
            f"Pause {target.release.name} on {target.channel.name}",
            "Everybody gets what is live until it is resumed; then its stage begins anew.",
            "Pause",
        )

    def run(self, actor: Actor, target: Deployment, given: dict[str, Any]) -> str:
        """Pause it."""
        pause_rollout(actor, deployment=target, reason=given["reason"])
        return f"{target.release.name} is paused: nobody gets it on {target.channel.name}."


class Resume(RolloutAct):
    """Let it go on."""

    def words(self, target: Deployment) -> Words:
        """What resuming does."""
        again = stage_does(self.facts(target).here.stage)
        paused = f"{again} The minimum duration of the stage begins anew." if target.paused else again
        return Words(f"Resume {target.release.name} on {target.channel.name}", paused, "Resume")

    def run(self, actor: Actor, target: Deployment, given: dict[str, Any]) -> str:
        """Resume it."""
        resume_rollout(actor, deployment=target, reason=given["reason"])
        return f"{target.release.name} goes on on {target.channel.name}."


class RollBack(RolloutAct):
    """Take back what is on its way, or what is live."""

    def words(self, target: Deployment) -> Words:
        """What it goes back to, and that it happens at once."""
        facts = self.facts(target)
        channel = target.channel.name
        if facts.target is None:
            return Words(
                f"Roll back {target.release.name} on {channel}",
                "There is nothing to go back to there. Bring another approved release live instead.",
                "Roll back now",
                is_danger=True,
            )
        to = facts.target.deployment.revision.release.name
        where = (
            f"{channel} stays on {to}." if facts.is_on_its_way else f"{channel} goes back to {to} at once."
        )
        parts = [where, *facts.target.warnings, _beside(facts)]
        parts.append("It can go live there again only by a new approval.")
        return Words(
            f"Roll back {target.release.name} on {channel}",
            " ".join(part for part in parts if part),
            "Roll back now",
            is_danger=True,
        )

    def run(self, actor: Actor, target: Deployment, given: dict[str, Any]) -> str:
        """Take it back."""
        done = roll_back(actor, channel=target.channel, reason=given["reason"], deployment=target)
        rollback = getattr(done, "instance", done)
        return f"{target.channel.name} is back on {rollback.target.release.name}."


def _beside(facts: RolloutFacts) -> str:
    beside = facts.assignment.candidate if facts.assignment and not facts.is_on_its_way else None
    return f"{beside.release.name}, on its way there, is paused." if beside else ""
