"""A line that looks at some captures only is named so on the brief, in the inbox and in mails."""

from typing import Any

from audits.pages.evidence import lines_of
from releases.gates.runs.computation import compute
from tests.releases.gates.contexts import context, paired_spec, segments_of
from tests.releases.gates.test_computation import HEAD, criterion, quiet

ONE = {"attribute": "skin_tone", "operator": "eq", "value": "1"}


def result(**changes: Any) -> dict[str, Any]:
    spec = paired_spec(metric="bpcer", strata=segments_of("1", "6"), **changes)
    return compute(HEAD, [criterion("bpcer_live", "noninferiority", spec)], context(), quiet).document


def test_a_narrowed_line_carries_its_condition_in_its_name() -> None:
    narrowed, whole = lines_of(result(where=ONE)), lines_of(result())

    assert {line.name for line in narrowed} == {
        "skin tone 1, only where skin_tone is 1",
        "skin tone 6, only where skin_tone is 1",
    }
    assert all(line.perceived and line.is_narrowed for line in narrowed)
    assert {line.name for line in whole} == {"skin tone 1", "skin tone 6"}
    assert not any(line.is_narrowed for line in whole)


def test_the_criterion_asks_with_its_condition() -> None:
    (found,) = result(where=ONE)["criteria"]

    assert (
        "each of skin tone 1, skin tone 6, as annotators perceived, only where skin_tone is 1"
        in found["asks"]
    )
    assert {line["narrowed_to"] for line in found["strata"]} == {"skin_tone is 1"}


def test_a_protected_segment_judged_on_all_captures_beside_it_is_not_narrowed() -> None:
    document = result(where=ONE)
    (found,) = document["criteria"]
    beside = {key: part for key, part in found["strata"][0].items() if key != "narrowed_to"}
    found["strata"] = [*found["strata"], {**beside, "title": "skin tone 6", "added": "protected"}]

    assert [line.is_narrowed for line in lines_of(document)] == [True, True, False]
