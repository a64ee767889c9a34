"""What a draft of a gate policy starts with: criteria that can be locked, from what the system has."""

from typing import Any

from governance.registry.models import System
from governance.registry.queries import segments_in_force
from releases.bundles.models import Revision
from releases.bundles.queries import assignments_at

SPECIES = ("print", "replay")
WHY = "Write down here why this much is tolerable."
METRICS = (
    ("bpcer", "Genuine users refused", "segments"),
    ("apcer", "Attacks accepted", "species"),
    ("bpnrr", "Genuine users without an answer", "segments"),
    ("apnrr", "Attacks without an answer", "species"),
)


def starting_criteria(system: System) -> list[dict[str, Any]]:
    """A limit on attacks, and comparisons with what is live and with a reference, for the writer to change.

    The species are examples; segments and reference are the system's own. Where nothing was ever live there
    is no reference, and the first release is judged by the fixed limit alone.
    """
    live = assignments_at().filter(channel__system=system).select_related("stable").first()
    segments = [one.key for one in segments_in_force(system) if one.protected]
    strata = {"species": list(SPECIES), "segments": segments}
    limit = {"metric": "apcer", "strata": {"species": list(SPECIES)}, "limit": 0.05, "limit_reason": WHY}
    return [
        _written("apcer", "absolute", "Attacks accepted, against a fixed limit", limit),
        *(
            _written(
                f"{metric}_{place}",
                "noninferiority",
                f"{title}, against {against}",
                {
                    "metric": metric,
                    "strata": {cut: strata[cut]},
                    "margin": 0.05,
                    "margin_reason": WHY,
                    "baseline": baseline,
                },
            )
            for place, against, baseline in _baselines(live.stable if live else None)
            for metric, title, cut in METRICS
            if strata[cut]
        ),
        _written("complete", "completeness", "Nothing that the decision rests on is missing", {}),
    ]


def _baselines(live: Revision | None) -> list[tuple[str, str, dict[str, str]]]:
    if live is None:
        return [("live", "what is live", {"kind": "live", "when_no_baseline": "absolute_only"})]
    pinned = {"kind": "pinned", "release": str(live.release_id)}
    return [("live", "what is live", {"kind": "live"}), ("reference", "the reference release", pinned)]


def _written(key: str, kind: str, title: str, spec: dict[str, Any]) -> dict[str, Any]:
    return {"key": key, "kind": kind, "title": title, "severity": "blocking", "mode": "enforce", "spec": spec}
