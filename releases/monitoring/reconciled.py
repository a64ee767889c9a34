"""What entries say of reported batches, reviews, incidents, terms and triggers."""

from governance.ledger.canonical import digest_of
from governance.ledger.reconciling.declared import Reconciled, Said, Told, const, find, has
from releases.monitoring.decisions.models import DecisionBatch
from releases.monitoring.drift.models import DriftReview
from releases.monitoring.incidents.models import FollowUp, Incident
from releases.monitoring.terms.models import MonitoringTerms
from releases.monitoring.triggers.models import TriggerStatus
from releases.monitoring.windows.models import ObservationBatch

RECEIVED = "The entry carries the time of its own; a batch is counted by the times of what it holds."
CHANGES = (
    "trigger.pending",
    "trigger.fired",
    "trigger.recovering",
    "trigger.cleared",
    "trigger.no_data",
    "trigger.failed",
    "trigger.measured_again",
)
DECIDED = ("incident.confirmed", "incident.dismissed")


def fired(said: Said) -> bool:
    """Whether the trigger began to fire, or does for another reason."""
    return has("evidence")(said) and "firing" in find(said.after, "passed")


DECISION_BATCHES = Reconciled(
    DecisionBatch,
    told=(
        Told(
            ("decisions.reported",),
            {
                "report": "report",
                "decisions_count": "decisions",
                "first_at": "first_at",
                "last_at": "last_at",
                "unknown_stamps": "unknown_stamps",
                "digest": "@refs.decisions",
                "reported_by_username": "@actor",
            },
            row="batch",
        ),
    ),
    by_entry="entry_id",
    left={"received_at": RECEIVED},
)

OBSERVATION_BATCHES = Reconciled(
    ObservationBatch,
    told=(
        Told(
            ("observations.reported",),
            {
                "report": "report",
                "observations_count": "observations",
                "digest": "@refs.observations",
                "reported_by_username": "@actor",
            },
            row="batch",
        ),
    ),
    by_entry="entry_id",
    left={"received_at": RECEIVED},
)

REVIEWS = Reconciled(
    DriftReview,
    told=(
        Told(
            ("drift_review.planned",),
            {
                "launched_at": "launched_at",
                "planned_at": "@at",
                "reviewed_by_username": const(""),
                "acceptable": const(None),
                "conclusion": const(""),
                "figures": const(None),
                "figures_digest": const(""),
            },
            is_first=True,
        ),
        Told(
            ("drift_review.planned", "drift_review.due", "drift_review.concluded"),
            {
                "release_id": "release",
                "revision_id": "revision",
                "number": "number",
                "due_at": "due_at",
                "reminded_at": "reminded_at",
                "reviewed_at": "reviewed_at",
            },
        ),
        Told(
            ("drift_review.concluded",),
            {
                "reviewed_by_username": "@actor",
                "acceptable": "acceptable",
                "conclusion": "@reason",
                "figures": "@refs.figures",
                "figures_digest": "@refs.figures",
            },
        ),
    ),
    through={"figures": lambda value: None if value is None else digest_of(value)},
)

DOCUMENTED = (
    "incident.reported",
    *DECIDED,
    "incident.attributed",
    "incident.report_filed",
    "incident.criterion_named",
)

