"""Gate policies with their criteria, evaluations of frozen revisions, attestations and overrides."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from governance.access.scopes import AccessPaths, AccessScope
from governance.identifiers import new_id
from governance.ledger.models import Governed


class Verdict(models.TextChoices):
    """Three-valued; the gate's verdict is the worst of its enforced blocking criteria."""

    PASS = "pass", "Pass"
    FAIL = "fail", "Fail"
    INCONCLUSIVE = "inconclusive", "Inconclusive"


class PolicyState(models.TextChoices):
    """A draft is edited; a locked policy never changes."""

    DRAFT = "draft", "Draft"
    LOCKED = "locked", "Locked"


class GatePolicy(Governed):
    """A version of a system's gate policy. Exactly one locked policy of a system is in force at a time."""

    stream_prefix: ClassVar[str] = "gate_policy"
    access_paths: ClassVar[AccessPaths] = AccessPaths("system")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    system = models.ForeignKey("governance.System", on_delete=models.PROTECT, related_name="gate_policies")
    name = models.CharField(max_length=100)
    version = models.PositiveIntegerField()
    state = models.CharField(max_length=10, choices=PolicyState, default=PolicyState.DRAFT)
    description = models.TextField(blank=True)
    out_of_scope = models.JSONField(default=list)
    drafted_at = models.DateTimeField()
    drafted_by_username = models.CharField(max_length=150)
    locked_at = models.DateTimeField(null=True)
    locked_by_username = models.CharField(max_length=150, blank=True)
    in_force_until = models.DateTimeField(null=True)
    digest = models.CharField(max_length=71, blank=True)
    suppress_below = models.PositiveSmallIntegerField(default=5)  # subjects; pages show no figures of fewer

    class Meta:
        ordering = ["system", "-drafted_at"]
        verbose_name_plural = "gate policies"
        constraints = [
            models.UniqueConstraint(fields=["system", "name", "version"], name="gate_policy_version"),
            models.UniqueConstraint(
                fields=["system"],
                condition=Q(state=PolicyState.LOCKED, in_force_until__isnull=True),
                name="gate_policy_one_in_force",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} v{self.version}"

    def access_scope(self) -> AccessScope:
        """The policy's system."""
        return AccessScope(self.system_id)


class GateCriterion(Governed):
    """One line of a policy; ``spec`` is checked by its kind and immutable once the policy is locked."""

    stream_prefix: ClassVar[str] = "gate_policy"
    stream_column: ClassVar[str] = "policy_id"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    policy = models.ForeignKey(GatePolicy, on_delete=models.PROTECT, related_name="criteria")
    position = models.PositiveIntegerField()
    key = models.CharField(max_length=100)
    version = models.PositiveIntegerField(default=1)
    kind = models.CharField(max_length=40)  # no choices: a new kind is data, not a migration
    title = models.CharField(max_length=200)
    owner_username = models.CharField(max_length=150, blank=True)
    severity = models.CharField(max_length=10, default="blocking")
    mode = models.CharField(max_length=10, default="enforce")
    spec = models.JSONField()

    class Meta:
        ordering = ["policy", "position"]
        constraints = [
            models.UniqueConstraint(fields=["policy", "key"], name="gate_criterion_key"),
            models.CheckConstraint(
                condition=Q(severity__in=["blocking", "advisory"]), name="gate_criterion_severity"
            ),
            models.CheckConstraint(condition=Q(mode__in=["enforce", "observe"]), name="gate_criterion_mode"),
        ]

    def __str__(self) -> str:
        return self.key


class EvaluationStatus(models.TextChoices):
    """requested → completed | failed; a failed run counts as inconclusive."""

    REQUESTED = "requested", "Requested"
    COMPLETED = "completed", "Completed"
    FAILED = "failed", "Failed"


class GateEvaluation(Governed):
    """One run of the policy in force against a frozen revision."""

    stream_prefix: ClassVar[str] = "gate_evaluation"
    access_paths: ClassVar[AccessPaths] = AccessPaths("release__system", channels="revision__channels")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    release = models.ForeignKey("releases.Release", on_delete=models.PROTECT, related_name="evaluations")
    revision = models.ForeignKey("releases.Revision", on_delete=models.PROTECT, related_name="evaluations")
    policy = models.ForeignKey(
        GatePolicy, on_delete=models.PROTECT, null=True, related_name="evaluations"
    )  # null: no policy was in force when the revision was frozen; such a run never passes
    status = models.CharField(max_length=10, choices=EvaluationStatus, default=EvaluationStatus.REQUESTED)
    inputs = models.JSONField(default=dict)
    verdict = models.CharField(max_length=12, choices=Verdict, blank=True)
    result = models.JSONField(default=dict)
    result_digest = models.CharField(max_length=71, blank=True)
    statement_digest = models.CharField(max_length=71, blank=True)  # the signed statement, a stored blob
    preregistered = models.BooleanField(null=True)
    error = models.TextField(blank=True)
    requested_at = models.DateTimeField()
    requested_by_username = models.CharField(max_length=150)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-requested_at"]
        constraints = [
            models.CheckConstraint(
                condition=~Q(verdict=Verdict.PASS)
                | (Q(status=EvaluationStatus.COMPLETED) & ~Q(result_digest="")),
                name="gate_evaluation_pass_has_result",
            )
        ]

    def __str__(self) -> str:
        return f"evaluation of {self.revision_id}"

    def access_scope(self) -> AccessScope:
        """That of the release."""
        return self.release.access_scope()


class EvaluationProgress(models.Model):
    """How far a running evaluation is; shown live, no evidence."""

    evaluation = models.OneToOneField(
        GateEvaluation, on_delete=models.PROTECT, primary_key=True, related_name="progress"
    )
    done = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField(default=0)
    step = models.CharField(max_length=200, blank=True)
    updated_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.done} of {self.total}"


