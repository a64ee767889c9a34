"""Two policies side by side: which criteria came, went or changed, field by field, and which way. Pure.

A field is called stricter or looser only where that is beyond doubt: a lower limit, a smaller margin, a
smaller risk of a wrong pass, more strata judged one by one, and the rule is about the same thing as before. A
lower limit on another metric, other captures or another reference is another rule: there everything has
simply changed.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from releases.gates.judging.criterion import Criterion
from releases.gates.policies.form_words import label_of, text_of
from releases.gates.policies.parsing import without_pins

STRICTER, LOOSER, CHANGED = "stricter", "looser", "changed"

LOWER_IS_STRICTER = frozenset(
    {
        "limit",
        "margin",
        "alpha_pass",
        "budget_ms",
        "max_ratio",
        "max_errors",
        "max_age_days",
        "max_drill_age_days",
        "max_evidence_age_days",
    }
)
"""Of those that may be left out, leaving them out asks for nothing."""

HIGHER_IS_STRICTER = frozenset(
    {"min_subjects", "min_presentations", "presentations", "probability", "planned_icc"}
)
MORE_IS_STRICTER = frozenset({"species", "segments", "channels", "card", "readiness"})
RANKS: dict[str, Sequence[Any]] = {
    "severity": ("advisory", "blocking"),
    "mode": ("observe", "enforce"),
    "when_no_baseline": ("absolute_only", "inconclusive"),
}
"""From the loosest to the strictest."""

DECIDING = frozenset({"severity", "mode"})
"""Together they say whether a criterion decides anything."""

UPSIDE_DOWN = frozenset({("superiority", "margin")})
"""Kinds that ask the other way round: better by at least a margin."""

DECIDES_NOTHING = frozenset({("max_errors", "alpha_pass"), ("max_errors", "planned_icc")})
"""A count rule passes by its count; these move the bound that is shown beside it."""

ORDERED = LOWER_IS_STRICTER | HIGHER_IS_STRICTER | MORE_IS_STRICTER | {"planned_deff", *RANKS}
SAME_RULE = frozenset({"title", "alpha_fail", "planned_icc_subjects"})
"""Of fields that are neither stricter nor looser, those that leave the rule what it was, as reasons do. Every
other one makes it another rule: what is measured, on whom, by which strata, against what. So does a field
that is not listed anywhere here.
"""

STRATA = "spec.strata."
NAMED = frozenset({"spec.species", "spec.segments"})
"""Species and segments whose captures are counted, where a kind has no strata."""


def compared(
    then: Sequence[Criterion], now: Sequence[Criterion], *, names: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """What came, went and changed, from ``then`` to ``now``, criteria by their keys. Where both are locked,
    also which versions were pinned. ``names`` says what ids are called.
    """
    old, new = {one.key: one for one in then}, {one.key: one for one in now}
    changed = [_changed(old[key], new[key], names or {}) for key in new if key in old]
    moved = [one for one in changed if one["fields"]]
    found = {
        "added": [_whole(one, STRICTER) for key, one in new.items() if key not in old],
        "removed": [_whole(one, LOOSER) for key, one in old.items() if key not in new],
        "changed": moved,
        "unchanged": [new[one["key"]].title for one in changed if not one["fields"]],
    }
    return {**found, "ways": _ways(found)}


def headline(found: Mapping[str, Any], then: str, now: str) -> str:
    """The comparison in a sentence."""
    ways = found["ways"]
    said = [
        f"{way} in {ways[way]} place{'s' if ways[way] > 1 else ''}" for way in (STRICTER, LOOSER) if ways[way]
    ]
    if said:
        return f"{now} is {' and '.join(said)} than {then}."
    if any(found[part] for part in ("added", "removed", "changed")):
        return f"{now} differs from {then}; nothing became stricter or looser beyond doubt."
    return f"{now} asks for exactly what {then} asks for."


def _ways(found: Mapping[str, Any]) -> dict[str, int]:
    counted = {STRICTER: 0, LOOSER: 0, CHANGED: 0}
    for one in (*found["added"], *found["removed"]):
        counted[one["change"]] += 1
    for one in found["changed"]:
        for field in one["fields"]:
            counted[field["change"]] += 1
    return counted


def _whole(criterion: Criterion, way: str) -> dict[str, Any]:
    """A criterion that came or went; one that decides nothing moves nothing."""
    return {
        "key": criterion.key,
        "title": criterion.title,
        "kind": criterion.kind.key,
        "sentence": criterion.sentence(),
        "decides": criterion.decides,
        "change": way if criterion.decides else CHANGED,
    }


def _changed(then: Criterion, now: Criterion, names: Mapping[str, str]) -> dict[str, Any]:
    pins = list(_pins(then, now))
    fields = [*_fields(then, now, names, same_pins=not pins), *pins]
    return {
        "key": now.key,
        "title": now.title,
        "then": then.sentence(),
        "now": now.sentence(),
        "fields": fields,
    }


def _fields(
    then: Criterion, now: Criterion, names: Mapping[str, str], *, same_pins: bool
) -> Iterator[dict[str, Any]]:
    old, new = flat(_stated(then)), flat(_stated(now))
    moved = [path for path in dict.fromkeys((*new, *old)) if old.get(path) != new.get(path)]
    ways = {path: _way(now.kind.key, path, old.get(path), new.get(path)) for path in moved}
    comparable = same_pins and then.decides and now.decides and _is_same_rule(ways)
    for path, way in ways.items():
        counts = then.decides != now.decides if path in DECIDING else comparable
        before, after = old.get(path), new.get(path)
        yield {
            "field": path,
            "label": label_of(path),
            "then": before,
            "now": after,
            "then_text": names.get(str(before)) or text_of(path, before),
            "now_text": names.get(str(after)) or text_of(path, after),
            "change": way if counts else CHANGED,
        }


def _is_same_rule(ways: Mapping[str, str]) -> bool:
    """Whether the fields that differ leave the rule about the same thing, so that it can be stricter."""
    cut = {way for path, way in ways.items() if path.startswith(STRATA)}
    return not {STRICTER, LOOSER} <= cut and not any(_is_another_rule(*one) for one in ways.items())


def _is_another_rule(path: str, way: str) -> bool:
    name = path.rpartition(".")[2]
    if path in DECIDING or name in SAME_RULE or name.endswith("reason"):
        return False
    if path.startswith(STRATA) or path in NAMED or name not in ORDERED:
        return way == CHANGED
    return False


def _stated(criterion: Criterion) -> dict[str, Any]:
    document = criterion.document()
    del document["version"], document["key"]
    return {**document, "spec": without_pins(document["spec"])}


def flat(value: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Every value by its path; lists and predicates stay whole."""
    found: dict[str, Any] = {}
    for key, part in value.items():
        path = f"{prefix}{key}"
        if isinstance(part, dict) and key != "where":
            found |= flat(part, f"{path}.")
        elif not (key == "pooled" and part is False):
            found[path] = part
    return found


