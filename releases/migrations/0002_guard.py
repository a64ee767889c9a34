"""The guard on this app's governed tables."""

from django.db import migrations

from governance.ledger.guard import guard_sql, unguard_sql

GUARDED = (
    ("releases_release", "release", "id"),
    ("releases_revision", "release", "release_id"),
    ("releases_revisionchannel", "release", "release_id"),
    ("releases_slot", "release", "release_id"),
    ("releases_assignment", "channel", "channel_id"),
    ("releases_scoretable", "score_table", "id"),
    ("releases_gatepolicy", "gate_policy", "id"),
    ("releases_gatecriterion", "gate_policy", "policy_id"),
    ("releases_gateevaluation", "gate_evaluation", "id"),
    ("releases_approvalruleset", "approval_rules", "id"),
    ("releases_approvalrequest", "approval_request", "id"),
    ("releases_requestchannel", "approval_request", "request_id"),
    ("releases_vote", "approval_request", "request_id"),
    ("releases_approval", "release", "release_id"),
    ("releases_deployment", "release", "release_id"),
    ("releases_rollback", "release", "release_id"),
)


class Migration(migrations.Migration):
    dependencies = [
        ("releases", "0001_foundation"),
        ("governance", "0002_guard_and_roles"),
    ]

    operations = [
        migrations.RunSQL(guard_sql(table, prefix, column), unguard_sql(table))
        for table, prefix, column in GUARDED
    ]
