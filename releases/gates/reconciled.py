"""What entries say of gate policies, evaluations, attestations and overrides."""

from typing import Any

from governance.ledger.canonical import digest_of
from governance.ledger.reconciling.declared import (
    Listed,
    Reconciled,
    ReconciledList,
    Said,
    Told,
    const,
    find,
    maybe,
)
from releases.gates.models import Attestation, GateCriterion, GateEvaluation, GatePolicy, Override

DRAFTS = ("gate_policy.drafted", "gate_policy.edited", "gate_policy.preset_added")
HEAD = {"system_id": "system", "name": "name", "version": "version", "state": "state"}
CRITERION = {name: name for name in ("key", "version", "kind", "title", "severity", "mode", "spec")}


def named(items: Any) -> list[str]:
    """What a policy leaves out, by name."""
    return [item["what"] for item in items]


def of_a_trigger(said: Said) -> bool:
    """Whether the override is of a trigger."""
    return isinstance(find(said.after, "trigger"), str)


POLICIES = Reconciled(
    GatePolicy,
    told=(
        Told((*DRAFTS, "gate_policy.locked"), {**HEAD, "out_of_scope": "out_of_scope"}),
        Told(
            ("gate_policy.drafted",),
            {
                "drafted_at": "@at",
                "drafted_by_username": "@actor",
                "locked_at": const(None),
                "locked_by_username": const(""),
                "in_force_until": const(None),
                "digest": const(""),
                "suppress_below": const(5),
            },
            is_first=True,
        ),
        Told(
            ("gate_policy.locked",),
            {"locked_at": "@at", "locked_by_username": "@actor", "digest": "@refs.policy"},
        ),
        Told(("gate_policy.superseded",), {"in_force_until": "in_force_until"}),
    ),
    through={"out_of_scope": named},
    left={"description": "Words about the whole; once locked the policy's digest is of them too."},
)

CRITERIA = ReconciledList(
    GateCriterion,
    of="policy_id",
    listed=(
        Listed(DRAFTS, "criteria", CRITERION, blob="draft"),
        Listed(("gate_policy.locked",), "criteria", CRITERION, blob="policy"),
    ),
    left={
        "position": "The order on the page; the policy's entry lists the criteria in it.",
        "owner_username": "Whom to ask about the criterion; decides nothing.",
    },
)

EVALUATIONS = Reconciled(
    GateEvaluation,
    told=(
        Told(
            ("gate_evaluation.requested",),
            {
                "release_id": "release",
                "revision_id": "revision",
                "policy_id": "policy",
                "status": const("requested"),
                "inputs": "@refs.inputs",
                "verdict": const(""),
                "result_digest": const(""),
                "statement_digest": const(""),
                "preregistered": const(None),
                "error": const(""),
                "requested_at": "@at",
                "requested_by_username": "@whom",
                "ended_at": const(None),
            },
            is_first=True,
        ),
        Told(
            ("gate_evaluation.completed",),
            {
                "status": "status",
                "verdict": "verdict",
                "preregistered": "preregistered",
                "result": "shown",
                "result_digest": "@refs.result",
                "ended_at": "@at",
            },
        ),
        Told(
            ("gate_evaluation.completed",),
            {"statement_digest": "@refs.statement"},
            only=lambda said: "statement" in said.refs,
        ),
        Told(
            ("gate_evaluation.failed",),
            {
                "status": "status",
                "verdict": "verdict",
                "error": "error",
                "result": "shown",
                "ended_at": "@at",
            },
        ),
    ),
    through={"inputs": digest_of, "result": digest_of},
)

ATTESTATIONS = Reconciled(
    Attestation,
    told=(
        Told(
            ("attestation.made",),
            {
                "release_id": "release",
                "revision_id": "revision",
                "evaluation_id": "evaluation",
                "kind": "kind",
                "manifest_digest": "@refs.manifest",
                "acceptable": "acceptable",
                "conclusion": "@reason",
                "content": "content_digest",
                "digest": "@refs.attestation",
                "attested_at": "@at",
                "attested_by_username": "@whom",
            },
            is_first=True,
        ),
    ),
    through={"content": digest_of},
)

OVERRIDES = Reconciled(
    Override,
    told=(
        Told(
            ("override.given", "trigger.overridden"),
            {
                "release_id": "release",
                "revision_id": "revision",
                "manifest_digest": "@refs.manifest",
                "channels": "channels",
                "reason": "@reason",
                "expedite": maybe("expedite", False),
                "given_at": "@at",
                "given_by_username": "given_by",
                "confirmed_by_username": "confirmed_by",
                "expires_at": "expires_at",
                "withdrawn_at": const(None),
                "withdrawn_by_username": const(""),
                "withdrawal_reason": const(""),
                "evaluation_id": maybe("evaluation", None),
                "trigger_id": maybe("trigger", None),
                "stage_number": maybe("stage_number", None),
                "critical": maybe("critical", False),
                "verdict": maybe("verdict", ""),
                "review_due_at": maybe("review_due_at", None),
                "reviewed_at": const(None),
                "reviewed_by_username": const(""),
                "review_conclusion": const(""),
            },
            is_first=True,
        ),
        Told(("override.given",), {"criteria": "criteria", "result_digest": "@refs.result"}),
        Told(("trigger.overridden",), {"result_digest": "@refs.evidence"}, only=of_a_trigger),
        Told(
            ("override.withdrawn",),
            {
                "withdrawn_at": "withdrawn_at",
                "withdrawn_by_username": "@actor",
                "withdrawal_reason": "@reason",
            },
        ),
        Told(
            ("expedite.reviewed",),
            {
                "review_due_at": "review_due_at",
                "reviewed_at": "reviewed_at",
                "reviewed_by_username": "@actor",
                "review_conclusion": "@reason",
            },
        ),
    ),
)

RECONCILED = (POLICIES, CRITERIA, EVALUATIONS, ATTESTATIONS, OVERRIDES)
