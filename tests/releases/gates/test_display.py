"""Figures of groups of very few people stay out of what people read, and in the record."""

import json
from typing import Any

from governance.ledger.models import Blob
from releases.gates.display import is_suppressed, shown_result
from releases.gates.models import GatePolicy
from releases.gates.queries import evaluation_document
from tests.factories.cast import actor
from tests.factories.gates import Gate, csv_of, imported, table_rows

FEW = 4


def rows(errors: dict[str, int]) -> list[tuple[str, ...]]:
    """Of skin tone 6 only four people."""
    return [row for row in table_rows(errors) if row[4] != "6" or int(row[0][-3:]) < FEW]


def line_of(result: dict[str, Any], key: str, segment: str) -> dict[str, Any]:
    found = next(one for one in result["criteria"] if one["key"] == key)
    return next(line for line in found["strata"] if line["stratum"] == {"segment": segment})


def test_a_small_group_keeps_its_verdict_and_loses_its_figures(small: Gate) -> None:
    revision = small.candidate("second")
    imported(small.cast, revision, csv_of(rows({"6": 4})), small.dataset)

    evaluation = small.evaluated(revision)

    document = evaluation_document(evaluation)
    line = line_of(document, "bpcer_live", "skin_tone_6")
    whole = json.loads(bytes(Blob.objects.get(digest=evaluation.result_digest).bytes))
    assert line["suppressed_in_display"] is True
    assert line["sentence"] == (
        "Skin tone 6 as annotators perceived: inconclusive; fewer than 5 people, so no figures are shown."
    )
    assert (line["verdict"], line["reason_code"]) == ("inconclusive", "too_few_subjects")
    assert not {"estimate", "lower", "upper", "events", "a", "b", "subjects", "more_subjects"} & set(line)
    assert line_of(whole, "bpcer_live", "skin_tone_6")["subjects"] == FEW
    assert line_of(document, "bpcer_live", "skin_tone_1")["n"] == 40


def test_no_other_sentence_quotes_a_small_group(small: Gate) -> None:
    revision = small.candidate("second")
    imported(small.cast, revision, csv_of(rows({"6": 4})), small.dataset)

    result = small.evaluated(revision).result

    criterion = next(one for one in result["criteria"] if one["key"] == "bpcer_live")
    assert "no figures are shown" in criterion["sentence"]
    assert "(n 4)" not in json.dumps(result)


def test_a_group_of_the_least_size_is_shown_and_species_always_are() -> None:
    def line(subjects: float, **stratum: str) -> dict[str, Any]:
        return {"stratum": stratum, "subjects": subjects}

    assert is_suppressed(line(4, segment="skin_tone_6"), 5)
    assert is_suppressed({"stratum": {"segment × channel": "a × b"}, "subjects": 1}, 5)
    assert not is_suppressed(line(5, segment="skin_tone_6"), 5)
    assert not is_suppressed(line(0, segment="skin_tone_6"), 5)
    assert not is_suppressed(line(4, species="print"), 5)
    assert not is_suppressed(line(4, segment="skin_tone_6"), 0)


def test_a_result_without_small_groups_is_shown_as_it_is(small: Gate) -> None:
    revision = small.candidate("second")
    small.scored(revision, {"6": 4})
    evaluation = small.evaluated(revision)
    whole = json.loads(bytes(Blob.objects.get(digest=evaluation.result_digest).bytes))

    assert shown_result(whole, 5) == whole
    assert {key: evaluation.result[key] for key in whole} == whole


def test_the_least_size_is_the_policys(small: Gate) -> None:
    assert GatePolicy.objects.get(id=small.policy.id).suppress_below == 5
    assert actor(small.cast.qa_lead).username == small.policy.locked_by_username
