"""Systems, channels, segments and component versions."""

from typing import ClassVar

from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q

from governance.access.scopes import AccessPaths, AccessScope
from governance.identifiers import new_id
from governance.ledger.models import Governed

SLUG = RegexValidator(r"^[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?\Z", "Lower-case letters, digits and hyphens.")
NAME = RegexValidator(r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}\Z", "Letters, digits, dot, underscore and hyphen.")


class System(Governed):
    """One governed decision system; a scope of permissions."""

    stream_prefix: ClassVar[str] = "system"
    access_paths: ClassVar[AccessPaths] = AccessPaths("id")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    slug = models.CharField(max_length=64, unique=True, validators=[SLUG])
    name = models.CharField(max_length=150)
    description = models.TextField(blank=True)
    dataset_change_limit_rate = models.FloatField(default=0.1)
    starter_may_cast_last_vote = models.BooleanField(default=False)
    log_before_act = models.BooleanField(default=False, db_default=False)
    registered_at = models.DateTimeField()
    registered_by_username = models.CharField(max_length=150)

    class Meta:
        ordering = ["slug"]
        constraints = [
            models.CheckConstraint(
                condition=Q(dataset_change_limit_rate__gte=0, dataset_change_limit_rate__lte=1),
                name="system_dataset_limit_is_a_rate",
            )
        ]

    def __str__(self) -> str:
        return self.slug

    def access_scope(self) -> AccessScope:
        """The system itself."""
        return AccessScope(self.id)


class ChannelKind(models.TextChoices):
    """Where a capture is made."""

    ANDROID = "android", "Android"
    IOS = "ios", "iOS"
    MOBILE_WEB = "mobile_web", "Mobile web"
    DESKTOP_WEB = "desktop_web", "Desktop web"
    KIOSK = "kiosk", "Kiosk"


class Channel(Governed):
    """A channel of a system: the smallest scope of permissions and the unit of what is live."""

    stream_prefix: ClassVar[str] = "channel"
    access_paths: ClassVar[AccessPaths] = AccessPaths("system", channels="id")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    system = models.ForeignKey(System, on_delete=models.PROTECT, related_name="channels")
    name = models.CharField(max_length=100, validators=[NAME])
    kind = models.CharField(max_length=20, choices=ChannelKind)
    drill = models.BooleanField(default=False)
    registered_at = models.DateTimeField()

    class Meta:
        ordering = ["system__slug", "name"]
        constraints = [models.UniqueConstraint(fields=["system", "name"], name="channel_name")]

    def __str__(self) -> str:
        return self.name

    @property
    def is_web(self) -> bool:
        """Whether captures come from a browser."""
        return self.kind in {ChannelKind.MOBILE_WEB, ChannelKind.DESKTOP_WEB}

    def access_scope(self) -> AccessScope:
        """This channel alone."""
        return AccessScope(self.system_id, frozenset({self.id}))


class Segment(Governed):
    """A version of a named predicate over sample attributes; immutable, a change is a new version."""

    stream_prefix: ClassVar[str] = "segment"
    access_paths: ClassVar[AccessPaths] = AccessPaths("system")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    system = models.ForeignKey(System, on_delete=models.PROTECT, related_name="segments")
    key = models.CharField(max_length=100, validators=[NAME])
    version = models.PositiveIntegerField()
    title = models.CharField(max_length=150)
    predicate = models.JSONField()
    protected = models.BooleanField(default=False)
    reason = models.TextField()
    defined_at = models.DateTimeField()
    defined_by_username = models.CharField(max_length=150)

    class Meta:
        ordering = ["system__slug", "key", "-version"]
        constraints = [
            models.UniqueConstraint(fields=["system", "key", "version"], name="segment_version"),
        ]

    def __str__(self) -> str:
        return f"{self.key} v{self.version}"

    def access_scope(self) -> AccessScope:
        """The segment's system."""
        return AccessScope(self.system_id)


class DigestKind(models.TextChoices):
    """How a component's digest came about; shown wherever the digest is shown."""

    ARTEFACT = "artefact", "of bytes we hashed"
    DECLARED = "declared", "declared by the registrant"
    ATTRIBUTES = "attributes", "of the attributes"


class ComponentStatus(models.TextChoices):
    """Whether new releases may use a component."""

    ACTIVE = "active", "Active"
    DEPRECATED = "deprecated", "Deprecated"
    REVOKED = "revoked", "Revoked"


class ComponentVersion(Governed):
    """One version of a part of the decision stack; immutable but for its status."""

    stream_prefix: ClassVar[str] = "component"
    access_paths: ClassVar[AccessPaths] = AccessPaths("system")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    system = models.ForeignKey(System, on_delete=models.PROTECT, related_name="components")
    kind = models.CharField(max_length=30)  # no choices: a new kind is data, not a migration
    name = models.CharField(max_length=100, validators=[NAME])
    version = models.CharField(max_length=100, validators=[NAME])
    digest = models.CharField(max_length=71)
    digest_kind = models.CharField(max_length=20, choices=DigestKind)
    uri = models.CharField(max_length=1000, blank=True)
    attributes = models.JSONField()
    parents = models.JSONField(default=list)  # ids of components it was made from; immutable like the row
    owner_username = models.CharField(max_length=150)
    registered_at = models.DateTimeField()
    registered_by = models.ForeignKey(
        "governance.Account", on_delete=models.PROTECT, null=True, related_name="+"
    )
    registered_by_username = models.CharField(max_length=150)
    status = models.CharField(max_length=20, choices=ComponentStatus, default=ComponentStatus.ACTIVE)
    status_reason = models.TextField(blank=True)
    status_changed_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["system__slug", "kind", "name", "-registered_at"]
        constraints = [
            models.UniqueConstraint(fields=["system", "kind", "name", "version"], name="component_version"),
        ]

    def __str__(self) -> str:
        return f"{self.name}_{self.version}" if not self.version.startswith(self.name) else self.version

    def access_scope(self) -> AccessScope:
        """The component's system."""
        return AccessScope(self.system_id)
