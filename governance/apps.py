"""The app of what exists, who may, and what was recorded."""

from django.apps import AppConfig


class GovernanceConfig(AppConfig):
    """Registers the checks of the database at start."""

    name = "governance"
    default_auto_field = "django.db.models.BigAutoField"
