"""Approval rules, requests, votes, and the approvals they lead to."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from governance.access.scopes import AccessPaths, AccessScope
from governance.identifiers import new_id
from governance.ledger.models import Governed
from governance.registry.models import Channel


class ApprovalRuleSet(Governed):
    """A system's rules of approval as one version; enacting a version ends the one before."""

    stream_prefix: ClassVar[str] = "approval_rules"
    access_paths: ClassVar[AccessPaths] = AccessPaths("system")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    system = models.ForeignKey("governance.System", on_delete=models.PROTECT, related_name="approval_rules")
    version = models.PositiveIntegerField()
    rules = models.JSONField()
    reason = models.TextField()
    enacted_at = models.DateTimeField()
    enacted_by_username = models.CharField(max_length=150)
    confirmed_by_username = models.CharField(max_length=150, blank=True)
    sole_administrator = models.BooleanField(default=False)

    class Meta:
        ordering = ["system", "-version"]
        verbose_name = "version of approval rules"
        verbose_name_plural = "approval rules"
        constraints = [models.UniqueConstraint(fields=["system", "version"], name="approval_rules_version")]

    def __str__(self) -> str:
        return f"approval rules v{self.version} of {self.system}"

    def access_scope(self) -> AccessScope:
        """The rules' system."""
        return AccessScope(self.system_id)


class RequestState(models.TextChoices):
    """open → one of the others, once."""

    OPEN = "open", "Open"
    APPROVED = "approved", "Approved"
    REJECTED = "rejected", "Rejected"
    CHANGES_REQUESTED = "changes_requested", "Changes requested"
    WITHDRAWN = "withdrawn", "Withdrawn"
    EXPIRED = "expired", "Expired"
    VOID = "void", "Void after a change"


class ApprovalRequest(Governed):
    """A request to approve a frozen revision for channels, bound to the digest of all that is reviewed."""

    stream_prefix: ClassVar[str] = "approval_request"
    access_paths: ClassVar[AccessPaths] = AccessPaths("system", channels="channels")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    system = models.ForeignKey("governance.System", on_delete=models.PROTECT, related_name="+")
    release = models.ForeignKey(
        "releases.Release", on_delete=models.PROTECT, related_name="approval_requests"
    )
    revision = models.ForeignKey(
        "releases.Revision", on_delete=models.PROTECT, related_name="approval_requests"
    )
    channels: "models.ManyToManyField[Channel, RequestChannel]" = models.ManyToManyField(
        "governance.Channel", through="RequestChannel", related_name="+"
    )
    evaluation = models.ForeignKey(
        "releases.GateEvaluation", on_delete=models.PROTECT, related_name="approval_requests"
    )
    override = models.ForeignKey(
        "releases.Override", on_delete=models.PROTECT, null=True, related_name="approval_requests"
    )  # what lets it past a gate that is not passed
    review_digest = models.CharField(max_length=71)
    rule_snapshot = models.JSONField()
    state = models.CharField(max_length=20, choices=RequestState, default=RequestState.OPEN)
    reason = models.TextField(blank=True)
    requested_at = models.DateTimeField()
    requested_by_username = models.CharField(max_length=150)
    deadline_at = models.DateTimeField()
    reminded_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    closing_reason = models.TextField(blank=True)

    class Meta:
        ordering = ["deadline_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["revision"], condition=Q(state=RequestState.OPEN), name="approval_request_one_open"
            )
        ]

    def __str__(self) -> str:
        return f"request for {self.release}"

    def access_scope(self) -> AccessScope:
        """The release's system; a seat's own scope is asked for each vote."""
        return AccessScope(self.system_id)


class RequestChannel(Governed):
    """A channel that an approval is asked for."""

    stream_prefix: ClassVar[str] = "approval_request"
    stream_column: ClassVar[str] = "request_id"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    request = models.ForeignKey(ApprovalRequest, on_delete=models.PROTECT, related_name="channel_rows")
    channel = models.ForeignKey("governance.Channel", on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["request", "channel"], name="request_channel")]

    def __str__(self) -> str:
        return f"{self.request_id} {self.channel_id}"


class VoteDecision(models.TextChoices):
    """What a voter decides."""

    APPROVE = "approve", "Approve"
    REJECT = "reject", "Reject"
    REQUEST_CHANGES = "request_changes", "Request changes"


class Vote(Governed):
    """One person's vote on one request, with how strongly the person had proved who they are."""

    stream_prefix: ClassVar[str] = "approval_request"
    stream_column: ClassVar[str] = "request_id"
    access_paths: ClassVar[AccessPaths] = AccessPaths("request__system", channels="request__channels")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    request = models.ForeignKey(ApprovalRequest, on_delete=models.PROTECT, related_name="votes")
    account = models.ForeignKey("governance.Account", on_delete=models.PROTECT, related_name="+")
    username = models.CharField(max_length=150)
    role = models.CharField(max_length=30)
    decision = models.CharField(max_length=20, choices=VoteDecision)
    reason = models.TextField()
    review_digest = models.CharField(max_length=71)
    cast_at = models.DateTimeField()
    auth_method = models.CharField(max_length=20)
    auth_mfa = models.BooleanField(default=False)
    auth_proved_at = models.DateTimeField(null=True)
    conflict_declared = models.BooleanField(default=False)
    acknowledged = models.JSONField(default=list)  # doubts of the evaluation that the voter acknowledged

    class Meta:
        ordering = ["cast_at"]
        constraints = [models.UniqueConstraint(fields=["request", "account"], name="vote_once")]

    def __str__(self) -> str:
        return f"{self.username}: {self.decision}"


class Approval(Governed):
    """That a revision may go live on channels, until a time; each deployment names the one covering it."""

    stream_prefix: ClassVar[str] = "release"
    stream_column: ClassVar[str] = "release_id"
    access_paths: ClassVar[AccessPaths] = AccessPaths("release__system", channels="request__channels")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    release = models.ForeignKey("releases.Release", on_delete=models.PROTECT, related_name="approvals")
    revision = models.ForeignKey("releases.Revision", on_delete=models.PROTECT, related_name="approvals")
    request = models.OneToOneField(ApprovalRequest, on_delete=models.PROTECT, related_name="approval")
    review_digest = models.CharField(max_length=71)
    approved_at = models.DateTimeField()
    valid_until = models.DateTimeField()
    last_voter = models.ForeignKey("governance.Account", on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ["-approved_at"]

    def __str__(self) -> str:
        return f"approval of {self.revision}"
