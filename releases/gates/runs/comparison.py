"""Two runs side by side: what each criterion and line said then and now, and which inputs differ. Pure.

Criteria are matched by key, also across policies; lines by stratum, condition, dataset and kind of
baseline, so that a line keeps its place when another release went live meanwhile.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import zip_longest
from typing import Any

from governance.ledger.canonical import canonical_bytes

FIGURES = (
    "verdict",
    "reason_code",
    "n",
    "subjects",
    "estimate",
    "lower",
    "upper",
    "limit",
    "alpha_pass",
    "unit",
)
RANK = {"fail": 0, "inconclusive": 1, "pass": 2}
SAME, BETTER, WORSE, NEW, GONE = "same", "better", "worse", "new", "gone"

INPUTS = (
    ("policy", "The gate policy"),
    ("stack", "The decision stack"),
    ("threshold_policies", "The threshold policies"),
    ("datasets", "The score tables"),
    ("references", "What it is compared with"),
    ("channels_without_live", "Channels on which nothing is live"),
    ("set_up", "The tables that set the thresholds"),
    ("facts", "What the release holds"),
    ("attestations", "What was attested"),
)
"""Parts of a run's identity by what people call them; a part that is not named here is shown by its key."""


def comparison(then: Mapping[str, Any], now: Mapping[str, Any]) -> dict[str, Any]:
    """What differs between two results, as :func:`evaluation_document` gives them; with ``overrides`` beside
    it, both heads hold what goes past the verdict."""
    return {
        "then": _head(then),
        "now": _head(now),
        "same_result": bool(then["result_digest"]) and then["result_digest"] == now["result_digest"],
        "inputs": list(_inputs(then, now)),
        "criteria": list(_criteria(then["criteria"], now["criteria"])),
    }


def _head(document: Mapping[str, Any]) -> dict[str, Any]:
    names = (
        "id",
        "release_name",
        "revision",
        "policy_name",
        "status",
        "verdict",
        "sentence",
        "result_digest",
    )
    head = {name: document[name] for name in (*names, "requested_at", "requested_by", "preregistered")}
    return {**head, "overrides": document.get("overrides", [])}


def _inputs(then: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    titles = dict(INPUTS)
    old, new = then["inputs"], now["inputs"]
    for key in [*titles, *sorted((old.keys() | new.keys()) - titles.keys())]:
        if _text(old.get(key)) != _text(new.get(key)):
            title = titles.get(key, key.replace("_", " ").capitalize())
            yield {"key": key, "title": title, "then": old.get(key), "now": new.get(key)}
    before, after = len(then["earlier_runs"]), len(now["earlier_runs"])
    if before != after:
        yield {"key": "earlier_runs", "title": "Earlier runs that count", "then": before, "now": after}
    if then["environment"] != now["environment"]:
        title = "What computed it"
        yield {"key": "environment", "title": title, "then": then["environment"], "now": now["environment"]}


def _criteria(then: Sequence[dict[str, Any]], now: Sequence[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    old, new = {one["key"]: one for one in then}, {one["key"]: one for one in now}
    for key in dict.fromkeys((*new, *old)):
        before, after = old.get(key), new.get(key)
        shown = after or before or {}
        yield {
            "key": key,
            "title": shown["title"],
            "kind": shown["kind"],
            "asks_changed": bool(before and after and before["digest"] != after["digest"]),
            "then": _said(before),
            "now": _said(after),
            "change": _change(before, after),
            "strata": list(_lines(before, after)),
        }


def _lines(before: dict[str, Any] | None, after: dict[str, Any] | None) -> Iterator[dict[str, Any]]:
    old, new = _placed(before), _placed(after)
    for place in dict.fromkeys((*new, *old)):
        for one, other in _pairs(old.get(place, []), new.get(place, [])):
            shown = other or one or {}
            yield {
                "stratum": shown["stratum"],
                "title": shown["title"],
                "dataset": shown["dataset"],
                "baseline_then": _name(one),
                "baseline_now": _name(other),
                "then": _figures(one),
                "now": _figures(other),
                "change": _change(one, other),
            }


def _placed(criterion: dict[str, Any] | None) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for line in criterion["strata"] if criterion else []:
        kind = (line["baseline"] or {}).get("kind")
        place = _text([line["stratum"], line.get("narrowed_to"), line["dataset"], kind])
        found.setdefault(place, []).append(line)
    return found


def _pairs(
    old: list[dict[str, Any]], new: list[dict[str, Any]]
) -> Iterator[tuple[dict[str, Any] | None, dict[str, Any] | None]]:
    """Lines of one place: those against the same release together, the others in their order."""
    names = {_name(one) for one in old} & {_name(one) for one in new}
    for name in sorted(names):
        yield from zip_longest(
            [one for one in old if _name(one) == name], [one for one in new if _name(one) == name]
        )
    yield from zip_longest(
        [one for one in old if _name(one) not in names], [one for one in new if _name(one) not in names]
    )


def _name(line: dict[str, Any] | None) -> str:
    baseline = (line or {}).get("baseline") or {}
    number = f" revision {baseline['revision']}" if "revision" in baseline else ""
    return f"{baseline.get('name', '')}{number}"


def _said(criterion: dict[str, Any] | None) -> dict[str, Any] | None:
    if criterion is None:
        return None
    names = ("verdict", "reason_code", "sentence", "severity", "mode", "asks")
    return {name: criterion[name] for name in names}


def _figures(line: dict[str, Any] | None) -> dict[str, Any] | None:
    return None if line is None else {name: line.get(name) for name in FIGURES}


def _change(before: dict[str, Any] | None, after: dict[str, Any] | None) -> str:
    if before is None or after is None:
        return NEW if before is None else GONE
    step = RANK[after["verdict"]] - RANK[before["verdict"]]
    return SAME if step == 0 else BETTER if step > 0 else WORSE


def _text(value: Any) -> str:
    return canonical_bytes(value).decode()
