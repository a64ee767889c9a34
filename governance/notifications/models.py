"""What an account was told, how that left the house, and what the account does not want."""

from django.db import models
from django.db.models import Q

from governance.access.models import Account
from governance.identifiers import new_id


class Notification(models.Model):
    """One message to one account: the facts as they were when it was written.

    ``subject`` is the stream of the object it is about and ``cause`` the ledger entry that it follows from,
    so that the same act tells the same account once.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    event = models.CharField(max_length=60)  # no choices: a new message is data, not a migration
    subject = models.CharField(max_length=120)
    cause = models.UUIDField()
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="notifications")
    context = models.JSONField(default=dict)
    path = models.CharField(max_length=300)
    created_at = models.DateTimeField()
    read_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-created_at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["account", "event", "subject", "cause"], name="notification_once"
            ),
        ]
        indexes = [models.Index(fields=["account", "-created_at"], name="notification_of_account")]

    def __str__(self) -> str:
        return f"{self.event} to {self.account_id}"


class DeliveryState(models.TextChoices):
    """waiting → sent | failed | skipped; what ended never starts again."""

    WAITING = "waiting", "Waiting"
    SENT = "sent", "Sent"
    FAILED = "failed", "Given up"
    SKIPPED = "skipped", "Not sent"


class Delivery(models.Model):
    """A message on its way through one channel."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    notification = models.ForeignKey(Notification, on_delete=models.PROTECT, related_name="deliveries")
    channel = models.CharField(max_length=20)  # no choices: a new channel is data, not a migration
    state = models.CharField(max_length=10, choices=DeliveryState, default=DeliveryState.WAITING)
    attempts = models.PositiveIntegerField(default=0)
    last_error = models.TextField(blank=True)
    sent_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["id"]
        verbose_name_plural = "deliveries"
        constraints = [
            models.UniqueConstraint(fields=["notification", "channel"], name="delivery_once"),
            models.CheckConstraint(
                condition=Q(state=DeliveryState.SENT) ^ Q(sent_at__isnull=True), name="delivery_sent_has_time"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.channel} {self.state} {self.id}"


class Preference(models.Model):
    """A message that an account switched off on one channel; without a row it is on."""

    id = models.BigAutoField(primary_key=True)
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="preferences")
    event = models.CharField(max_length=60)
    channel = models.CharField(max_length=20)
    switched_off_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["account", "event", "channel"], name="preference_once"),
        ]

    def __str__(self) -> str:
        return f"{self.account_id} without {self.event} by {self.channel}"
