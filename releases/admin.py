"""Screens of this app's slices; Django finds them here. Releases, evaluations and requests: audits.pages."""

from releases.approvals import admin as approvals_admin
from releases.gates import admin as gates_admin
from releases.gates.overrides import admin as overrides_admin
from releases.monitoring.drift import admin as drift_admin
from releases.monitoring.incidents import admin as incidents_admin
from releases.monitoring.replaying import admin as replaying_admin
from releases.monitoring.triggers import admin as triggers_admin
from releases.scores import admin as scores_admin

__all__ = [
    "approvals_admin",
    "drift_admin",
    "gates_admin",
    "incidents_admin",
    "overrides_admin",
    "replaying_admin",
    "scores_admin",
    "triggers_admin",
]
