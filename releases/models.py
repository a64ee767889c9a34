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
from releases.monitoring.decisions.models import Decision, DecisionBatch
from releases.rollouts.models import Deployment, Rollback
from releases.scores.models import ScoreTable

__all__ = [
    "Approval",
    "ApprovalRequest",
    "ApprovalRuleSet",
    "Assignment",
    "Attestation",
    "CriterionResult",
    "Decision",
    "DecisionBatch",
    "Deployment",
    "EvaluationProgress",
    "GateCriterion",
    "GateEvaluation",
    "GatePolicy",
    "Override",
    "Release",
    "RequestChannel",
    "Revision",
    "RevisionChannel",
    "Rollback",
    "ScoreTable",
    "Slot",
    "Vote",
]
