"""The calendar of reviews after a launch: when somebody is to look how a release drifts, what they found."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from governance.access.scopes import AccessPaths, AccessScope
from governance.identifiers import new_id
from governance.ledger.models import Governed


class DriftReview(Governed):
    """One look at a launched revision that is due on a day, or was done.

    ``launched_at`` is when the revision went live on its first channel. ``figures`` are those that the
    reviewer had in front of them, frozen with ``figures_digest``; ``acceptable`` is what the reviewer made of
    them.
    """

    stream_prefix: ClassVar[str] = "drift_review"
    access_paths: ClassVar[AccessPaths] = AccessPaths("release__system", channels="revision__channels")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    release = models.ForeignKey("releases.Release", on_delete=models.PROTECT, related_name="drift_reviews")
    revision = models.ForeignKey("releases.Revision", on_delete=models.PROTECT, related_name="drift_reviews")
    number = models.PositiveIntegerField()
    launched_at = models.DateTimeField()
    due_at = models.DateTimeField()
    planned_at = models.DateTimeField()
    reminded_at = models.DateTimeField(null=True)
    reviewed_at = models.DateTimeField(null=True)
    reviewed_by_username = models.CharField(max_length=150, blank=True)
    acceptable = models.BooleanField(null=True)
    conclusion = models.TextField(blank=True)
    figures = models.JSONField(null=True)
    figures_digest = models.CharField(max_length=71, blank=True)

    class Meta:
        ordering = ["due_at", "id"]
        constraints = [
            models.UniqueConstraint(fields=["revision", "number"], name="drift_review_number"),
            models.CheckConstraint(
                condition=Q(reviewed_at__isnull=True, acceptable__isnull=True, figures__isnull=True)
                | Q(reviewed_at__isnull=False, acceptable__isnull=False, figures__isnull=False)
                & ~Q(figures_digest="")
                & ~Q(conclusion=""),
                name="drift_review_whole",
            ),
        ]

    def __str__(self) -> str:
        return f"drift review {self.number} of {self.revision}"

    def access_scope(self) -> AccessScope:
        """That of the release."""
        return self.release.access_scope()
