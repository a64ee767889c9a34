"""The plans of the demo's releases: every kind of stage once, guarded twice, and what takes a release back.

Triggers are the product's presets with what only a plan knows filled in. Where the demo departs from a preset
it says why.
"""

from typing import Any

from releases.monitoring.triggers.presets import preset

HOUR = 3600
DAY = 24 * HOUR

STAFF = ["pseudonym-of-tester-1", "pseudonym-of-tester-2"]
"""Targeting keys of the people who test inside the house."""

OWNER = "release_manager"
LATENCY_BUDGET_MS = 800.0
TIGHTER_BUDGET_MS = 500.0
GRACE = 6 * HOUR
"""The demo is switched off and on again; that is no night in which the decision service fell silent."""

IN_EVERY_STAGE = ["spoof_acceptance"]
WHILE_GUARDED = [*IN_EVERY_STAGE, "error_rate", "p95_latency", "segment_degrades", "heartbeat"]


def _trigger(key: str, of: str = "", **filled: Any) -> dict[str, Any]:
    """The preset ``of``, under ``key``, with what the plan fills in."""
    return {**preset(of or key).document, "key": key, "owner": OWNER, **filled}


TRIGGERS: list[dict[str, Any]] = [
    _trigger("spoof_acceptance"),
    _trigger("error_rate", no_data_grace_seconds=GRACE),
    _trigger(
        "p95_latency",
        limit=LATENCY_BUDGET_MS,
        action="hold",  # a slow answer is no wrong one: people look first
        keep_firing_for_seconds=HOUR // 2,
        no_data_grace_seconds=GRACE,
        description=f"The p95 latency is above {LATENCY_BUDGET_MS:.0f} ms in two consecutive windows.",
    ),
    _trigger(
        "p95_latency_tighter",
        of="p95_latency",
        limit=TIGHTER_BUDGET_MS,
        mode="observe",
        severity="minor",
        no_data_grace_seconds=GRACE,
        description=f"A tighter budget of {TIGHTER_BUDGET_MS:.0f} ms, tried out before it may act.",
    ),
    _trigger(
        "segment_degrades",
        min_subjects=10,  # one person in 26 is of the rarest segment
        no_data_grace_seconds=GRACE,
    ),
    _trigger("score_drift", no_data_grace_seconds=DAY),
    _trigger("heartbeat", for_seconds=60),  # the demo's service starts beside its worker
]

REFUSED: dict[str, Any] = {
    "key": "refused_vs_control",
    "description": "People refused: no worse than the control arm by more than 2 points.",
}

STAGES: list[dict[str, Any]] = [
    {"kind": "offline_validation"},
    {
        "kind": "internal_testing",
        "keys": STAFF,
        "min_duration_seconds": DAY // 2,
        "triggers": IN_EVERY_STAGE,
    },
    {"kind": "shadow", "min_duration_seconds": DAY // 2, "triggers": IN_EVERY_STAGE},
    {
        "kind": "guarded",
        "coverage": 0.1,
        "min_duration_seconds": DAY,
        "criteria": [REFUSED],
        "triggers": WHILE_GUARDED,
    },
    {
        "kind": "guarded",
        "coverage": 0.25,
        "min_duration_seconds": 2 * DAY,
        "max_duration_seconds": 14 * DAY,
        "min_subjects": 200,
        "criteria": [{**REFUSED, "measure": {"metric": "refused", "margin": 0.02}}],
        "triggers": [*WHILE_GUARDED, "p95_latency_tighter"],
    },
    {
        "kind": "segment_monitoring",
        "coverage": 0.5,
        "min_duration_seconds": 2 * DAY,
        "label_lag_seconds": DAY,
        "triggers": WHILE_GUARDED,
        "requires_approval": ["security_reviewer"],
    },
    {"kind": "general", "triggers": [*WHILE_GUARDED, "score_drift"]},
]

ROLLOUT_PLAN: dict[str, Any] = {"stages": STAGES}

ROLLBACK_PLAN: dict[str, Any] = {
    "owner": OWNER,
    "steps": "Roll back on the channel in the admin, over the API or with manage.py roll_back; tell support.",
    "triggers": TRIGGERS,
}
