"""The app of what can be shown."""

from django.apps import AppConfig


class AuditsConfig(AppConfig):
    """No start-up work of its own."""

    name = "audits"
    default_auto_field = "django.db.models.BigAutoField"
