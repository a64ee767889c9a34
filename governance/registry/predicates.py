"""Segments as data: a condition on sample attributes, checked, printed as a sentence, never code.

Structure: ``{"attribute", "operator", "value"}``, or ``{"all": […]}``, ``{"any": […]}``, ``{"not": …}``.
Attributes are text. A number as value compares as a number; text that is no number then compares to nothing.
An attribute that is absent or empty satisfies no comparison, neither ``eq`` nor ``ne``, and its opposite does
not either: such a row belongs to no segment, except one that asks whether the attribute is known.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from governance.errors import invalid
from governance.registry.plain_numbers import SPACES, as_number

Operator = Literal["eq", "ne", "in", "lt", "le", "gt", "ge", "exists"]
Value = str | float

DEPTH = 8
PARTS = 200
VALUES = 200
TEXT = 256
WORDS: dict[Operator, str] = {
    "eq": "is",
    "ne": "is not",
    "in": "is one of",
    "lt": "is below",
    "le": "is at most",
    "gt": "is above",
    "ge": "is at least",
    "exists": "is known",
}


@dataclass(frozen=True, slots=True)
class Condition:
    """One comparison. ``values`` holds one value, several for ``in``; for ``exists`` the expected answer as
    1.0 (known) or 0.0 (unknown).
    """

    attribute: str
    operator: Operator
    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """All or any of the parts."""

    kind: Literal["all", "any"]
    parts: tuple["Predicate", ...]


@dataclass(frozen=True, slots=True)
class Negation:
    """The opposite; of an unknown answer it is unknown too."""

    part: "Predicate"


Predicate = Condition | Group | Negation


def parse_predicate(raw: object, field: str = "predicate") -> Predicate:
    """A checked predicate. Raises InvalidInput that names the place, such as ``predicate.all.1.operator``."""
    budget = [PARTS]
    return _parse(raw, field, DEPTH, budget)


def sentence(predicate: Predicate) -> str:
    """The predicate in plain English, for example "skin_tone is 6 and (sex is female or age is above 60)"."""
    if isinstance(predicate, Condition):
        return _condition_words(predicate)
    if isinstance(predicate, Negation):
        return f"not ({sentence(predicate.part)})"
    joint = " and " if predicate.kind == "all" else " or "
    parts = [
        f"({sentence(part)})" if isinstance(part, Group) and len(part.parts) > 1 else sentence(part)
        for part in predicate.parts
    ]
    return joint.join(parts)


def matches(predicate: Predicate, attributes: Mapping[str, str | None]) -> bool | None:
    """Whether one sample belongs; None when an attribute it depends on is unknown."""
    if isinstance(predicate, Condition):
        return _condition_holds(predicate, attributes.get(predicate.attribute))
    if isinstance(predicate, Negation):
        inner = matches(predicate.part, attributes)
        return None if inner is None else not inner
    answers = [matches(part, attributes) for part in predicate.parts]
    decisive = predicate.kind == "any"
    if decisive in answers:
        return decisive
    return None if None in answers else not decisive


def attributes_of(predicate: Predicate) -> frozenset[str]:
    """The attributes a predicate reads."""
    if isinstance(predicate, Condition):
        return frozenset({predicate.attribute})
    parts = (predicate.part,) if isinstance(predicate, Negation) else predicate.parts
    return frozenset().union(*(attributes_of(part) for part in parts))


def as_json(predicate: Predicate) -> dict[str, object]:
    """The structure that ``parse_predicate`` reads back to an equal predicate."""
    if isinstance(predicate, Negation):
        return {"not": as_json(predicate.part)}
    if isinstance(predicate, Group):
        return {predicate.kind: [as_json(part) for part in predicate.parts]}
    value: object = list(predicate.values) if predicate.operator == "in" else predicate.values[0]
    if predicate.operator == "exists":
        value = bool(predicate.values[0])
    return {"attribute": predicate.attribute, "operator": predicate.operator, "value": value}


def _parse(raw: object, field: str, depth: int, budget: list[int]) -> Predicate:
    budget[0] -= 1
    if depth == 0:
        raise invalid(field, f"nested deeper than {DEPTH} levels")
    if budget[0] < 0:
        raise invalid(field, f"more than {PARTS} parts in one predicate")
    if not isinstance(raw, dict):
        raise invalid(field, "an object is wanted: attribute, operator and value; or all, any or not")
    keys = set(raw)
    if keys == {"not"}:
        return Negation(_parse(raw["not"], f"{field}.not", depth - 1, budget))
    if keys in ({"all"}, {"any"}):
        kind: Literal["all", "any"] = "all" if "all" in keys else "any"
        return Group(kind, _parse_parts(raw[kind], f"{field}.{kind}", depth, budget))
    return _parse_condition(raw, field)


def _parse_parts(raw: object, field: str, depth: int, budget: list[int]) -> tuple[Predicate, ...]:
    if not isinstance(raw, list) or not raw:
        raise invalid(field, "a list with at least one part is wanted")
    return tuple(_parse(part, f"{field}.{index}", depth - 1, budget) for index, part in enumerate(raw))


def _parse_condition(raw: Mapping[object, object], field: str) -> Condition:
    unknown = sorted(str(key) for key in raw if key not in {"attribute", "operator", "value"})
    if unknown:
        raise invalid(
            field,
            f"unknown key {unknown[0][:TEXT]!r}; give attribute, operator, value; or all, any, not alone",
        )
    attribute, name = raw.get("attribute"), raw.get("operator")
    if not isinstance(attribute, str) or not 0 < len(attribute) <= TEXT:
        raise invalid(f"{field}.attribute", "the name of a sample attribute is wanted")
    operator = next((one for one in WORDS if one == name), None)
    if operator is None:
        raise invalid(f"{field}.operator", f"{str(name)[:TEXT]!r} is none of {', '.join(WORDS)}")
    return Condition(attribute, operator, _parse_values(operator, raw.get("value"), f"{field}.value"))


def _parse_values(operator: Operator, value: object, field: str) -> tuple[Value, ...]:
    if operator == "exists":
        if not isinstance(value, bool):
            raise invalid(field, "true (known) or false (unknown) is wanted")
        return (float(value),)
    if operator == "in":
        if not isinstance(value, list) or not 0 < len(value) <= VALUES:
            raise invalid(field, f"a list of 1 to {VALUES} values is wanted")
        return tuple(_parse_value(one, f"{field}.{index}") for index, one in enumerate(value))
    found = _parse_value(value, field)
    if operator in {"lt", "le", "gt", "ge"} and isinstance(found, str):
        raise invalid(field, f"a number is wanted with {operator}, not {found!r}")
    return (found,)


def _parse_value(value: object, field: str) -> Value:
    if isinstance(value, str) and 0 < len(value) <= TEXT:
        return value
    if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= 2**53:
        return float(value)
    raise invalid(field, "a text that is not empty, or a number up to 2^53, is wanted")


def _condition_words(condition: Condition) -> str:
    words = WORDS[condition.operator]
    if condition.operator == "exists":
        return f"{condition.attribute} {words if condition.values[0] else 'is unknown'}"
    values: Sequence[str] = [_written(value) for value in condition.values]
    if condition.operator != "in":
        return f"{condition.attribute} {words} {values[0]}"
    return f"{condition.attribute} {words} {', '.join(values)}"


def _written(value: Value) -> str:
    if isinstance(value, str):
        return value
    return str(int(value)) if value.is_integer() else repr(value)


def _condition_holds(condition: Condition, text: str | None) -> bool | None:
    known = text is not None and text.strip(SPACES) != ""
    if condition.operator == "exists":
        return known == bool(condition.values[0])
    if text is None or not known:
        return None
    if condition.operator in {"eq", "in", "ne"}:
        return _equals_one(condition, text)
    number, limit = as_number(text), condition.values[0]
    if number is None or isinstance(limit, str):
        return None
    return {
        "lt": number < limit,
        "le": number <= limit,
        "gt": number > limit,
        "ge": number >= limit,
    }[condition.operator]


def _equals_one(condition: Condition, text: str) -> bool | None:
    """Text compares with text and numbers with numbers; a number against a text that is none is unknown."""
    number = as_number(text)
    answers = [
        text == value if isinstance(value, str) else None if number is None else number == value
        for value in condition.values
    ]
    found = True if True in answers else None if None in answers else False
    if condition.operator == "ne":
        return None if found is None else not found
    return found
