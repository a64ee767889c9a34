"""Rules that keep a policy from being gamed; one that breaks them is not locked.

Only criteria that decide (blocking and enforced) count here: an advisory line protects nobody.
"""

from collections.abc import Iterable, Sequence

from governance.errors import FieldError, GovernanceError
from releases.gates.criteria.absolute import AbsoluteSpec
from releases.gates.criteria.noninferiority import NoninferioritySpec
from releases.gates.criterion import Criterion
from releases.gates.specs import MeasuredSpec

Line = tuple[str, str, str]
"""(metric or class, kind of stratum, stratum)"""


class PolicyCanBeGamed(GovernanceError):
    """The policy lacks a criterion without which a worse release would pass; each is named."""

    code = "policy_can_be_gamed"
    status = 400
    title = "The policy can be gamed"
    next_step = "Add the named criteria as blocking and enforced, then lock the policy."


def check_sound(criteria: Sequence[Criterion]) -> None:
    """Refuse a policy that a worse release could pass.

    Raises:
        PolicyCanBeGamed: naming everything that is missing.
    """
    deciding = [criterion.spec for criterion in criteria if criterion.decides]
    absolute = [spec for spec in deciding if isinstance(spec, AbsoluteSpec)]
    paired = [spec for spec in deciding if isinstance(spec, NoninferioritySpec)]
    problems = [
        *_absolute_limit(absolute),
        *_both_baselines(paired),
        *_silence(paired, [*absolute, *paired]),
    ]
    if problems:
        raise PolicyCanBeGamed(
            f"The policy cannot be locked: {'; '.join(problem.message for problem in problems)}.",
            field_errors=tuple(problems),
        )


def _absolute_limit(absolute: list[AbsoluteSpec]) -> Iterable[FieldError]:
    if not any(spec.metric == "apcer" for spec in absolute):
        yield FieldError("criteria", "it has no absolute APCER criterion, so nothing limits attacks as such")


def _both_baselines(paired: list[NoninferioritySpec]) -> Iterable[FieldError]:
    live = _lines(spec for spec in paired if spec.baseline.kind == "live")
    reference = _lines(spec for spec in paired if spec.baseline.kind == "pinned")
    if not live:
        yield FieldError("criteria", "it compares nothing with what is live (noninferiority, baseline live)")
    if not reference:
        yield FieldError(
            "criteria",
            "it pins no reference release (noninferiority, baseline pinned), so small steps add up unseen",
        )
        return
    missing = sorted(live - reference)
    if missing:
        yield FieldError(
            "criteria",
            f"these are compared with what is live, but with no reference release: {_said(missing)}",
        )


def _silence(paired: list[NoninferioritySpec], measured: Sequence[MeasuredSpec]) -> Iterable[FieldError]:
    answered = {
        (spec.gate_metric.label, *place)
        for spec in paired
        if spec.gate_metric.is_non_response and spec.baseline.kind == "live"
        for place in _places(spec)
    }
    errors = {
        (str(spec.gate_metric.label), *place)
        for spec in measured
        if not spec.gate_metric.is_non_response
        for place in _places(spec)
    }
    missing = sorted(errors - answered)
    if missing:
        yield FieldError(
            "criteria",
            "without a comparison of non-response with what is live, silence on hard captures is rewarded: "
            f"{_said(missing)}",
        )


def _lines(specs: Iterable[NoninferioritySpec]) -> set[Line]:
    return {(spec.metric, *place) for spec in specs for place in _places(spec)}


def _places(spec: MeasuredSpec) -> list[tuple[str, str]]:
    """The strata of a criterion; one narrowed by ``where`` stands for nothing but itself."""
    narrowed = "" if spec.where is None else f" where {spec.where}"
    return [(spec.strata.kind(), f"{name}{narrowed}") for name in spec.strata.names()]


def _said(lines: Sequence[Line]) -> str:
    return ", ".join(f"{metric.upper()} {name}" for metric, _, name in lines)
