"""Before and after of an entry side by side, field by field. Pure: the stored documents in."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

LONGEST = 600
MOST_ROWS = 400
NOTHING = "–"


@dataclass(frozen=True)
class Field:
    """A field of what was recorded. ``look`` is ``changed``, ``added``, ``removed`` or '' for the same."""

    name: str
    before: str
    after: str
    look: str


def fields_of(before: Any, after: Any, names: Mapping[str, str] | None = None) -> list[Field]:
    """All fields of either document, what changed first; ``names`` tells ids by name.

    A document ``before`` holds only what changed: a field that it lacks stood as it is, or was not there.
    """
    old, new = dict(_flat("", before)), dict(_flat("", after))
    known = names or {}
    rows = [
        Field(_title(key), _said(old, key, known), _said(new, key, known), _look(old, new, key, before))
        for key in [*new, *(key for key in old if key not in new)]
    ]
    return sorted(rows, key=lambda row: (not row.look, not row.before))[:MOST_ROWS]


def _flat(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    """Leaves of a document by the way to them; lists of plain values are leaves."""
    if isinstance(value, dict) and value:
        for key, part in value.items():
            yield from _flat(f"{name}.{key}" if name else key, part)
    elif isinstance(value, list) and any(isinstance(part, dict | list) for part in value):
        for number, part in enumerate(value, 1):
            yield from _flat(f"{name} {number}", part)
    elif name:
        yield name, value


def _title(key: str) -> str:
    """``rollout_plan.stages 1.kind`` as people read it."""
    return " › ".join(part.replace("_", " ") for part in key.split("."))


def _said(values: Mapping[str, Any], key: str, names: Mapping[str, str]) -> str:
    if key not in values:
        return ""
    said = _text(values[key], names)
    return said if len(said) <= LONGEST else f"{said[: LONGEST - 1]}…"


def _text(value: Any, names: Mapping[str, str]) -> str:
    if value is None or value == "":
        return NOTHING
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(_text(part, names) for part in value) or NOTHING
    if isinstance(value, dict):
        return json.dumps(value)
    text = str(value)
    return f"{names[text]} ({text})" if text in names else text


def _look(old: Mapping[str, Any], new: Mapping[str, Any], key: str, before: Any) -> str:
    if before is None:
        return ""
    if key not in new:
        return "removed"
    if key not in old:
        return "added" if _whole(old, key) else ""
    return "" if old[key] == new[key] else "changed"


def _whole(old: Mapping[str, Any], key: str) -> bool:
    """Whether the earlier document tells of the part that the field lies in, so that it was not there."""
    part = key.rpartition(".")[0]
    return bool(part) and any(one.startswith(f"{part}.") for one in old)


def ids_in(value: Any) -> set[str]:
    """Every text of 36 characters in a document: it may be the id of something that has a name."""
    if isinstance(value, dict):
        return {found for part in value.values() for found in ids_in(part)}
    if isinstance(value, list):
        return {found for part in value for found in ids_in(part)}
    return {value} if isinstance(value, str) and len(value) == 36 else set()
