"""Who may do what, as data: the one place where a role or a permission is added.

Forms, API schema, the grant screen and the permission-matrix test derive from these tables. A token of
an account never exceeds the account's roles; its scopes narrow them further.
"""

from enum import StrEnum


class Scope(StrEnum):
    """What a token may be used for; every permission belongs to one scope."""

    READ = "read"
    REGISTRY = "registry:write"
    RELEASES = "releases:write"
    GATES = "gates:write"
    VOTE = "approvals:vote"
    ROLLOUTS = "rollouts:write"
    FLAGS = "flags:read"
    DECISIONS = "decisions:write"
    DOSSIERS = "dossiers:write"
    ADMINISTRATION = "administration:write"


class Permission(StrEnum):
    """Something an actor may be allowed to do to an object."""

    VIEW = "view"
    REGISTER_SYSTEM = "register_system"
    REGISTER_CHANNEL = "register_channel"
    DEFINE_SEGMENT = "define_segment"
    REGISTER_COMPONENT = "register_component"
    DEPRECATE_COMPONENT = "deprecate_component"
    REVOKE_COMPONENT = "revoke_component"
    IMPORT_SCORES = "import_scores"
    DRAFT_RELEASE = "draft_release"
    FREEZE_RELEASE = "freeze_release"
    WITHDRAW_RELEASE = "withdraw_release"
    REQUEST_APPROVAL = "request_approval"
    WITHDRAW_REQUEST = "withdraw_request"
    DRAFT_POLICY = "draft_policy"
    LOCK_POLICY = "lock_policy"
    EVALUATE_GATE = "evaluate_gate"
    COMPLETE_EVALUATION = "complete_evaluation"
    ATTEST = "attest"
    OVERRIDE_INCONCLUSIVE = "override_inconclusive"
    OVERRIDE_FAIL = "override_fail"
    REVIEW_EXPEDITE = "review_expedite"
    VOTE = "vote"
    EXPIRE_REQUEST = "expire_request"
    REMIND_VOTERS = "remind_voters"
    PROPOSE_ADOPTION = "propose_adoption"
    CONFIRM_ADOPTION = "confirm_adoption"
    START_ROLLOUT = "start_rollout"
    ADVANCE_ROLLOUT = "advance_rollout"
    HOLD_ROLLOUT = "hold_rollout"
    PAUSE_ROLLOUT = "pause_rollout"
    RESUME_ROLLOUT = "resume_rollout"
    ROLL_BACK = "roll_back"
    APPROVE_STAGE = "approve_stage"
    RUN_DRILL = "run_drill"
    WATCH_ROLLOUT = "watch_rollout"
    EVALUATE_FLAGS = "evaluate_flags"
    REPORT_DECISIONS = "report_decisions"
    COUNT_WINDOWS = "count_windows"
    EXPIRE_DECISIONS = "expire_decisions"
    HANDLE_INCIDENT = "handle_incident"
    SET_MONITORING = "set_monitoring"
    PLAN_REVIEW = "plan_review"
    REVIEW_DRIFT = "review_drift"
    REMIND_OWNERS = "remind_owners"
    REPLAY_DECISIONS = "replay_decisions"
    REQUEST_DOSSIER = "request_dossier"
    MAKE_DOSSIER = "make_dossier"
    MANAGE_ACCOUNTS = "manage_accounts"
    MANAGE_GRANTS = "manage_grants"
    MANAGE_TOKENS = "manage_tokens"
    MANAGE_RULES = "manage_rules"
    MANAGE_KEYS = "manage_keys"


P = Permission

