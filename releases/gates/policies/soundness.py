"""Rules that keep a policy from being gamed; one that breaks them is not locked.

Only criteria that decide (blocking and enforced) count here: an advisory line protects nobody. Nor do kinds
count that look alike and ask for less: a count of errors is no bound, the ratio to the whole no limit, a
comparison on other captures no comparison on the same, a condition (``where``) takes the captures outside it
out of sight, and a limit that lets half of all attacks through is none. One that decides and rules nothing
out, or can never be answered, is refused by name: it would look like protection.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from governance.errors import FieldError, GovernanceError
from releases.gates.criteria.absolute import AbsoluteSpec
from releases.gates.criteria.noninferiority import NoninferioritySpec
from releases.gates.judging.criterion import Criterion
from releases.gates.vocabulary.metrics import METRICS
from releases.gates.vocabulary.specs import MeasuredSpec, Spec

MOST = 0.5
"""A limit or a margin above it rules nothing out."""
SILENCE = {"attack": "apnrr", "bona_fide": "bpnrr"}
CLASSES = {"attack": "attacks", "bona_fide": "genuine users"}
CUTS = {"species": "species", "segment": "segments", "channel": "channels"}


class Line(NamedTuple):
    """A stratum that a criterion judges: of which metric or class, and on which dataset (empty: on all)."""

    of: str
    kind: str
    stratum: str
    dataset: str

    def is_among(self, lines: set["Line"]) -> bool:
        """Whether it is judged there too, on its dataset or on all."""
        return self in lines or self._replace(dataset="") in lines


@dataclass(frozen=True)
class Fix:
    """A criterion that would close a gap, as somebody would begin to write it; limits, margins and reasons
    are the writer's to give.
    """

    kind: str
    metric: str
    title: str
    spec: dict[str, Any]

    @property
    def label(self) -> str:
        """What it is called among the others."""
        (cut,) = self.spec["strata"]
        return f"{self.title}, {'all together' if cut == 'pooled' else f'by {cut}'}"

    @property
    def code(self) -> str:
        """What names it among the others."""
        baseline = self.spec.get("baseline", {}).get("kind", "limit")
        return f"{self.kind}-{self.metric}-{baseline}-{'-'.join(self.spec['strata'])}"


@dataclass(frozen=True)
class Problem:
    """What a policy lacks, and the criteria that would mend it, or the key of the one to correct."""

    message: str
    fixes: tuple[Fix, ...] = ()
    key: str = ""


class PolicyCanBeGamed(GovernanceError):
    """The policy lacks a criterion without which a worse release would pass; each is named."""

    code = "policy_can_be_gamed"
    status = 400
    title = "The policy can be gamed"
    next_step = "Correct or add the named criteria, as blocking and enforced, then lock the policy."


class PolicyPinsNoReference(GovernanceError):
    """The policy is from before anything was live; a second release needs one that pins a reference."""

    code = "policy_pins_no_reference"
    title = "The policy pins no reference release"
    next_step = (
        "Draft the policy's next version with noninferiority criteria against a pinned release, "
        "lock it, and make a new revision to be judged by it."
    )


def check_sound(criteria: Sequence[Criterion], *, has_served: bool = True) -> None:
    """Refuse a policy that a worse release could pass.

    ``has_served`` says whether anything of the system was ever live: before that there is no reference to
    pin, and the first release is judged without one.

    Raises:
        PolicyCanBeGamed: naming everything that is missing.
    """
    problems = problems_of(criteria, has_served=has_served)
    if problems:
        raise PolicyCanBeGamed(
            f"The policy cannot be locked: {'; '.join(problem.message for problem in problems)}.",
            field_errors=tuple(FieldError("criteria", problem.message) for problem in problems),
        )


def problems_of(criteria: Sequence[Criterion], *, has_served: bool = True) -> list[Problem]:
    """Everything that keeps a worse release from being stopped; nothing where the policy is sound."""
    deciding = [criterion.spec for criterion in criteria if criterion.decides]
    measured = [spec for spec in deciding if isinstance(spec, MeasuredSpec)]
    paired = [spec for spec in deciding if isinstance(spec, NoninferioritySpec) and _compares(spec)]
    return [
        *_never_answered(criteria),
        *_rule_nothing_out(criteria),
        *_absolute_limit(spec for spec in deciding if isinstance(spec, AbsoluteSpec)),
        *_both_baselines(paired, has_served),
        *_silence(paired, measured),
    ]


def overlooks_refusals(criteria: Sequence[Criterion]) -> bool:
    """Whether nothing that decides looks at genuine users refused: a release that refuses everybody accepts
    no attack. No rule forbids such a policy, so it is said and not refused.
    """
    specs = [one.spec for one in criteria if one.decides and not _allowed_by(one.spec) > MOST]
    return not any(isinstance(one, MeasuredSpec) and one.metric.startswith("bpcer") for one in specs)


def pins_a_reference(criteria: Sequence[Criterion]) -> bool:
    """Whether a criterion compares with a reference release."""
    paired = [one.spec for one in criteria if isinstance(one.spec, NoninferioritySpec)]
    return any(spec.baseline.kind == "pinned" for spec in paired)


def _allowed_by(spec: Spec) -> float:
    """How much a limit or a margin lets through; 0 where a kind has neither."""
    if isinstance(spec, NoninferioritySpec):
        return spec.margin
    return spec.limit if isinstance(spec, AbsoluteSpec) else 0.0


def _rule_nothing_out(criteria: Sequence[Criterion]) -> Iterable[Problem]:
    """A criterion that decides and can hardly ever fail looks like protection and is none."""
    for one in criteria:
        allowed = _allowed_by(one.spec)
        if one.decides and allowed > MOST:
            worse = isinstance(one.spec, NoninferioritySpec)
            what = f"a margin of {100 * allowed:.6g} points" if worse else f"a limit of {100 * allowed:.6g} %"
            yield Problem(
                f"{one.title!r} has {what}, which protects nobody: state at most {100 * MOST:g}, or let the "
                "criterion be advisory",
                key=one.key,
            )


def _never_answered(criteria: Sequence[Criterion]) -> Iterable[Problem]:
    for one in criteria:
        if reason := one.spec.cannot_be_asked():
            yield Problem(f"{one.title!r} can never be answered: {reason}", key=one.key)


def _compares(spec: NoninferioritySpec) -> bool:
    return spec.is_paired and spec.margin <= MOST


def _limits_attacks(spec: AbsoluteSpec) -> bool:
    whole = spec.where is None and spec.strata.kind() == "species"
    return spec.metric == "apcer" and whole and spec.limit <= MOST


def _absolute_limit(absolute: Iterable[AbsoluteSpec]) -> Iterable[Problem]:
    if not any(_limits_attacks(spec) for spec in absolute):
        spec = {"metric": "apcer", "strata": {"species": []}}
        yield Problem(
            "it has no absolute APCER criterion, by species, for all attacks and with a limit of at most "
            f"{100 * MOST:g} %, so nothing limits attacks as such",
            (Fix("absolute", "apcer", "Attacks accepted, against a fixed limit", spec),),
        )


def _both_baselines(paired: list[NoninferioritySpec], has_served: bool) -> Iterable[Problem]:
    live = _lines(spec for spec in paired if spec.baseline.kind == "live")
    reference = _lines(spec for spec in paired if spec.baseline.kind == "pinned")
    if not any(spec.baseline.kind == "live" and not spec.is_narrowed for spec in paired):
        yield Problem(
            "it compares nothing with what is live on the same captures, all of them (noninferiority, "
            "baseline live, without a condition)",
            (_against("live", "apcer", {"species": []}), _against("live", "bpcer", {"segments": []})),
        )
    if not reference and not has_served:
        return
    missing = sorted(line for line in live if not line.is_among(reference))
    if not reference:
        yield Problem(
            "it pins no reference release (noninferiority, baseline pinned), so small steps add up unseen",
            _fixes("pinned", missing) or (_against("pinned", "apcer", {"species": []}),),
        )
    elif missing:
        yield Problem(
            f"these are compared with what is live, but with no reference release: {_said(missing)}",
            _fixes("pinned", missing),
        )


def _silence(paired: list[NoninferioritySpec], measured: Sequence[MeasuredSpec]) -> Iterable[Problem]:
    answered = {
        Line(spec.gate_metric.label, *place)
        for spec in paired
        if spec.gate_metric.is_non_response and spec.baseline.kind == "live"
        for place in _places(spec)
    }
    errors = {
        Line(spec.gate_metric.label, *place)
        for spec in measured
        if not spec.gate_metric.is_non_response
        for place in _places(spec)
    }
    missing = sorted(line for line in errors if not line.is_among(answered))
    if missing:
        silent = [line._replace(of=SILENCE[line.of]) for line in missing]
        yield Problem(
            "without a comparison of non-response with what is live, silence on hard captures is rewarded: "
            f"{_said(missing)}",
            _fixes("live", silent),
        )


def _fixes(baseline: str, missing: Sequence[Line]) -> tuple[Fix, ...]:
    """A comparison for each metric and cut that is missing; crossings are too much to guess."""
    cuts: dict[tuple[str, str], list[str]] = {}
    for line in missing:
        cuts.setdefault((line.of, line.kind), []).append(line.stratum)
    return tuple(
        _against(baseline, metric, {CUTS[kind]: list(dict.fromkeys(strata))})
        if kind in CUTS
        else _against(baseline, metric, {"pooled": True})
        for (metric, kind), strata in cuts.items()
        if kind in {*CUTS, "pooled"}
        and not any(" where " in one for one in strata)
        and not (kind == "species" and METRICS[metric].label == "bona_fide")
    )


def _against(baseline: str, metric: str, strata: dict[str, Any]) -> Fix:
    against = "what is live" if baseline == "live" else "a reference release"
    words = METRICS[metric].words
    spec: dict[str, Any] = {"metric": metric, "strata": strata, "baseline": {"kind": baseline}}
    if "pooled" in strata:
        spec["stratum_rule"] = "pooled"
    return Fix("noninferiority", metric, f"{words[:1].upper()}{words[1:]}, against {against}", spec)


def _lines(specs: Iterable[NoninferioritySpec]) -> set[Line]:
    return {Line(spec.metric, *place) for spec in specs for place in _places(spec)}


def _places(spec: MeasuredSpec) -> list[tuple[str, str, str]]:
    """The strata of a criterion; one narrowed by ``where`` stands for nothing but itself."""
    narrowed = f" where {spec.narrowed_to()}" if spec.is_narrowed else ""
    return [(spec.strata.kind(), f"{name}{narrowed}", spec.dataset or "") for name in spec.strata.names()]


def _said(lines: Sequence[Line]) -> str:
    """``APCER (mask, print), BPCER (skin_tone_6)``."""
    found: dict[str, list[str]] = {}
    for line in lines:
        found.setdefault(CLASSES.get(line.of, line.of.upper()), []).append(line.stratum)
    return ", ".join(f"{of} ({', '.join(dict.fromkeys(strata))})" for of, strata in found.items())
