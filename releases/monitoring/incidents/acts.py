"""What people do about an incident on its page: decide, say which release it was, complete the record."""

from typing import Any

from django import forms
from django.db.models import QuerySet

from governance.access.admin_acts import Act, ActForm, ReasonForm, Words
from governance.access.admin_base import admin_url
from governance.access.admin_parts import UtcDateTimeField
from governance.actors import Actor
from releases.monitoring.incidents.attribution import Named
from releases.monitoring.incidents.following import (
    add_follow_up,
    file_report,
    finish_follow_up,
    name_criterion,
)
from releases.monitoring.incidents.missing import criteria_that_let_it_pass
from releases.monitoring.incidents.models import FollowUp, Incident
from releases.monitoring.incidents.queries import listed_follow_ups, listed_incidents
from releases.monitoring.incidents.services import attribute_incident, confirm_incident, dismiss_incident
from releases.monitoring.incidents.wording import named


class OnIncident(Act):
    """An act on an incident; it leads back to its page."""

    def rows(self) -> QuerySet[Incident]:
        """All incidents."""
        return listed_incidents()

    def next_url(self, target: Incident) -> str:
        """The incident's page."""
        return admin_url(Incident, "change", target.pk)


class ConfirmForm(ReasonForm):
    """What shows that it happened."""

    species = forms.CharField(
        label="Attack species", max_length=100, required=False, help_text="Such as print, replay or mask."
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["reason"].label = "What shows it"


class ConfirmIncident(OnIncident):
    """It did happen."""

    form_class = ConfirmForm

    def initial(self, target: Incident) -> dict[str, Any]:
        """The species that was reported."""
        return {"species": target.species}

    def words(self, target: Incident) -> Words:
        """What follows."""
        return Words(
            f"Confirm: {target.get_kind_display().lower()} on {target.channel}",
            f"{named(target)[:1].upper()}{named(target)[1:]} decided. What decided is taken back, where the "
            "rollback plan has a trigger for it. This cannot be undone.",
            "Confirm incident",
            is_danger=True,
        )

    def run(self, actor: Actor, target: Incident, given: dict[str, Any]) -> str:
        """Confirm it."""
        confirm_incident(actor, incident=target, **given)
        return "The incident is confirmed."


class DismissIncident(OnIncident):
    """It did not happen."""

    form_class = ReasonForm
    proves = True

    def words(self, target: Incident) -> Words:
        """What follows."""
        return Words(
            f"Dismiss: {target.get_kind_display().lower()} on {target.channel}",
            "It no longer counts. A rollout that it held stays held until somebody resumes it.",
            "Dismiss incident",
        )

    def run(self, actor: Actor, target: Incident, given: dict[str, Any]) -> str:
        """Dismiss it."""
        dismiss_incident(actor, incident=target, reason=given["reason"])
        return "The incident is dismissed."


class AttributeForm(ActForm):
    """Which decision, or whom it met."""

    decision = forms.UUIDField(label="Id of the decision", required=False)
    subject = forms.CharField(
        label="Or the subject",
        max_length=200,
        required=False,
        help_text="The pseudonym by which the decision service asks.",
    )


class AttributeIncident(OnIncident):
    """Say which release decided."""

    form_class = AttributeForm

    def words(self, target: Incident) -> Words:
        """What it needs."""
        return Words(
            "Find out which release decided",
            "More than one release answered then. The stamp of the decision says which one it was, and so "
            "does the arm of the subject.",
            "Find out",
        )

    def run(self, actor: Actor, target: Incident, given: dict[str, Any]) -> str:
        """Attribute it."""
        done = attribute_incident(
            actor, incident=target, named=Named(given["decision"], given["subject"] or "")
        )
        return f"{named(done)[:1].upper()}{named(done)[1:]} decided."


class ReferenceForm(ActForm):
    """Where the report is."""

    reference = forms.CharField(
        label="Reference", max_length=1000, help_text="Its number, its address, or who received it."
    )


class FileReport(OnIncident):
    """Its report was filed."""

    form_class = ReferenceForm

    def words(self, target: Incident) -> Words:
        """What is recorded."""
        return Words(
            "Record that the report was filed",
            "Reporting happens outside; the record keeps when you said so and where the report is.",
            "Record it",
        )

    def run(self, actor: Actor, target: Incident, given: dict[str, Any]) -> str:
        """Record it."""
        file_report(actor, incident=target, reference=given["reference"])
        return "The report is on record."


class CriterionForm(ReasonForm):
    """Which criterion, and why it did not catch it."""

    criterion = forms.ChoiceField(label="Criterion of the gate", required=False)
    field_order = ("criterion", "reason")

    def __init__(self, *args: Any, criteria: dict[str, str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [("", "None of them was looking for this"), *criteria.items()]
        self.fields["criterion"].choices = choices  # type: ignore[attr-defined]  # a choice field
        self.fields["reason"].label = "Why it was not caught"


class NameCriterion(OnIncident):
    """Name what ought to have caught it."""

    form_class = CriterionForm

    def form_arguments(self, actor: Actor, target: Incident) -> dict[str, Any]:
        """The criteria of the evaluation that let the release live."""
        return {"criteria": criteria_that_let_it_pass(target).criteria}

    def initial(self, target: Incident) -> dict[str, Any]:
        """What was named before."""
        return {"criterion": target.missed_by, "reason": target.missed_reason}

    def words(self, target: Incident) -> Words:
        """What it is for."""
        return Words(
            "Name what ought to have caught it",
            "The next policy can then look where this one did not.",
            "Name it",
        )

    def run(self, actor: Actor, target: Incident, given: dict[str, Any]) -> str:
        """Name it."""
        name_criterion(actor, incident=target, criterion=given["criterion"] or "", reason=given["reason"])
        return "It is on record why this was not caught."


class FollowUpForm(ActForm):
    """What is to be done, by whom, until when."""

    text = forms.CharField(
        label="What is to be done", max_length=4000, widget=forms.Textarea(attrs={"rows": 3})
    )
    owner = forms.CharField(label="Who does it", max_length=150, help_text="A username.")
    due_at = UtcDateTimeField(label="Until (UTC)")


class AddFollowUp(OnIncident):
    """Have somebody do something about it."""

    form_class = FollowUpForm

    def initial(self, target: Incident) -> dict[str, Any]:
        """Oneself."""
        return {"owner": self.request.user.get_username()}

    def words(self, target: Incident) -> Words:
        """What happens then."""
        return Words(
            "Add a follow-up", "Its owner is told. It is a gap from the day it is overdue.", "Add it"
        )

    def run(self, actor: Actor, target: Incident, given: dict[str, Any]) -> str:
        """Add it."""
        done = add_follow_up(actor, incident=target, **given)
        return f"{done.owner_username} is told."


class OutcomeForm(ReasonForm):
    """What came of it."""

    renamed = {"outcome": "reason"}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["reason"].label = "What came of it"


class FinishFollowUp(Act):
    """Say that a follow-up is done."""

    form_class = OutcomeForm

    def rows(self) -> QuerySet[FollowUp]:
        """All follow-ups."""
        return listed_follow_ups()

    def words(self, target: FollowUp) -> Words:
        """What it was."""
        return Words("Close a follow-up", target.text, "It is done")

    def run(self, actor: Actor, target: FollowUp, given: dict[str, Any]) -> str:
        """Close it."""
        finish_follow_up(actor, follow_up=target, outcome=given["reason"])
        return "The follow-up is closed."

    def next_url(self, target: FollowUp) -> str:
        """The incident's page."""
        return admin_url(Incident, "change", target.incident_id)
