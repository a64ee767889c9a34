"""Accounts, grants, tokens, proposals, and guardian's projection of the grants."""

from datetime import datetime
from typing import Any, ClassVar

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.contrib.auth.validators import UnicodeUsernameValidator
from django.db import models
from django.db.models import Q
from guardian.models import UserObjectPermissionBase

from governance.access.roles import Role
from governance.access.scopes import AccessScope
from governance.identifiers import new_id
from governance.ledger.models import Governed


class AccountKind(models.TextChoices):
    """A person signs in; a service has tokens only."""

    PERSON = "person", "Person"
    SERVICE = "service", "Service"


class AccountManager(BaseUserManager["Account"]):
    """Looks accounts up; creating them is a verb (:func:`governance.access.services.create_account`)."""

    def create_user(self, *args: Any, **kwargs: Any) -> "Account":
        """Refused: an account is created through its verb, so that the ledger knows of it."""
        raise TypeError("Create accounts with governance.access.services.create_account.")

    create_superuser = create_user


class Account(Governed, AbstractBaseUser, PermissionsMixin):
    """A person or a service; deactivated, never deleted. ``is_superuser`` is refused by the database."""

    stream_prefix: ClassVar[str] = "account"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    username = models.CharField(max_length=150, unique=True, validators=[UnicodeUsernameValidator()])
    kind = models.CharField(max_length=10, choices=AccountKind, default=AccountKind.PERSON)
    display_name = models.CharField(max_length=150, blank=True)
    email = models.EmailField(blank=True)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField()

    objects: ClassVar[AccountManager] = AccountManager()

    USERNAME_FIELD = "username"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        ordering = ["username"]
        constraints = [
            models.CheckConstraint(condition=Q(is_superuser=False), name="account_no_superuser"),
        ]

    def __str__(self) -> str:
        return self.username

    @property
    def is_staff(self) -> bool:
        """Persons may sign in to the admin; what they see there is decided by their grants."""
        return self.kind == AccountKind.PERSON


class Grant(Governed):
    """A role on a system (and all its channels), on one channel, or on the installation, for a time."""

    stream_prefix: ClassVar[str] = "account"
    stream_column: ClassVar[str] = "account_id"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="grants")
    role = models.CharField(max_length=30)  # no choices: a new role is data, not a migration
    system = models.ForeignKey(
        "governance.System", on_delete=models.PROTECT, null=True, related_name="grants"
    )
    channel = models.ForeignKey(
        "governance.Channel", on_delete=models.PROTECT, null=True, related_name="grants"
    )
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField(null=True)
    reason = models.TextField()
    granted_by = models.ForeignKey(Account, on_delete=models.PROTECT, null=True, related_name="+")
    granted_by_username = models.CharField(max_length=150)
    confirmed_by_username = models.CharField(max_length=150, blank=True)
    sole_administrator = models.BooleanField(default=False)

    class Meta:
        ordering = ["account__username", "role", "starts_at"]
        constraints = [
            models.CheckConstraint(
                condition=Q(system__isnull=True) | Q(channel__isnull=True), name="grant_one_scope"
            ),
            models.CheckConstraint(
                condition=Q(system__isnull=False)
                | Q(channel__isnull=False)
                | Q(role__in=[Role.ADMINISTRATOR.value, Role.AUDITOR.value]),
                name="grant_on_the_installation",
            ),
            models.CheckConstraint(
                condition=Q(ends_at__isnull=True) | Q(ends_at__gte=models.F("starts_at")),
                name="grant_ends_after_start",
            ),
            models.UniqueConstraint(
                fields=["account", "role", "system", "channel"],
                condition=Q(ends_at__isnull=True),
                nulls_distinct=False,
                name="grant_once_open_ended",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.role} of {self.account} on {self.channel or self.system or 'the installation'}"

    def is_in_force(self, at: datetime) -> bool:
        """Whether the grant counts at ``at``: from its start up to, not including, its end."""
        return self.starts_at <= at and (self.ends_at is None or at < self.ends_at)


class ApiToken(Governed):
    """A bearer token of an account: hashed, narrowed to scopes, expiring, revocable."""

    stream_prefix: ClassVar[str] = "account"
    stream_column: ClassVar[str] = "account_id"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="tokens")
    name = models.CharField(max_length=100)
    secret_hash = models.CharField(max_length=64, unique=True)
    scopes = models.JSONField()
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)
    minted_with_mfa = models.BooleanField(default=False)
    secret: str = ""
    created_by_username = models.CharField(max_length=150)

    class Meta:
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"{self.name} of {self.account}"

    def is_valid(self, at: datetime) -> bool:
        """Whether the token opens anything at ``at``."""
        return self.revoked_at is None and at < self.expires_at


class TokenUse(models.Model):
    """When a token was last used; kept apart so that reading does not touch a governed row."""

    token = models.OneToOneField(ApiToken, on_delete=models.PROTECT, primary_key=True, related_name="use")
    last_used_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.token_id} {self.last_used_at:%Y-%m-%d %H:%M}"


class Proposal(Governed):
    """A verb that waits for its second person: what exactly is proposed, by whom, until when."""

    stream_prefix: ClassVar[str] = "proposal"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    verb = models.CharField(max_length=100)
    arguments = models.JSONField()
    arguments_digest = models.CharField(max_length=71)
    system = models.ForeignKey("governance.System", on_delete=models.PROTECT, null=True)
    reason = models.TextField()
    proposed_by = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="+")
    proposed_by_username = models.CharField(max_length=150)
    proposed_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    confirmed_by = models.ForeignKey(Account, on_delete=models.PROTECT, null=True, related_name="+")
    confirmed_by_username = models.CharField(max_length=150, blank=True)
    confirmed_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-proposed_at"]

    def __str__(self) -> str:
        return f"{self.verb} proposed by {self.proposed_by_username}"

    def access_scope(self) -> AccessScope:
        """The system in which something is proposed; without one the installation."""
        return AccessScope(self.system_id)


class SystemObjectPermission(UserObjectPermissionBase):
    """guardian's rows for systems: written with the grants for Django's own checks, no right alone."""

    content_object = models.ForeignKey("governance.System", on_delete=models.CASCADE)

    class Meta(UserObjectPermissionBase.Meta):
        abstract = False


class ChannelObjectPermission(UserObjectPermissionBase):
    """guardian's rows for channels."""

    content_object = models.ForeignKey("governance.Channel", on_delete=models.CASCADE)

    class Meta(UserObjectPermissionBase.Meta):
        abstract = False