SCOPE_OF: dict[Permission, Scope] = {
    P.VIEW: Scope.READ,
    P.REGISTER_SYSTEM: Scope.ADMINISTRATION,
    P.REGISTER_CHANNEL: Scope.ADMINISTRATION,
    P.DEFINE_SEGMENT: Scope.REGISTRY,
    P.REGISTER_COMPONENT: Scope.REGISTRY,
    P.DEPRECATE_COMPONENT: Scope.REGISTRY,
    P.REVOKE_COMPONENT: Scope.REGISTRY,
    P.IMPORT_SCORES: Scope.REGISTRY,
    P.DRAFT_RELEASE: Scope.RELEASES,
    P.FREEZE_RELEASE: Scope.RELEASES,
    P.WITHDRAW_RELEASE: Scope.RELEASES,
    P.REQUEST_APPROVAL: Scope.RELEASES,
    P.WITHDRAW_REQUEST: Scope.RELEASES,
    P.DRAFT_POLICY: Scope.GATES,
    P.LOCK_POLICY: Scope.GATES,
    P.EVALUATE_GATE: Scope.GATES,
    P.COMPLETE_EVALUATION: Scope.GATES,
    P.ATTEST: Scope.GATES,
    P.OVERRIDE_INCONCLUSIVE: Scope.VOTE,
    P.OVERRIDE_FAIL: Scope.VOTE,
    P.REVIEW_EXPEDITE: Scope.VOTE,
    P.VOTE: Scope.VOTE,
    P.EXPIRE_REQUEST: Scope.RELEASES,
    P.REMIND_VOTERS: Scope.RELEASES,
    P.PROPOSE_ADOPTION: Scope.ROLLOUTS,
    P.CONFIRM_ADOPTION: Scope.ROLLOUTS,
    P.START_ROLLOUT: Scope.ROLLOUTS,
    P.ADVANCE_ROLLOUT: Scope.ROLLOUTS,
    P.HOLD_ROLLOUT: Scope.ROLLOUTS,
    P.PAUSE_ROLLOUT: Scope.ROLLOUTS,
    P.RESUME_ROLLOUT: Scope.ROLLOUTS,
    P.ROLL_BACK: Scope.ROLLOUTS,
    P.APPROVE_STAGE: Scope.VOTE,
    P.RUN_DRILL: Scope.ROLLOUTS,
    P.WATCH_ROLLOUT: Scope.ROLLOUTS,
    P.EVALUATE_FLAGS: Scope.FLAGS,
    P.REPORT_DECISIONS: Scope.DECISIONS,
    P.COUNT_WINDOWS: Scope.DECISIONS,
    P.EXPIRE_DECISIONS: Scope.DECISIONS,
    P.HANDLE_INCIDENT: Scope.ROLLOUTS,
    P.SET_MONITORING: Scope.ROLLOUTS,
    P.PLAN_REVIEW: Scope.ROLLOUTS,
    P.REVIEW_DRIFT: Scope.GATES,
    P.REMIND_OWNERS: Scope.ROLLOUTS,
    P.REPLAY_DECISIONS: Scope.DECISIONS,
    P.REQUEST_DOSSIER: Scope.DOSSIERS,
    P.MAKE_DOSSIER: Scope.DOSSIERS,
    P.MANAGE_ACCOUNTS: Scope.ADMINISTRATION,
    P.MANAGE_GRANTS: Scope.ADMINISTRATION,
    P.MANAGE_TOKENS: Scope.ADMINISTRATION,
    P.MANAGE_RULES: Scope.ADMINISTRATION,
    P.MANAGE_KEYS: Scope.ADMINISTRATION,
}


class Role(StrEnum):
    """A role as it is granted on a system, a channel or (administrators and auditors) the installation."""

    AUTHOR = "author"
    QA_LEAD = "qa_lead"
    SECURITY_REVIEWER = "security_reviewer"
    APPROVER = "approver"
    RELEASE_MANAGER = "release_manager"
    AUDITOR = "auditor"
    INTEGRATION = "integration"
    ADMINISTRATOR = "administrator"
    ENGINE = "engine"
    OPERATOR = "operator"


class Strength(StrEnum):
    """How strongly a person must have proved who they are for a vote of a role."""

    NONE = "none"
    REAUTHENTICATION = "reauth"
    MFA = "mfa"


_DRAFTING = {
    P.REGISTER_COMPONENT,
    P.IMPORT_SCORES,
    P.DRAFT_RELEASE,
    P.FREEZE_RELEASE,
    P.REQUEST_APPROVAL,
    P.EVALUATE_GATE,
}

_MANAGING = {P.MANAGE_ACCOUNTS, P.MANAGE_GRANTS, P.MANAGE_TOKENS, P.MANAGE_RULES, P.MANAGE_KEYS}

_DOSSIERS = {P.REQUEST_DOSSIER, P.MAKE_DOSSIER}

