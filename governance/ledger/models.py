"""The ledger's own tables, and the declaration that makes a model governed.

Table names are those of the design (``entry``, ``pending``, ``leaf`` …): tools outside read them.
"""

from typing import ClassVar
from uuid import UUID

from django.db import models
from django.db.models.functions import Now

from governance.identifiers import new_id


class Governed(models.Model):
    """A table whose every change needs an entry of its stream in the same transaction.

    ``stream_prefix`` and ``stream_column`` name the aggregate: the stream of a row is
    ``<prefix>:<value of the column>``. The guard trigger in the database is installed with the same two
    words by the migration; a test compares the catalogue with these declarations.
    """

    stream_prefix: ClassVar[str]
    stream_column: ClassVar[str] = "id"

    class Meta:
        abstract = True

    def stream(self) -> str:
        """The stream that this row belongs to."""
        return stream_name(self.stream_prefix, getattr(self, self.stream_column))


def stream_name(prefix: str, aggregate_id: UUID) -> str:
    """The name of an aggregate's stream."""
    return f"{prefix}:{aggregate_id}"


class Entry(models.Model):
    """One entry. ``body`` is what counts; ``document`` is computed from it by the database.

    A column ``xid`` (xid8, default ``pg_current_xact_id()``) is added by the migration: the guard asks
    for an entry of the running transaction.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    stream = models.CharField(max_length=120)
    stream_seq = models.BigIntegerField()
    body = models.BinaryField()
    at = models.DateTimeField()
    document = models.GeneratedField(
        expression=models.Func(models.F("body"), function="ledger_document"),
        output_field=models.JSONField(),
        db_persist=True,
    )

    class Meta:
        db_table = "entry"
        constraints = [
            models.UniqueConstraint(fields=["stream", "stream_seq"], name="entry_stream_seq"),
            models.CheckConstraint(condition=models.Q(stream_seq__gte=1), name="entry_seq_from_one"),
        ]
        indexes = [models.Index(fields=["-at"], name="entry_at")]

    def __str__(self) -> str:
        return f"{self.stream} #{self.stream_seq}"


class Pending(models.Model):
    """Entries that wait for the integrator, in the order they were written."""

    position = models.BigAutoField(primary_key=True)
    entry = models.OneToOneField(Entry, on_delete=models.PROTECT)
    queued_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "pending"

    def __str__(self) -> str:
        return f"pending {self.position}"


class Leaf(models.Model):
    """An entry's place in the tree: SHA-256(0x00 ‖ body), numbered from 0 without gaps."""

    index = models.BigIntegerField(primary_key=True)
    entry = models.OneToOneField(Entry, on_delete=models.PROTECT, related_name="leaf")
    hash = models.BinaryField()
    sealed_at = models.DateTimeField()

    class Meta:
        db_table = "leaf"

    def __str__(self) -> str:
        return f"leaf {self.index}"


class TreeState(models.Model):
    """How many leaves are numbered and how many of them are in tiles; one row, whose lock fences integrators.

    ``trouble`` says why nothing is signed, and is empty while all is well.
    """

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    size = models.BigIntegerField(default=0)
    tiled = models.BigIntegerField(default=0, db_default=0)
    trouble = models.TextField(default="", db_default="")

    class Meta:
        db_table = "tree_state"
        constraints = [models.CheckConstraint(condition=models.Q(id=1), name="tree_state_one_row")]

    def __str__(self) -> str:
        return f"tree of {self.size}"


class Tile(models.Model):
    """Hashes of neighbouring nodes (``merkle.tiles``): 32 bytes each, 256 of them once the tile is full.

    A tile that is begun only ever gets longer; the database refuses any other change.
    """

    pk = models.CompositePrimaryKey("level", "index")
    level = models.PositiveSmallIntegerField()
    index = models.BigIntegerField()
    hashes = models.BinaryField()

    class Meta:
        db_table = "tile"

    def __str__(self) -> str:
        return f"tile {self.level}/{self.index}"


class Checkpoint(models.Model):
    """The root of the tree at a size that it had when a batch of leaves was committed."""

    size = models.BigIntegerField(primary_key=True)
    root = models.BinaryField()
    made_at = models.DateTimeField()

    class Meta:
        db_table = "checkpoint"

    def __str__(self) -> str:
        return f"checkpoint of {self.size}"


class SignedCheckpoint(models.Model):
    """A checkpoint as a signed note. Not every one is signed: the newest of those that came together."""

    checkpoint = models.OneToOneField(
        Checkpoint, on_delete=models.PROTECT, primary_key=True, db_column="size", related_name="signed"
    )
    note = models.TextField()
    signed_at = models.DateTimeField()

    class Meta:
        db_table = "signed_checkpoint"

    def __str__(self) -> str:
        return f"signed checkpoint of {self.checkpoint_id}"


class Blob(models.Model):
    """Bytes that an entry names by digest; never deleted while something refers to them."""

    digest = models.CharField(primary_key=True, max_length=71)
    bytes = models.BinaryField()
    stored_at = models.DateTimeField()

    class Meta:
        db_table = "blob"

    def __str__(self) -> str:
        return self.digest


class Salt(models.Model):
    """Opens a commitment; deleting the row makes the personal value unknowable, the entry stays valid."""

    commitment = models.CharField(primary_key=True, max_length=71)
    salt = models.BinaryField()
    value = models.TextField()

    class Meta:
        db_table = "salt"

    def __str__(self) -> str:
        return self.commitment


class IdempotencyRecord(models.Model):
    """A key that an actor used, the digest of its request and what the verb answered."""

    id = models.BigAutoField(primary_key=True)
    actor = models.CharField(max_length=200)
    key = models.CharField(max_length=200)
    request_digest = models.CharField(max_length=71)
    verb = models.CharField(max_length=100)
    result_model = models.CharField(max_length=100, blank=True)
    result_id = models.CharField(max_length=100, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["actor", "key"], name="idempotency_key")]

    def __str__(self) -> str:
        return f"{self.actor} {self.key}"


class RefusalTally(models.Model):
    """Refusals of one actor in one minute beyond those written out, until they are summarised."""

    id = models.BigAutoField(primary_key=True)
    stream = models.CharField(max_length=120)
    minute = models.DateTimeField()
    count = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["stream", "minute"], name="refusal_tally_minute")]

    def __str__(self) -> str:
        return f"{self.stream} {self.minute:%H:%M} {self.count}"
