"""What a draft of a gate policy starts with: criteria that can be locked, from what the system has."""

from typing import Any

from governance.registry.models import System
from releases.gates.policies.system_facts import facts_of

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

    Species, segments and reference are the system's own; before any scores are known the species are
    examples. Where nothing was ever live there is no reference, and the first release is judged by the fixed
    limit alone.
    """
    facts = facts_of(system)
    species = list(facts.species) or list(SPECIES)
    strata = {"species": species, "segments": list(facts.protected)}
    limit = {"metric": "apcer", "strata": {"species": species}, "limit": 0.05, "limit_reason": WHY}
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
            for place, against, baseline in _baselines(facts.live)
            for metric, title, cut in METRICS
            if strata[cut]
        ),
        _written("complete", "completeness", "Nothing that the decision rests on is missing", {}),
    ]


def _baselines(live: str | None) -> list[tuple[str, str, dict[str, str]]]:
    if live is None:
        return [("live", "what is live", {"kind": "live", "when_no_baseline": "absolute_only"})]
    pinned = {"kind": "pinned", "release": live}
    return [("live", "what is live", {"kind": "live"}), ("reference", "the reference release", pinned)]


def _written(key: str, kind: str, title: str, spec: dict[str, Any]) -> dict[str, Any]:
    return {"key": key, "kind": kind, "title": title, "severity": "blocking", "mode": "enforce", "spec": spec}
