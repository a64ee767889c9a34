"""All tables of this app, so that Django finds them; each lives in its slice."""

from releases.approvals.models import Approval, ApprovalRequest, ApprovalRuleSet, RequestChannel, Vote
from releases.bundles.models import Assignment, Release, Revision, RevisionChannel, Slot
from releases.gates.models import (
    Attestation,
    CriterionResult,
    EvaluationProgress,
    GateCriterion,
    GateEvaluation,
    GatePolicy,
    Override,
)
from releases.monitoring.decisions.models import Decision, DecisionBatch, DecisionKey
from releases.monitoring.drift.models import DriftReview
from releases.monitoring.heartbeats.models import Heartbeat
from releases.monitoring.incidents.models import FollowUp, Incident
from releases.monitoring.replaying.models import BatchReplay, ReplayFailure, ReplayMismatch, ReplayWindow
from releases.monitoring.terms.models import MonitoringTerms
from releases.monitoring.triggers.models import TriggerMemory, TriggerReading, TriggerStatus
from releases.monitoring.windows.models import (
    Observation,
    ObservationBatch,
    RollUp,
    StampCount,
    SubjectSeen,
    Window,
)
from releases.rollouts.models import Deployment, Drill, Rollback, StageApproval, StageReading
from releases.scores.models import ScoreTable

__all__ = [
    "Approval",
    "ApprovalRequest",
    "ApprovalRuleSet",
    "Assignment",
    "Attestation",
    "BatchReplay",
    "CriterionResult",
    "Decision",
    "DecisionBatch",
    "DecisionKey",
    "Deployment",
    "DriftReview",
    "Drill",
    "EvaluationProgress",
    "FollowUp",
    "GateCriterion",
    "GateEvaluation",
    "GatePolicy",
    "Heartbeat",
    "Incident",
    "MonitoringTerms",
    "Observation",
    "ObservationBatch",
    "Override",
    "Release",
    "ReplayFailure",
    "ReplayMismatch",
    "ReplayWindow",
    "RequestChannel",
    "Revision",
    "RevisionChannel",
    "RollUp",
    "Rollback",
    "ScoreTable",
    "Slot",
    "StageApproval",
    "StageReading",
    "StampCount",
    "SubjectSeen",
    "TriggerMemory",
    "TriggerReading",
    "TriggerStatus",
    "Vote",
    "Window",
]
