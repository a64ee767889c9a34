"""The figures of a review as tables of a page."""

from collections.abc import Mapping
from typing import Any

from governance.access.admin_parts import Table

HEADS = ("What", "Came out", "PSI", "Limit", "People")


def tables_of(figures: Mapping[str, Any]) -> list[Table]:
    """One table for each channel: its measures, what moved first."""
    return [_table(channel) for channel in figures["channels"]]


def _table(channel: Mapping[str, Any]) -> Table:
    measures = sorted(channel["sheet"]["measures"], key=_rank)
    rows = [
        (one["title"], verdict(one), _number(one["value"]), _number(one["limit"]), people(one))
        for one in measures
    ]
    replays = channel["replays"]
    rows.append(("Replays", replayed(replays), "", "", str(replays["replayed"])))
    return Table(f"Drift on {channel['name']}", HEADS, rows, note=_incidents(channel["incidents"]))


def _rank(measure: Mapping[str, Any]) -> int:
    return (True, False, None).index(measure["moved"])


def verdict(measure: Mapping[str, Any]) -> str:
    """What came out of a measure, with the share that changed most where something moved."""
    if measure["problem"]:
        return str(measure["problem"])
    if measure["value"] is None:
        return str(measure["also"])
    words = "moved" if measure["moved"] else "has not moved"
    also = f"; {measure['also']}" if measure["also"] else ""
    return f"{words} against {measure['against']}{also}{_largest(measure)}"


def _largest(measure: Mapping[str, Any]) -> str:
    rows = [one for one in measure["rows"] if one["before"] is not None and one["now"] is not None]
    if not measure["moved"] or not rows:
        return ""
    most = max(rows, key=lambda one: abs(one["now"] - one["before"]))
    return f"; most {most['name']}: {most['before'] * 100:.1f} % then, {most['now'] * 100:.1f} % now"


def people(measure: Mapping[str, Any]) -> str:
    """How many people stand behind it."""
    if measure["reference_people"]:
        return f"{measure['people']} against {measure['reference_people']}"
    return str(measure["people"])


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"


def replayed(replays: Mapping[str, int]) -> str:
    """What came of the sample that was recomputed."""
    if not replays["replayed"]:
        return "no decision was replayed"
    bad = replays["mismatched"]
    return f"{bad} of {replays['replayed']} came out otherwise" if bad else "all came out the same"


def _incidents(incidents: Mapping[str, int]) -> str:
    return f"incidents: {incidents['confirmed']} confirmed, {incidents['suspected']} suspected"
