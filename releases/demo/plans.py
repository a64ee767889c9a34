"""The rollout plan of the demo's releases: every kind of stage once, guarded twice."""

from typing import Any

DAY = 24 * 3600

STAFF = ["pseudonym-of-tester-1", "pseudonym-of-tester-2"]
"""Targeting keys of the people who test inside the house."""

STAGES: list[dict[str, Any]] = [
    {"kind": "offline_validation"},
    {"kind": "internal_testing", "keys": STAFF, "min_duration_seconds": DAY // 2},
    {"kind": "shadow", "min_duration_seconds": DAY // 2},
    {
        "kind": "guarded",
        "coverage": 0.1,
        "min_duration_seconds": DAY,
        "criteria": [
            {
                "key": "refused_vs_control",
                "description": "Genuine users refused: no worse than the control arm by more than 2 points.",
            }
        ],
        "triggers": ["spoof_acceptance", "retry_spike"],
    },
    {
        "kind": "guarded",
        "coverage": 0.25,
        "min_duration_seconds": 2 * DAY,
        "max_duration_seconds": 14 * DAY,
        "min_subjects": 200,
        "criteria": [
            {
                "key": "refused_vs_control",
                "description": "Genuine users refused: no worse than the control arm by more than 2 points.",
            }
        ],
        "triggers": ["spoof_acceptance", "retry_spike"],
    },
    {
        "kind": "segment_monitoring",
        "coverage": 0.5,
        "min_duration_seconds": 2 * DAY,
        "label_lag_seconds": DAY,
        "triggers": ["spoof_acceptance", "retry_spike"],
    },
    {"kind": "general"},
]

ROLLOUT_PLAN: dict[str, Any] = {"stages": STAGES}
