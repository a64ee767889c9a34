"""JSON as a dossier holds it: each key once, numbers that are numbers."""

import json
from typing import Any, NoReturn

from audits.verification.refusals import Unfit, quoted

MOST_DIGITS = 17
Value = Any


def read_json(data: bytes, name: str) -> Value:
    """The value of a JSON text.

    Raises:
        Unfit: it is none, or says something twice.
    """
    try:
        text = data.decode("utf-8")
        return json.loads(text, object_pairs_hook=_object, parse_constant=_no_number, parse_int=_whole_number)
    except (ValueError, RecursionError) as fault:
        raise Unfit(f"{name} is no JSON: {quoted(str(fault))}.") from None


def within(value: Value, *path: str) -> Value:
    """What lies at a path; None where nothing does."""
    found = value
    for key in path:
        if not isinstance(found, dict):
            return None
        found = found.get(key)
    return found


def is_text(value: Value) -> bool:
    """Whether it is text that says something."""
    return isinstance(value, str) and value != ""


def is_number(value: Value, least: int = 0) -> bool:
    """Whether it is a whole number from ``least`` on, and no truth value."""
    return isinstance(value, int) and not isinstance(value, bool) and value >= least


def _object(pairs: list[tuple[str, Value]]) -> dict[str, Value]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key stands twice in an object")
    return found


def _no_number(found: str) -> NoReturn:
    raise ValueError(f"{found} is no number")


def _whole_number(found: str) -> int:
    if len(found) > MOST_DIGITS:
        raise ValueError("a whole number is too large")
    return int(found)
