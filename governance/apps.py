"""The app of what exists, who may, and what was recorded."""

from django.apps import AppConfig
from django.core.checks import register

from governance.checks.signing import check_signing_keys


class GovernanceConfig(AppConfig):
    """Registers the system checks at start."""

    name = "governance"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """The check of the signing keys."""
        register(check_signing_keys)