PERMISSIONS: dict[Role, frozenset[Permission]] = {
    Role.AUTHOR: frozenset(
        {P.VIEW, *_DRAFTING, P.DEPRECATE_COMPONENT, P.WITHDRAW_RELEASE, P.WITHDRAW_REQUEST}
    ),
    Role.QA_LEAD: frozenset(
        {
            P.VIEW,
            P.DEFINE_SEGMENT,
            P.DRAFT_POLICY,
            P.LOCK_POLICY,
            P.EVALUATE_GATE,
            P.ATTEST,
            P.VOTE,
            P.APPROVE_STAGE,
            P.OVERRIDE_INCONCLUSIVE,
            P.REVIEW_DRIFT,
            P.REVIEW_EXPEDITE,
        }
    ),
    Role.SECURITY_REVIEWER: frozenset(
        {
            P.VIEW,
            P.VOTE,
            P.APPROVE_STAGE,
            P.HOLD_ROLLOUT,
            P.ROLL_BACK,
            P.HANDLE_INCIDENT,
            P.REVIEW_DRIFT,
            P.REVOKE_COMPONENT,
            P.OVERRIDE_FAIL,
            P.REVIEW_EXPEDITE,
        }
    ),
    Role.APPROVER: frozenset(
        {
            P.VIEW,
            P.VOTE,
            P.APPROVE_STAGE,
            P.CONFIRM_ADOPTION,
            P.OVERRIDE_INCONCLUSIVE,
            P.OVERRIDE_FAIL,
            P.REVIEW_EXPEDITE,
        }
    ),
    Role.RELEASE_MANAGER: frozenset(
        {
            P.VIEW,
            P.PROPOSE_ADOPTION,
            P.CONFIRM_ADOPTION,
            P.START_ROLLOUT,
            P.ADVANCE_ROLLOUT,
            P.HOLD_ROLLOUT,
            P.PAUSE_ROLLOUT,
            P.RESUME_ROLLOUT,
            P.ROLL_BACK,
            P.RUN_DRILL,
            P.HANDLE_INCIDENT,
            P.SET_MONITORING,
            P.REVOKE_COMPONENT,
        }
    ),
    Role.AUDITOR: frozenset({P.VIEW, P.REQUEST_DOSSIER}),
    Role.INTEGRATION: frozenset({P.VIEW, *_DRAFTING, P.HOLD_ROLLOUT, P.EVALUATE_FLAGS, P.REPORT_DECISIONS}),
    Role.ADMINISTRATOR: frozenset({P.VIEW, P.REGISTER_SYSTEM, P.REGISTER_CHANNEL, *_MANAGING}),
    Role.ENGINE: frozenset(
        {
            P.VIEW,
            P.EVALUATE_GATE,
            P.COMPLETE_EVALUATION,
            P.EXPIRE_REQUEST,
            P.REMIND_VOTERS,
            P.PLAN_REVIEW,
            P.REMIND_OWNERS,
            P.REPLAY_DECISIONS,
            P.HOLD_ROLLOUT,
            P.ROLL_BACK,
            P.WATCH_ROLLOUT,
            P.COUNT_WINDOWS,
            P.EXPIRE_DECISIONS,
            P.MAKE_DOSSIER,
        }
    ),
    Role.OPERATOR: frozenset(
        {P.VIEW, P.ROLL_BACK, P.MANAGE_ACCOUNTS, P.MANAGE_TOKENS, P.MANAGE_KEYS, *_DOSSIERS}
    ),
}

GRANTABLE = tuple(role for role in Role if role not in {Role.ENGINE, Role.OPERATOR})
"""Roles that can be granted to accounts. ``engine`` belongs to tasks and ``operator`` to the shell."""

POWERFUL = frozenset(
    {Role.ADMINISTRATOR, Role.APPROVER, Role.SECURITY_REVIEWER, Role.RELEASE_MANAGER, Role.QA_LEAD}
)
"""Granting one of these needs a second administrator."""

PERSONS_ONLY = frozenset({Role.APPROVER, Role.SECURITY_REVIEWER, Role.QA_LEAD, Role.ADMINISTRATOR})
"""A service account cannot hold these: services never vote and never administer."""

INSTALLATION_WIDE = frozenset({Role.ADMINISTRATOR, Role.AUDITOR})
"""These may be granted on the installation instead of one system."""

STRENGTH: dict[Role, Strength] = {
    Role.APPROVER: Strength.REAUTHENTICATION,
    Role.SECURITY_REVIEWER: Strength.REAUTHENTICATION,
    Role.QA_LEAD: Strength.REAUTHENTICATION,
}
"""What a vote for a seat of the role asks for; roles not named here need none."""


def roles_with(permission: Permission) -> frozenset[Role]:
    """All roles that carry the permission."""
    return frozenset(role for role, permissions in PERMISSIONS.items() if permission in permissions)
