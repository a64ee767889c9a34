"""Screens of this app: releases, evaluations and requests, whose pages combine slices."""

from audits.pages import admin

__all__ = ["admin"]
