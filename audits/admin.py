"""Screens of this app: releases, evaluations, requests and rollouts, whose pages combine slices."""

from audits.pages import admin, attestation_admin, dossier_admin, rollout_admin

__all__ = ["admin", "attestation_admin", "dossier_admin", "rollout_admin"]