def _way(kind: str, path: str, before: Any, after: Any) -> str:
    name = path.rpartition(".")[2]
    if name == "readiness":  # left out, it asks for nothing
        before, after = before or [], after or []
    if (kind, name) in DECIDES_NOTHING:
        return CHANGED
    if name in LOWER_IS_STRICTER:
        way = _by_size(_known(after, top=True), _known(before, top=True))
    elif name in HIGHER_IS_STRICTER:
        way = _by_size(_known(before), _known(after))
    elif name == "planned_deff":  # none at all: a capture without a subject decides nothing
        way = _by_size(_known(before, top=True), _known(after, top=True))
    elif name in RANKS and before in RANKS[name] and after in RANKS[name]:
        way = _by_size(RANKS[name].index(before), RANKS[name].index(after))
    elif name in MORE_IS_STRICTER and isinstance(before, list) and isinstance(after, list):
        way = _by_members(set(before), set(after))
    else:
        return CHANGED
    return {STRICTER: LOOSER, LOOSER: STRICTER}.get(way, way) if (kind, name) in UPSIDE_DOWN else way


def _known(value: Any, *, top: bool = False) -> float:
    if isinstance(value, int | float):
        return float(value)
    return float("inf") if top else float("-inf")


def _by_size(less: float, more: float) -> str:
    return CHANGED if less == more else STRICTER if less < more else LOOSER


def _by_members(before: set[Any], after: set[Any]) -> str:
    if before < after:
        return STRICTER
    return LOOSER if after < before else CHANGED


def _pins(then: Criterion, now: Criterion) -> Iterator[dict[str, Any]]:
    """Other versions of the same segments, and another revision of the same reference."""
    old, new = dict(_pinned(then)), dict(_pinned(now))
    for name in sorted(old.keys() & new.keys()):
        if old[name] != new[name]:
            yield {
                "field": f"pinned.{name}",
                "label": f"Version of {name}",
                "then": old[name],
                "now": new[name],
                "then_text": str(old[name]),
                "now_text": str(new[name]),
                "change": CHANGED,
            }


def _pinned(criterion: Criterion) -> Iterator[tuple[str, Any]]:
    yield from _pins_in(criterion.spec_document())


def _pins_in(value: Any) -> Iterator[tuple[str, Any]]:
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    if isinstance(value, dict) and {"key", "version", "predicate"} <= value.keys():
        yield value["key"], value["version"]
    elif isinstance(value, dict) and {"revision", "number", "stack_digest"} <= value.keys():
        yield value["name"], value["number"]
    else:
        for part in parts:
            yield from _pins_in(part)
