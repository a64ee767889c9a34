"""What people get to see of a result: no figures of a group of so few that one could be told from them.

A line about a segment (alone or crossed) with fewer subjects than the policy's ``suppress_below`` keeps its
verdict, its reason and its place, is marked ``suppressed_in_display``, and loses every figure, also where
other sentences quote it. It decides all the same.

This is the form of the result that is stored beside the evaluation, and so of every page, mail and answer
of the interface. The evidence record that the result digest names is whole, and stands in the ledger's
store for whoever audits it. Species are no people: their figures are always shown.
"""

from typing import Any

KEPT = (
    "stratum",
    "title",
    "dataset",
    "baseline",
    "verdict",
    "reason_code",
    "parts",
    "added",
    "narrowed_to",
    "unit",
    "limit",
    "regression_marked",
    "regression_detected",
)
"""What a line keeps that shows no figures."""


def shown_result(document: dict[str, Any], below: int) -> dict[str, Any]:
    """The result without the figures of segments of fewer than ``below`` subjects."""
    replaced: dict[str, str] = {}
    criteria = [
        {**criterion, "strata": [_shown(line, below, replaced) for line in criterion["strata"]]}
        for criterion in document["criteria"]
    ]
    if not replaced:
        return document
    return {
        **document,
        "criteria": [
            {**criterion, "sentence": _without(criterion["sentence"], replaced)} for criterion in criteria
        ],
        "sentence": _without(document["sentence"], replaced),
    }


def is_suppressed(line: dict[str, Any], below: int) -> bool:
    """Whether the line is about a group of people, and of too few."""
    about_people = any("segment" in kind.split(" ") for kind in line["stratum"])
    subjects = line.get("subjects") or 0
    return about_people and 0 < subjects < below


def _shown(line: dict[str, Any], below: int, replaced: dict[str, str]) -> dict[str, Any]:
    if not is_suppressed(line, below):
        return line
    title = line["title"][:1].upper() + line["title"][1:]
    said = f"{title}: {line['verdict']}; fewer than {below} people, so no figures are shown."
    replaced[line["sentence"]] = said
    shown = {key: line[key] for key in KEPT if key in line}
    needs = {"needs": f"needs more subjects of {line['title']}"} if line.get("needs") else {}
    return {**shown, **needs, "n": None, "rows": None, "sentence": said, "suppressed_in_display": True}


def _without(sentence: str, replaced: dict[str, str]) -> str:
    """The sentence with what it quotes of suppressed lines put in other words, the longest first."""
    for told, said in sorted(replaced.items(), key=lambda pair: -len(pair[0])):
        sentence = sentence.replace(told, said)
    return sentence
