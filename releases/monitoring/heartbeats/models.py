"""Heartbeats: the last sign of life of every instance of a decision service, and what it runs."""

from typing import ClassVar

from django.db import models

from governance.access.scopes import AccessPaths, AccessScope
from governance.identifiers import new_id


class Heartbeat(models.Model):
    """One row per channel, instance and stamp, overwritten by each beat. ``entry`` says that the instance
    reported the stamp for the first time, which is the change that matters; ``at`` is the newest by the
    instance's clock, ``received_at`` by ours.
    """

    access_paths: ClassVar[AccessPaths] = AccessPaths("channel__system", channels="channel")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    channel = models.ForeignKey("governance.Channel", on_delete=models.PROTECT, related_name="heartbeats")
    instance = models.CharField(max_length=200)
    stamp = models.CharField(max_length=100)
    revision = models.ForeignKey("releases.Revision", on_delete=models.PROTECT, null=True, related_name="+")
    first_received_at = models.DateTimeField()
    at = models.DateTimeField()
    received_at = models.DateTimeField()
    reported_by_username = models.CharField(max_length=150)
    entry = models.ForeignKey("governance.Entry", on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ["-received_at", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["channel", "instance", "stamp"], name="heartbeat_once_per_stamp"),
        ]
        indexes = [models.Index(fields=["channel", "-received_at"], name="heartbeat_received")]

    def __str__(self) -> str:
        return f"{self.instance} runs {self.stamp}"

    def access_scope(self) -> AccessScope:
        """That of the channel."""
        return self.channel.access_scope()
