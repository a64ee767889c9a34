"""What entries say of approval rules, requests, votes and approvals."""

from governance.ledger.canonical import digest_of
from governance.ledger.reconciling.declared import Listed, Reconciled, ReconciledList, Told, const
from releases.approvals.models import Approval, ApprovalRequest, ApprovalRuleSet, RequestChannel, Vote

ENDINGS = ("approval_request.withdrawn", "approval_request.expired", "approval_request.voided")

RULES = Reconciled(
    ApprovalRuleSet,
    told=(
        Told(
            ("approval_rule.enacted",),
            {
                "system_id": "system",
                "version": "version",
                "rules": "rules",
                "reason": "@reason",
                "enacted_at": "@at",
                "enacted_by_username": "enacted_by",
                "confirmed_by_username": "confirmed_by",
                "sole_administrator": "sole_administrator",
            },
            is_first=True,
        ),
    ),
)

REQUESTS = Reconciled(
    ApprovalRequest,
    told=(
        Told(
            ("approval.requested",),
            {
                "system_id": "system",
                "release_id": "release",
                "revision_id": "revision",
                "evaluation_id": "evaluation",
                "override_id": "override",
                "review_digest": "@refs.review",
                "rule_snapshot": "@refs.rule_snapshot",
                "state": "state",
                "reason": "@reason",
                "requested_at": "@at",
                "requested_by_username": "@actor",
                "deadline_at": "deadline_at",
                "reminded_at": const(None),
                "closed_at": const(None),
                "closing_reason": const(""),
            },
            is_first=True,
        ),
        Told(("approval_request.reminded",), {"reminded_at": "reminded_at"}),
        Told(ENDINGS, {"state": "request_state", "closed_at": "@at", "closing_reason": "@reason"}),
        Told(("vote.cast",), {"state": "request_state"}),
        Told(
            ("vote.cast",),
            {"closed_at": "@at", "closing_reason": "@reason"},
            only=lambda said: said.after["request_state"] != "open",
        ),
    ),
    through={"rule_snapshot": digest_of},
)

CHANNELS_OF_REQUESTS = ReconciledList(
    RequestChannel,
    of="request_id",
    listed=(Listed(("approval.requested",), "channels", {"channel_id": ""}),),
)

VOTES = Reconciled(
    Vote,
    told=(
        Told(
            ("vote.cast",),
            {
                "account_id": "voter.id",
                "username": "voter.username",
                "role": "voter.role",
                "decision": "decision",
                "reason": "@reason",
                "review_digest": "@refs.review",
                "cast_at": "@at",
                "auth_method": "auth.method",
                "auth_mfa": "auth.mfa",
                "auth_proved_at": "auth.proved_at",
                "conflict_declared": "conflict_declared",
                "acknowledged": "acknowledged",
            },
            row="vote",
            is_first=True,
        ),
    ),
)

APPROVALS = Reconciled(
    Approval,
    told=(
        Told(
            ("release.approved",),
            {
                "revision_id": "revision",
                "request_id": "request",
                "review_digest": "@refs.review",
                "approved_at": "approval.approved_at",
                "valid_until": "approval.valid_until",
                "last_voter_id": "@actor_id",
            },
            row="approval.id",
            is_first=True,
        ),
    ),
)

RECONCILED = (RULES, REQUESTS, CHANNELS_OF_REQUESTS, VOTES, APPROVALS)