class CriterionResult(models.Model):
    """What one criterion came to on one set of inputs, kept so that nothing is scanned twice.

    ``key`` is the digest of everything the figures depend on; the row is written once.
    """

    key = models.CharField(max_length=71, primary_key=True)
    document = models.JSONField()
    digest = models.CharField(max_length=71)
    computed_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.key


class Attestation(Governed):
    """What a reviewer states about a frozen revision after looking; the newest of a kind counts."""

    stream_prefix: ClassVar[str] = "attestation"
    access_paths: ClassVar[AccessPaths] = AccessPaths("release__system", channels="revision__channels")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    release = models.ForeignKey("releases.Release", on_delete=models.PROTECT, related_name="attestations")
    revision = models.ForeignKey("releases.Revision", on_delete=models.PROTECT, related_name="attestations")
    evaluation = models.ForeignKey(
        GateEvaluation, on_delete=models.PROTECT, null=True, related_name="attestations"
    )  # the run whose figures the reviewer had before them
    kind = models.CharField(max_length=40)  # no choices: a new kind is data, not a migration
    manifest_digest = models.CharField(max_length=71)
    acceptable = models.BooleanField()
    conclusion = models.TextField()
    content = models.JSONField(default=dict)
    digest = models.CharField(max_length=71)
    attested_at = models.DateTimeField()
    attested_by_username = models.CharField(max_length=150)

    class Meta:
        ordering = ["-attested_at"]

    def __str__(self) -> str:
        return f"{self.kind} of {self.revision_id}"

    def access_scope(self) -> AccessScope:
        """That of the release."""
        return self.release.access_scope()


class Override(Governed):
    """The one way past a gate: named criteria, a reason, an end. It never changes the verdict.

    One of a ``trigger`` goes past what fires in a rollout instead: it holds for that trigger, in the stage
    ``stage_number``, while its evidence has the ``result_digest``; it has no evaluation and no verdict.
    """

    stream_prefix: ClassVar[str] = "override"
    access_paths: ClassVar[AccessPaths] = AccessPaths("release__system", channels="revision__channels")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    release = models.ForeignKey("releases.Release", on_delete=models.PROTECT, related_name="overrides")
    revision = models.ForeignKey("releases.Revision", on_delete=models.PROTECT, related_name="overrides")
    evaluation = models.ForeignKey(
        GateEvaluation, on_delete=models.PROTECT, null=True, related_name="overrides"
    )
    trigger = models.ForeignKey(
        "releases.TriggerStatus", on_delete=models.PROTECT, null=True, related_name="overrides"
    )
    stage_number = models.PositiveSmallIntegerField(null=True)
    critical = models.BooleanField(default=False)  # of a trigger whose plan calls it so: two persons
    manifest_digest = models.CharField(max_length=71)
    result_digest = models.CharField(max_length=71)
    verdict = models.CharField(max_length=12, choices=Verdict, blank=True)  # what it goes past
    criteria = models.JSONField()  # keys of the criteria it goes past
    channels = models.JSONField()  # ids of the channels it holds for
    reason = models.TextField()
    expedite = models.BooleanField(default=False)
    given_at = models.DateTimeField()
    given_by_username = models.CharField(max_length=150)
    confirmed_by_username = models.CharField(max_length=150, blank=True)
    expires_at = models.DateTimeField()
    withdrawn_at = models.DateTimeField(null=True)
    withdrawn_by_username = models.CharField(max_length=150, blank=True)
    withdrawal_reason = models.TextField(blank=True)
    review_due_at = models.DateTimeField(null=True)  # of an expedite: looked at afterwards
    reviewed_at = models.DateTimeField(null=True)
    reviewed_by_username = models.CharField(max_length=150, blank=True)
    review_conclusion = models.TextField(blank=True)

    class Meta:
        ordering = ["-given_at"]
        constraints = [
            models.CheckConstraint(
                condition=Q(
                    trigger__isnull=True,
                    evaluation__isnull=False,
                    verdict__in=[Verdict.FAIL, Verdict.INCONCLUSIVE],
                )
                | Q(
                    trigger__isnull=False,
                    stage_number__isnull=False,
                    evaluation__isnull=True,
                    verdict="",
                    expedite=False,
                ),
                name="override_goes_past",
            ),
            models.CheckConstraint(
                condition=Q(verdict=Verdict.INCONCLUSIVE, expedite=False)
                | Q(trigger__isnull=False, critical=False)
                | ~Q(confirmed_by_username=""),
                name="override_of_fail_by_two",
            ),
            models.CheckConstraint(
                condition=Q(expedite=False) | Q(review_due_at__isnull=False), name="expedite_is_reviewed"
            ),
        ]

    def __str__(self) -> str:
        return f"override of {self.revision}"

    def access_scope(self) -> AccessScope:
        """That of the release."""
        return self.release.access_scope()
