"""What a release is made of, as a CycloneDX 1.7 ML-BOM. Equal bytes for equal content.

The release is the model of the BOM: what is judged, approved and served is the whole decision stack, so its
model card holds the measured figures. Its parts are components with their digests; each says how its digest
came about, because a declared one is only as good as whoever declared it. Metrics are those of the newest
completed run; of each, number of captures and method stand in the card's properties under the same number.

https://cyclonedx.org/docs/1.7/json/
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from governance.ledger.canonical import canonical_bytes, format_time
from governance.registry.kinds import KINDS
from governance.registry.models import ComponentVersion
from releases.bundles.models import Revision, Slot
from releases.gates.models import EvaluationStatus, GateEvaluation

TYPES = {"model": "machine-learning-model", "sdk": "library"}
DATA = {"dataset": "dataset", "fusion": "configuration", "threshold_policy": "configuration"}
SHOWN = ("n", "subjects", "method", "method_version", "limit", "verdict", "reason_code", "alpha_pass", "unit")
CARD = {
    "performanceTradeoffs": ("expected_benefits",),
    "technicalLimitations": ("known_risks", "rollback_trigger"),
    "useCases": ("channels_tested",),
}


class BomInvalid(RuntimeError):
    """The document is no CycloneDX 1.7: a defect of this module."""


def bom_of(revision: Revision) -> bytes:
    """The BOM of a revision.

    Raises:
        BomInvalid: it does not fit the schema.
    """
    runs = revision.evaluations.filter(status=EvaluationStatus.COMPLETED).select_related("policy")
    run = runs.order_by("-ended_at", "-id").first()
    slots = list(revision.slots.select_related("component", "channel").order_by("slot", "id"))
    data = canonical_bytes(document(revision, slots, run))
    if problem := _schema().validate_str(data.decode()):
        raise BomInvalid(str(problem.data)[:2000])
    return data


@lru_cache(maxsize=1)
def _schema() -> JsonStrictValidator:
    """Read once: the schema has half a megabyte."""
    return JsonStrictValidator(SchemaVersion.V1_7)


def document(revision: Revision, slots: Sequence[Slot], run: GateEvaluation | None) -> dict[str, Any]:
    """The BOM as plain values."""
    parts = {str(one.component_id): one.component for one in slots}
    about = [str(revision.id), revision.manifest_digest, run.result_digest if run else ""]
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.7.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.7",
        "serialNumber": f"urn:uuid:{uuid5(NAMESPACE_URL, ' '.join(about))}",
        "version": 1,
        "metadata": {
            "timestamp": format_time((run and run.ended_at) or revision.frozen_at or revision.drafted_at),
            "component": _release(revision, slots, run),
        },
        "components": [_component(part, _places(slots, part)) for _, part in sorted(parts.items())],
        "dependencies": [
            {"ref": str(revision.id), "dependsOn": sorted(parts)},
            *({"ref": key, "dependsOn": _parents(part, parts)} for key, part in sorted(parts.items())),
        ],
    }


def _release(revision: Revision, slots: Sequence[Slot], run: GateEvaluation | None) -> dict[str, Any]:
    hashes = {"hashes": _hashes(revision.manifest_digest)} if revision.manifest_digest else {}
    return {
        "type": "machine-learning-model",
        "bom-ref": str(revision.id),
        "group": revision.release.system.slug,
        "name": revision.release.name,
        "version": str(revision.number),
        **({"description": revision.card["what_changed"]} if revision.card.get("what_changed") else {}),
        **hashes,
        "modelCard": _card(revision, slots, run),
        "properties": _properties(
            {
                "manifest_digest": revision.manifest_digest,
                "stack_digest": revision.stack_digest,
                "state": revision.state,
                "adopted": revision.adopted,
                "owner": revision.release.owner_username,
                "gate_verdict": run.verdict if run else "",
                "gate_result_digest": run.result_digest if run else "",
                "gate_policy": str(run.policy) if run and run.policy else "",
            }
        ),
    }


def _card(revision: Revision, slots: Sequence[Slot], run: GateEvaluation | None) -> dict[str, Any]:
    models = [one.component for one in slots if one.slot == "model"]
    datasets = sorted({str(one.component_id) for one in slots if one.slot == "dataset"})
    lines = list(_lines(run)) if run else []
    considerations = {
        name: [revision.card[key] for key in keys if revision.card.get(key)] for name, keys in CARD.items()
    }
    numbered = {f"metric:{number}": line for number, line in enumerate(lines)}
    measured = {
        f"{place}:{key}": line[key] for place, line in numbered.items() for key in SHOWN if key in line
    }
    return {
        "modelParameters": {
            "task": "presentation attack detection",
            "modelArchitecture": ", ".join(one.attributes.get("architecture", str(one)) for one in models),
            "datasets": [{"ref": key} for key in datasets],
        },
        "quantitativeAnalysis": {"performanceMetrics": [_metric(line) for line in lines]},
        "considerations": {name: texts for name, texts in considerations.items() if texts},
        "properties": _properties(measured),
    }


def _lines(run: GateEvaluation) -> Iterator[dict[str, Any]]:
    """Measured lines whose figures may be shown, each with what is measured."""
    for criterion in run.result.get("criteria", []):
        for line in criterion.get("strata", []):
            if line.get("estimate") is not None and not line.get("suppressed_in_display"):
                metric = criterion.get("spec", {}).get("metric") or criterion["kind"]
                yield {**line, "metric": f"{metric}, {_what(line.get('baseline'))}"}


def _what(baseline: Mapping[str, Any] | None) -> str:
    """What the estimate is: a figure of the candidate, or how it differs."""
    if baseline is None:
        return "candidate"
    return f"candidate minus {baseline.get('name', 'baseline')} revision {baseline.get('revision', '?')}"


def _metric(line: Mapping[str, Any]) -> dict[str, Any]:
    bounds = {"lowerBound": line.get("lower"), "upperBound": line.get("upper")}
    found = {name: _number(value) for name, value in bounds.items() if value is not None}
    where = [str(line.get("title", "")), str(line.get("narrowed_to") or ""), str(line.get("dataset", ""))]
    return {
        "type": line["metric"],
        "value": _number(line["estimate"]),
        "slice": "; ".join(part for part in where if part),
        **({"confidenceInterval": found} if found else {}),
    }


def _number(value: float) -> str:
    return json.dumps(float(value))


def _component(part: ComponentVersion, places: Iterable[str]) -> dict[str, Any]:
    data = {"data": [{"type": DATA[part.kind], "name": str(part)}]} if part.kind in DATA else {}
    known = {f"attribute:{name}": value for name, value in sorted(part.attributes.items())}
    facts = {
        "kind": KINDS[part.kind].title if part.kind in KINDS else part.kind,
        "places": ", ".join(places),
        "digest_kind": part.digest_kind,
        "status": part.status,
        "registered_by": part.registered_by_username,
        "uri": part.uri,
    }
    return {
        "type": TYPES.get(part.kind, "data"),
        "bom-ref": str(part.id),
        "name": part.name,
        "version": part.version,
        "hashes": _hashes(part.digest),
        **data,
        "properties": _properties({**facts, **known}),
    }


def _places(slots: Iterable[Slot], part: ComponentVersion) -> list[str]:
    """Where a component stands: its slot, with channel or role."""
    found = [one for one in slots if one.component_id == part.id]
    places = [[one.slot, one.role, one.channel.name if one.channel else ""] for one in found]
    return sorted({" ".join(word for word in place if word) for place in places})


def _parents(part: ComponentVersion, parts: Mapping[str, ComponentVersion]) -> list[str]:
    return sorted({str(key) for key in part.parents} & parts.keys())


def _hashes(digest: str) -> list[dict[str, str]]:
    return [{"alg": "SHA-256", "content": digest.removeprefix("sha256:")}]


def _properties(facts: Mapping[str, Any]) -> list[dict[str, str]]:
    """Names of ours with their values as text; what is empty is left out."""
    return [
        {"name": f"countersign:{name}", "value": value if isinstance(value, str) else _text(value)}
        for name, value in facts.items()
        if value not in ("", None)
    ]


def _text(value: Any) -> str:
    return canonical_bytes(value).decode()
