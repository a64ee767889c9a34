"""What one criterion gets to see of the frozen inputs, and the digest of exactly that.

A criterion is judged on a view from which everything is blanked that its kind does not look at. Its figures
therefore depend on nothing but the view, and the digest of the view names them: two runs whose views are
equal have the same figures, and neither needs a second scan. A kind that says nothing sees everything, which
is slow to be found again and never wrong.
"""

from typing import Any

from pydantic import BaseModel

from governance.ledger.canonical import digest_of
from releases.gates.judging.criterion import Criterion
from releases.gates.runs.provenance import environment
from releases.gates.vocabulary.fact_inputs import FactsInput, ReadinessInput
from releases.gates.vocabulary.inputs import EarlierRun, Inputs, TableInput

BLANK: dict[str, Any] = {
    "manifest_digest": "",
    "policy_digest": "",
    "facts": FactsInput(),
    "attestations": [],
}
"""Inputs that a kind gets to see only if it names them, and what stands in their place. Whatever is not
listed here, new inputs too, every criterion sees.
"""

READINESS = "readiness"
"""Part of the facts that only criteria see which ask for it: it changes with every day, and no count does."""

AGES: dict[type[BaseModel], str] = {TableInput: "age_days", ReadinessInput: "last_drill_age_days"}
"""Inputs with an age, which differs from run to run and matters only against a limit."""

IN_NO_PICTURE = frozenset({*BLANK, "earlier_runs"})
"""What pictures do not show; new inputs are taken for shown until somebody says otherwise."""

TOO_OLD_BY = 1.0
Limits = dict[type[BaseModel], float | None]


def seen_by(criterion: Criterion, inputs: Inputs) -> Inputs:
    """The view: unseen parts blank, earlier runs by number, ages by whether they are allowed."""
    named, spec = criterion.kind.looks_at, criterion.spec
    hidden = frozenset() if named is None else BLANK.keys() - named
    limits: Limits = {
        TableInput: getattr(spec, "max_evidence_age_days", None),
        ReadinessInput: getattr(spec, "max_drill_age_days", None),
    }
    changed = {
        name: BLANK[name] if name in hidden else _aged(getattr(inputs, name), limits)
        for name in Inputs.model_fields
    }
    if named is not None and not (READINESS in named and getattr(spec, READINESS, None)):
        changed["facts"] = changed["facts"].model_copy(update={READINESS: None})
    return inputs.model_copy(update={**changed, "earlier_runs": _counted(inputs.earlier_runs)})


def key_of(criterion: Criterion, view: Inputs) -> str:
    """The digest of everything that figures depend on: the criterion, its view, and what computes them."""
    return digest_of(
        {
            "schema": "countersign.criterion-key.v1",
            "criterion": criterion.digest,
            "inputs": _without_ids(view),
            "environment": environment(),
        }
    )


def drawn_from(inputs: Inputs) -> dict[str, Any]:
    """Everything in the inputs that a picture depends on: all of them but ages and what no picture shows."""
    no_limits: Limits = {TableInput: None, ReadinessInput: None}
    return {
        name: _without_ids(_aged(getattr(inputs, name), no_limits))
        for name in Inputs.model_fields
        if name not in IN_NO_PICTURE
    }


def _counted(runs: list[EarlierRun]) -> list[EarlierRun]:
    results = sorted({run.result_digest for run in runs})
    return [
        EarlierRun(result_digest=str(number), verdict="", release="", policy_digest="")
        for number, _ in enumerate(results)
    ]


def _aged(value: Any, limits: Limits) -> Any:
    """The same with every age of a table or drill reduced to what is asked of it: allowed, or too old."""
    if isinstance(value, BaseModel):
        changed = {name: _aged(part, limits) for name, part in value}
        field = AGES.get(type(value))
        if field is not None and changed[field] is not None:
            limit = limits[type(value)]
            is_old = limit is not None and changed[field] > limit
            changed[field] = (limit or 0.0) + TOO_OLD_BY if is_old else 0.0
        return value.model_copy(update=changed)
    if isinstance(value, dict):
        return {key: _aged(part, limits) for key, part in value.items()}
    return [_aged(part, limits) for part in value] if isinstance(value, list) else value


def _without_ids(value: Any) -> Any:
    """As plain data; a table is named by its digests, wherever it is registered."""
    if isinstance(value, BaseModel):
        hidden = {"id"} if isinstance(value, TableInput) else set()
        return {name: _without_ids(part) for name, part in value if name not in hidden}
    if isinstance(value, dict):
        return {key: _without_ids(part) for key, part in value.items()}
    return [_without_ids(part) for part in value] if isinstance(value, list) else value
