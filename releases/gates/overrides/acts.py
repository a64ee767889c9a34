"""What people do to an override from its own page: take it back, review an expedite."""

from typing import Any

from django.db.models import QuerySet

from governance.access.admin_acts import Act, ReasonForm, Words
from governance.access.admin_base import admin_url
from governance.actors import Actor
from releases.gates.models import Override
from releases.gates.overrides.queries import listed_overrides
from releases.gates.overrides.reviewing import review_expedite
from releases.gates.overrides.services import withdraw_override


class OnOverride(Act):
    """An act on an override; it leads back to its page."""

    def rows(self) -> QuerySet[Override]:
        """All overrides."""
        return listed_overrides()

    def next_url(self, target: Override) -> str:
        """The override's page."""
        return admin_url(Override, "change", target.pk)


class WithdrawOverride(OnOverride):
    """Take it back before it is used."""

    form_class = ReasonForm

    def words(self, target: Override) -> Words:
        """What taking it back does."""
        return Words(
            f"Withdraw the override of {target.release.name}, revision {target.revision.number}",
            "The release cannot go past its gate any more. An open request that rests on it takes no "
            "approvals.",
            "Withdraw override",
        )

    def run(self, actor: Actor, target: Override, given: dict[str, Any]) -> str:
        """Take it back."""
        withdraw_override(actor, override=target, reason=given["reason"])
        return f"The override of {target.release.name} is withdrawn."


class ReviewForm(ReasonForm):
    """What the look afterwards came to."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["reason"].label = "Conclusion"
        self.fields["reason"].help_text = "Was it right to let it through, and what follows from it?"


class ReviewExpedite(OnOverride):
    """Look back at what was let through in a hurry."""

    form_class = ReviewForm
    proves = True

    def words(self, target: Override) -> Words:
        """What the review is."""
        return Words(
            f"Review {target.release.name}, which was expedited",
            f"{target.given_by_username} and {target.confirmed_by_username} let it past its gate because of "
            f"an active attack: {target.reason} Your review closes the gap.",
            "Close the review",
        )

    def run(self, actor: Actor, target: Override, given: dict[str, Any]) -> str:
        """Review it."""
        review_expedite(actor, override=target, conclusion=given["reason"])
        return f"The expedite of {target.release.name} is reviewed."
