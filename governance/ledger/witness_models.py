"""What witnesses of the ledger have cosigned, and what each answered last."""

from django.db import models

from governance.ledger.models import SignedCheckpoint


class Cosignature(models.Model):
    """The line by which a witness says that it has seen a checkpoint, and all before it in it.

    ``witness`` is ``<name>+<hash>`` of its key, ``seen_at`` the time that it signed.
    """

    checkpoint = models.ForeignKey(
        SignedCheckpoint, on_delete=models.PROTECT, db_column="size", related_name="cosignatures"
    )
    witness = models.CharField(max_length=300)
    line = models.TextField()
    seen_at = models.DateTimeField()
    stored_at = models.DateTimeField()

    class Meta:
        db_table = "cosignature"
        constraints = [
            models.UniqueConstraint(fields=["checkpoint", "witness"], name="cosignature_once"),
        ]

    def __str__(self) -> str:
        return f"{self.witness} at {self.checkpoint_id}"


class WitnessState(models.Model):
    """What a witness answered last. ``trouble`` says why it did not cosign and is empty while it does;
    ``is_refusal`` that it holds another past of the log, ``since`` when that began.
    """

    witness = models.CharField(primary_key=True, max_length=300)
    asked_at = models.DateTimeField()
    trouble = models.TextField(blank=True)
    is_refusal = models.BooleanField(default=False)
    since = models.DateTimeField(null=True)

    class Meta:
        db_table = "witness_state"

    def __str__(self) -> str:
        return f"{self.witness}: {self.trouble or 'cosigns'}"
