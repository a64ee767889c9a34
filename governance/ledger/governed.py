"""The tables without a guard, each with the reason why its changes need no entry.

Every other table belongs to a :class:`governance.ledger.models.Governed` model and carries the guard. A
test compares this tuple, the models and the triggers in the database: a new table is in one of the two.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Ungoverned:
    """A table that changes without entries, and why that hides nothing."""

    table: str
    reason: str


UNGOVERNED = (
    Ungoverned("entry", "The record itself; its rows are inserted by verbs and never change."),
    Ungoverned("pending", "The integrator's queue of entries."),
    Ungoverned("leaf", "The tree over the entries; written by the integrator alone."),
    Ungoverned("tree_state", "The size of the tree; written by the integrator alone."),
    Ungoverned(
        "tile", "Hashes of the tree, in the form that outsiders read; written by the integrator alone."
    ),
    Ungoverned("checkpoint", "Roots of the tree; written by the integrator alone."),
    Ungoverned("signed_checkpoint", "Signatures over roots of the tree; written by the integrator alone."),
    Ungoverned("cosignature", "What witnesses signed, over what is signed here; rows are written once."),
    Ungoverned("witness_state", "What each witness answered last; it is asked again and again."),
    Ungoverned("blob", "Bytes by digest; what they mean stands in the entry that names the digest."),
    Ungoverned("salt", "Opens commitments to personal values, and must be erasable."),
    Ungoverned("governance_idempotencyrecord", "Which answer belongs to a client's key; no domain state."),
    Ungoverned("governance_refusaltally", "Counts refusals until they are summarised in an entry."),
    Ungoverned("governance_outboxmessage", "Work to be done; the verbs before and after it leave entries."),
    Ungoverned("governance_notification", "What an account was told of an entry, and that it was read."),
    Ungoverned("governance_delivery", "How a message left the house; the entry behind it is the record."),
    Ungoverned("governance_preference", "Which messages an account does not want; decides nothing else."),
    Ungoverned("governance_tokenuse", "When a token was last used: written by reading, decides nothing."),
    Ungoverned("governance_systemobjectpermission", "Projection of the grants; gives no right alone."),
    Ungoverned("governance_channelobjectpermission", "Projection of the grants; gives no right alone."),
    Ungoverned("governance_account_groups", "Django's groups give no right over objects."),
    Ungoverned("governance_account_user_permissions", "Django's permissions give no right over objects."),
    Ungoverned("releases_evaluationprogress", "How far a running evaluation is; no evidence."),
    Ungoverned("releases_criterionresult", "Computed anew from what its key names; rows are written once."),
    Ungoverned("releases_decision", "Its batch is governed and holds its digest; rows are written once."),
    Ungoverned("releases_decisionkey", "Which ids are stored already; decides nothing else, written once."),
    Ungoverned("releases_rollup", "How far decisions are counted; no evidence."),
    Ungoverned("releases_window", "Counts of decisions, whose batches are governed; stays when they go."),
    Ungoverned("releases_stampcount", "Counts of decisions, whose batches are governed; stays when they go."),
    Ungoverned("releases_subjectseen", "Who was counted in a run; forgotten once nothing can come to it."),
    Ungoverned("releases_observation", "Its batch is governed and holds its digest; rows are written once."),
    Ungoverned("releases_heartbeat", "The last sign of life; that a stamp first ran there has its entry."),
    Ungoverned("releases_batchreplay", "Computed anew from decisions; says which were looked at."),
    Ungoverned("releases_replayfailure", "Which reports wait since their replay failed; gone afterwards."),
    Ungoverned("releases_replaywindow", "Computed anew from decisions; counts of what was replayed."),
    Ungoverned("releases_replaymismatch", "Computed anew from decisions; rows are written once."),
    Ungoverned(
        "releases_triggermemory", "What is remembered between evaluations; changes of state are entries."
    ),
    Ungoverned("releases_triggerreading", "Points of charts, computed from counted windows."),
    Ungoverned("releases_stagereading", "What the last look found; the entry of what is done carries it."),
    Ungoverned("auth_group", "Django's groups give no right over objects."),
    Ungoverned("auth_group_permissions", "Django's groups give no right over objects."),
    Ungoverned("auth_permission", "Names of Django's permissions, for the projection."),
    Ungoverned("django_content_type", "Names of models, made by migrations."),
    Ungoverned("django_session", "Who is signed in; what they do is recorded."),
    Ungoverned("django_admin_log", "Switched off: histories are read from the ledger."),
    Ungoverned("django_migrations", "Which migrations ran; written by the owner alone."),
    Ungoverned("guardian_userobjectpermission", "Unused: guardian's rows have direct foreign keys."),
    Ungoverned("guardian_groupobjectpermission", "Unused: groups give no right over objects."),
    Ungoverned("axes_accessattempt", "Failed sign-ins, counted for the lock-out."),
    Ungoverned("axes_accessattemptexpiration", "When a lock-out ends."),
    Ungoverned("axes_accessfailurelog", "Failed sign-ins, for the operator."),
    Ungoverned("axes_accesslog", "Sign-ins and sign-outs, for the operator."),
)
