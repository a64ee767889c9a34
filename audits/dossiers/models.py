"""Dossiers: what was handed to somebody who verifies it without this installation."""

from typing import ClassVar

from django.db import models
from django.db.models import Q, Value

from governance.access.scopes import AccessPaths, AccessScope
from governance.identifiers import new_id
from governance.ledger.models import Governed


class DossierKind(models.TextChoices):
    """What a dossier is about."""

    RELEASE = "release", "Release"
    DECISION = "decision", "Decision"
    PERIOD = "period", "Period"


class DossierStatus(models.TextChoices):
    """requested → issued → completed; either of the first two → failed.

    When it is issued its contents are fixed and their digest stands in the ledger. It is complete once a
    signed checkpoint covers that entry.
    """

    REQUESTED = "requested", "Asked for"
    ISSUED = "issued", "Waits for a signed checkpoint"
    COMPLETED = "completed", "Ready"
    FAILED = "failed", "Not made"


class Dossier(Governed):
    """One dossier. The archive itself is stored nowhere: it is made anew from this row, byte for byte.

    ``channels`` are those by which whoever asked read its system; none means all of it. ``systems`` are all
    that they read of, for it may tell of more than its own, and ``everywhere`` means the whole installation.
    ``subject`` is what it is about, with names as they were. ``contents_digest`` is of the list of all files
    that were fixed when it was issued, ``checkpoint_size`` names the signed checkpoint that it carries, and
    ``log_vkeys`` the keys that signed it. ``previous`` is the dossier with which it is consistent.
    """

    stream_prefix: ClassVar[str] = "dossier"
    access_paths: ClassVar[AccessPaths] = AccessPaths("system", channels="release__revisions__channels")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    kind = models.CharField(max_length=10, choices=DossierKind)
    system = models.ForeignKey(
        "governance.System", on_delete=models.PROTECT, null=True, related_name="dossiers"
    )  # null: a period is of the whole installation
    release = models.ForeignKey(
        "releases.Release", on_delete=models.PROTECT, null=True, related_name="dossiers"
    )
    decision = models.UUIDField(null=True)  # no key: decisions are removed as the retention policy says
    period_from = models.DateTimeField(null=True)
    period_to = models.DateTimeField(null=True)
    subject = models.JSONField()
    channels = models.JSONField(default=list)
    systems = models.JSONField(default=list, db_default=Value([], models.JSONField()))
    everywhere = models.BooleanField(default=False, db_default=False)
    status = models.CharField(max_length=10, choices=DossierStatus, default=DossierStatus.REQUESTED)
    requested_at = models.DateTimeField()
    requested_by = models.ForeignKey(
        "governance.Account", on_delete=models.PROTECT, null=True, related_name="+"
    )
    requested_by_username = models.CharField(max_length=150)
    issued_at = models.DateTimeField(null=True)
    issued_at_size = models.BigIntegerField(null=True)
    contents_digest = models.CharField(max_length=71, blank=True)
    previous = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="+")
    completed_at = models.DateTimeField(null=True)
    checkpoint_size = models.BigIntegerField(null=True)
    log_vkeys = models.JSONField(default=list)
    entries_count = models.PositiveIntegerField(null=True)
    archive_digest = models.CharField(max_length=71, blank=True)
    archive_bytes = models.BigIntegerField(null=True)
    failed_at = models.DateTimeField(null=True)
    problem = models.TextField(blank=True)

    class Meta:
        ordering = ["-requested_at", "-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(kind=DossierKind.RELEASE, system__isnull=False, release__isnull=False)
                | Q(kind=DossierKind.DECISION, system__isnull=False, decision__isnull=False)
                | Q(
                    kind=DossierKind.PERIOD,
                    system__isnull=True,
                    period_from__isnull=False,
                    period_to__gt=models.F("period_from"),
                ),
                name="dossier_is_about_something",
            ),
            models.CheckConstraint(
                condition=~Q(status__in=[DossierStatus.ISSUED, DossierStatus.COMPLETED])
                | (Q(issued_at__isnull=False) & ~Q(contents_digest="")),
                name="dossier_issued_has_contents",
            ),
            models.CheckConstraint(
                condition=~Q(status=DossierStatus.COMPLETED)
                | (Q(checkpoint_size__isnull=False) & ~Q(archive_digest="")),
                name="dossier_completed_has_archive",
            ),
        ]
        indexes = [
            models.Index(
                fields=["status"],
                condition=Q(status__in=[DossierStatus.REQUESTED, DossierStatus.ISSUED]),
                name="dossier_on_its_way",
            )
        ]

    def __str__(self) -> str:
        return f"dossier of {self.title}"

    @property
    def title(self) -> str:
        """What it is about, in words."""
        return str(self.subject["title"])

    @property
    def is_on_its_way(self) -> bool:
        """Whether something still happens by itself."""
        return self.status in {DossierStatus.REQUESTED, DossierStatus.ISSUED}

    def access_scope(self) -> AccessScope:
        """Its system; of a period the installation."""
        return AccessScope(self.system_id)
