"""Runs of a gate: requested, computed, kept, stated, compared."""
