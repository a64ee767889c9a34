"""What people do on the page of a review: conclude it."""

from datetime import datetime
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils import timezone

from governance.access.admin_acts import Act, ReasonForm, Words
from governance.access.admin_base import admin_url
from governance.actors import Actor
from releases.monitoring.drift.figures import figures_of, settled
from releases.monitoring.drift.models import DriftReview
from releases.monitoring.drift.queries import listed_reviews
from releases.monitoring.drift.services import conclude_review
from releases.monitoring.drift.wording import named


class ConclusionForm(ReasonForm):
    """Acceptable or not, and why; the figures that were read stand in hidden fields."""

    acceptable = forms.TypedChoiceField(
        label="May it go on as it is",
        choices=[("yes", "Yes, it may go on"), ("no", "No: it is to be held, taken back or replaced")],
        coerce=lambda value: value == "yes",
    )
    until = forms.CharField(widget=forms.HiddenInput, max_length=40)
    figures_digest = forms.CharField(widget=forms.HiddenInput, max_length=71)
    renamed = {"conclusion": "reason"}
    field_order = ("acceptable", "reason")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["reason"].label = "What the figures show"

    def clean_until(self) -> datetime:
        """The end of the period that was read."""
        try:
            at = datetime.fromisoformat(self.cleaned_data["until"])
        except ValueError as error:
            raise forms.ValidationError("Open the review again: this is no time.") from error
        if at.tzinfo is None:
            raise forms.ValidationError("Open the review again: this time has no zone.")
        return at


class ConcludeReview(Act):
    """Say what the figures show."""

    form_class = ConclusionForm

    def rows(self) -> QuerySet[DriftReview]:
        """All reviews."""
        return listed_reviews()

    def initial(self, target: DriftReview) -> dict[str, Any]:
        """The figures as they are now."""
        until = settled(timezone.now())
        return {"until": until.isoformat(), "figures_digest": figures_of(target, until).digest}

    def words(self, target: DriftReview) -> Words:
        """What it is."""
        return Words(
            f"Review {named(target)} after its launch",
            "The figures on the page are kept with your conclusion. It changes nothing by itself: who may "
            "hold or roll back is told.",
            "Conclude the review",
        )

    def run(self, actor: Actor, target: DriftReview, given: dict[str, Any]) -> str:
        """Conclude it."""
        conclude_review(
            actor,
            review=target,
            acceptable=given["acceptable"],
            conclusion=given["reason"],
            until=given["until"],
            figures_digest=given["figures_digest"],
        )
        return "The review is on record."

    def next_url(self, target: DriftReview) -> str:
        """The review's page."""
        return admin_url(DriftReview, "change", target.pk)
