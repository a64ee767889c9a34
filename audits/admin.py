"""Screens of this app: releases, evaluations, requests and rollouts, whose pages combine slices."""

from audits.pages import admin, rollout_admin

__all__ = ["admin", "rollout_admin"]
