"""Screens of this app's slices; Django finds them here. Releases, evaluations and requests: audits.pages."""

from releases.approvals import admin as approvals_admin
from releases.gates import admin as gates_admin
from releases.gates.overrides import admin as overrides_admin
from releases.scores import admin as scores_admin

__all__ = ["approvals_admin", "gates_admin", "overrides_admin", "scores_admin"]
