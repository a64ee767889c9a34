"""The app of what moves: releases, gates, approvals, rollouts."""

from django.apps import AppConfig


class ReleasesConfig(AppConfig):
    """No start-up work of its own."""

    name = "releases"
    default_auto_field = "django.db.models.BigAutoField"
