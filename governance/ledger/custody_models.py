"""Which keys sign the ledger one after the other, and where it began anew."""

from typing import ClassVar

from django.db import models

from governance.identifiers import new_id
from governance.ledger.models import Entry, Governed
from governance.ledger.notes import vkey_id


class KeySuccession(Governed):
    """A key of the ledger that takes the place of another: by rotation, or because the other one is lost.

    While ``ended_at`` is empty both sign. The first key of all stands in no row: it is the old one of the
    first succession, or the one that has signed so far.
    """

    stream_prefix: ClassVar[str] = "ledger_key"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    old_vkey = models.CharField(max_length=300)
    new_vkey = models.CharField(max_length=300, unique=True)
    began_at = models.DateTimeField()
    overlap_until = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    is_lost = models.BooleanField(default=False)
    is_compromised = models.BooleanField(default=False)
    reason = models.TextField()
    began_by_username = models.CharField(max_length=150)
    confirmed_by_username = models.CharField(max_length=150, blank=True)
    sole_administrator = models.BooleanField(default=False)
    ended_by_username = models.CharField(max_length=150, blank=True)

    class Meta:
        db_table = "key_succession"
        ordering = ["began_at", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["is_lost"], condition=models.Q(ended_at__isnull=True), name="key_succession_one_open"
            ),
            models.CheckConstraint(
                condition=models.Q(ended_at__isnull=False) | models.Q(is_lost=False),
                name="key_succession_lost_has_ended",
            ),
        ]

    def __str__(self) -> str:
        return f"{vkey_id(self.new_vkey)} after {vkey_id(self.old_vkey)}"


class Epoch(Governed):
    """A new beginning after signed entries were lost: the tree goes on under another origin.

    What was given up is named by size and root, as they stand in the head outside. The epoch begins with
    its ``entry``: checkpoints that cover it are of ``origin``.
    """

    stream_prefix: ClassVar[str] = "ledger_epoch"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    number = models.PositiveIntegerField(unique=True)
    origin = models.CharField(max_length=200)
    old_origin = models.CharField(max_length=200)
    old_number = models.PositiveIntegerField()
    old_size = models.BigIntegerField()
    old_root = models.BinaryField()
    found_size = models.BigIntegerField()
    began_at = models.DateTimeField()
    reason = models.TextField()
    began_by_username = models.CharField(max_length=150)
    confirmed_by_username = models.CharField(max_length=150, blank=True)
    sole_administrator = models.BooleanField(default=False)
    entry = models.OneToOneField(Entry, on_delete=models.PROTECT, related_name="epoch")

    class Meta:
        db_table = "ledger_epoch"
        ordering = ["number"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(number__gt=models.F("old_number"), old_number__gte=1),
                name="ledger_epoch_counts_up",
            ),
        ]

    def __str__(self) -> str:
        return f"epoch {self.number}"