INCIDENTS = Reconciled(
    Incident,
    told=(
        Told(
            DOCUMENTED,
            {
                "channel_id": "channel",
                "kind": "kind",
                "status": "status",
                "species": "species",
                "decision": "decision",
                "happened_at": "happened_at",
                "attribution": "attribution",
                "revision_id": "revision",
                "possible": "possible",
                "stage": "stage",
                "report_due_at": "report_due_at",
                "report_filed_at": "report_filed_at",
                "report_reference": "report_reference",
                "evaluation_id": "evaluation",
                "missed_by": "missed_by",
            },
        ),
        Told(
            ("incident.reported",),
            {
                "evidence": "@refs.evidence",
                "reported_at": "@at",
                "reported_by_username": "@actor",
                "status_changed_at": "@at",
                "status_changed_by_username": "@actor",
                "conclusion": const(""),
                "report_filed_by_username": const(""),
                "reminded_at": const(None),
                "missed_reason": const(""),
            },
            is_first=True,
        ),
        Told(
            DECIDED,
            {"status_changed_at": "@at", "status_changed_by_username": "@actor", "conclusion": "@reason"},
        ),
        Told(("incident.report_filed",), {"report_filed_by_username": "@actor"}),
        Told(("incident.criterion_named",), {"missed_reason": "@reason"}),
        Told(("incident.overdue",), {"reminded_at": "@at"}),
    ),
    through={"evidence": digest_of},
    left={"subject": "A person's pseudonym, which is kept out of the record; the decision is named instead."},
)

FOLLOW_UPS = Reconciled(
    FollowUp,
    told=(
        Told(
            ("follow_up.added", "follow_up.done"),
            {"text": "text", "owner_username": "owner", "due_at": "due_at", "done_at": "done_at"},
            row="follow_up",
        ),
        Told(
            ("follow_up.added",),
            {
                "added_at": "@at",
                "added_by_username": "@actor",
                "done_by_username": const(""),
                "outcome": const(""),
                "reminded_at": const(None),
            },
            row="follow_up",
            is_first=True,
        ),
        Told(("follow_up.done",), {"done_by_username": "@actor", "outcome": "@reason"}, row="follow_up"),
        Told(("follow_up.overdue",), {"reminded_at": "@at"}, row="follow_up"),
    ),
    left={"owner_id": "A link for the database; the username beside it is what counts, and is followed."},
)

TERMS = Reconciled(
    MonitoringTerms,
    told=(
        Told(
            ("monitoring_terms.set",),
            {
                "report_within_hours": "report_within_hours",
                "replay_rate": "replay_rate",
                "review_days": "review_days",
                "review_every_days": "review_every_days",
                "mix_attributes": "mix_attributes",
                "quality_attribute": "quality_attribute",
                "set_at": "@at",
                "set_by_username": "@actor",
            },
            is_first=True,
        ),
    ),
    key="system_id",
)

TRIGGERS = Reconciled(
    TriggerStatus,
    told=(
        Told(
            ("trigger.armed",),
            {
                "kind": "spec.kind",
                "since": "@at",
                "sentence": const(""),
                "evidence": "evidence",
                "changes": const(0),
                "fired_at": const(None),
                "acknowledged_at": const(None),
                "acknowledged_by_username": const(""),
            },
            is_first=True,
        ),
        Told(
            ("trigger.armed", *CHANGES, "trigger.acknowledged"),
            {
                "deployment_id": "deployment",
                "key": "key",
                "segment": "segment",
                "stage_number": "stage_number",
                "phase": "phase",
                "lack": "lack",
                "action": "action",
                "latched": "latched",
                "evidence_digest": "evidence_digest",
                "changed_at": "@at",
            },
        ),
        Told(CHANGES, {"sentence": "@reason", "since": "since"}),
        Told((*CHANGES, "trigger.acknowledged"), {"changes": "changes"}),
        Told(CHANGES, {"evidence": "evidence_digest"}, only=has("evidence")),
        Told(
            CHANGES,
            {"fired_at": "@at", "acknowledged_at": const(None), "acknowledged_by_username": const("")},
            only=fired,
        ),
        Told(("trigger.acknowledged",), {"acknowledged_at": "@at", "acknowledged_by_username": "@actor"}),
    ),
    through={"evidence": digest_of},
)

RECONCILED = (
    DECISION_BATCHES,
    OBSERVATION_BATCHES,
    REVIEWS,
    INCIDENTS,
    FOLLOW_UPS,
    TERMS,
    TRIGGERS,
)
