"""Which score tables a run looks at: several of one report, replaced ones, and scores decided anew."""

from dataclasses import replace
from typing import Any

from governance.registry.models import ComponentVersion
from releases.bundles.content import SlotInput, content_of
from releases.bundles.manifest import stack_digest
from releases.bundles.models import Revision
from releases.gates.models import GateEvaluation
from releases.gates.queries import evaluation_document
from tests.factories.bundles import component
from tests.factories.gates import SMALL, Gate, criteria, csv_of, imported, locked_policy, table_rows

GOOD = {"print": 2, "mask": 2, "1": 2, "6": 2}


def report_of(revision: Revision) -> str:
    return str(revision.slots.get(slot="evaluation_report").component_id)


def import_part(gate: Gate, revision: Revision, rows: list[tuple[str, ...]]) -> None:
    report = {"stack_digest": None, "evaluation_report": report_of(revision)}
    imported(gate.cast, revision, csv_of(rows), gate.dataset, **report)


def lines(evaluation: GateEvaluation, key: str) -> dict[str, dict[str, Any]]:
    found = next(one for one in evaluation.result["criteria"] if one["key"] == key)
    return {next(iter(line["stratum"].values())): line for line in found["strata"]}


def split(errors: dict[str, int]) -> tuple[list[tuple[str, ...]], list[tuple[str, ...]]]:
    rows = table_rows(errors)
    return [row for row in rows if row[2] == "attack"], [row for row in rows if row[2] != "attack"]


def test_the_tables_of_one_report_are_judged_together(small: Gate) -> None:
    revision = small.candidate("second")
    attacks, users = split(GOOD)
    import_part(small, revision, attacks)
    import_part(small, revision, users)

    evaluation = small.evaluated(revision)

    tables = [one for one in evaluation_document(evaluation)["tables"] if one["of"] == "candidate"]
    assert evaluation.verdict == "pass"
    assert sorted(one["rows"] for one in tables) == [80, 80]
    assert len(evaluation.inputs["datasets"][0]["candidate_parts"]) == 1


def test_a_table_that_is_imported_again_replaces_the_one_before(small: Gate) -> None:
    revision = small.candidate("second")
    import_part(small, revision, table_rows({"mask": 40}))
    import_part(small, revision, table_rows(GOOD))

    evaluation = small.evaluated(revision)

    assert (evaluation.verdict, lines(evaluation, "apcer")["mask"]["n"]) == ("pass", 40)


def test_tables_that_overlap_in_part_contradict_each_other(small: Gate) -> None:
    revision = small.candidate("second")
    attacks, users = split(GOOD)
    import_part(small, revision, attacks)
    import_part(small, revision, [*users, *attacks[:3]])

    evaluation = small.evaluated(revision)

    assert (evaluation.verdict, evaluation.result["reason_code"]) == ("inconclusive", "evaluation_error")


def variant(gate: Gate, name: str, revision: Revision, **changes: ComponentVersion) -> Revision:
    """A copy with some slots changed, and with a report of its own stack but without scores."""
    slots = tuple(
        replace(slot, component=changes.get(slot.slot, slot.component))
        for slot in content_of(revision).slots
        if slot.slot != "evaluation_report"
    )
    stack, report = stack_digest(slots), f"of_{name}"
    made = component(gate.cast, "evaluation_report", report, dataset=gate.dataset.name, stack_digest=stack)
    return gate.candidate(name, slots=(*slots, SlotInput("evaluation_report", made)))


def rejecting_above(gate: Gate, threshold: float) -> ComponentVersion:
    return component(gate.cast, "threshold_policy", "another_policy", bands=[{"accept": threshold}])


def test_scores_of_the_same_stack_under_another_threshold_are_decided_anew(small: Gate) -> None:
    second = small.candidate("second")
    small.scored(second, GOOD)
    third = variant(small, "third", second, threshold_policy=rejecting_above(small, 0.05))

    evaluation = small.evaluated(third)

    found = lines(evaluation, "bpcer_live")
    table = evaluation.inputs["datasets"][0]["candidate"]
    assert (table["re_decided"], table["stack_digest"]) == (True, second.stack_digest)
    assert evaluation.verdict == "fail"
    assert evaluation.preregistered is True
    assert evaluation_document(evaluation)["warnings"][0]["code"] == "re_decided"
    assert (found["skin_tone_1"]["events"], found["skin_tone_1"]["re_decided"]) == (40, True)
    notes = next(one for one in evaluation.result["criteria"] if one["key"] == "bpcer_live")["notes"]
    assert notes[0].startswith("The scores on faces_1 were measured under another threshold policy")


def test_scores_of_its_own_are_preferred_to_those_decided_anew(small: Gate) -> None:
    second = small.candidate("second")
    small.scored(second, GOOD)
    third = variant(small, "third", second, threshold_policy=rejecting_above(small, 0.6))
    small.scored(third, GOOD)

    evaluation = small.evaluated(third)

    assert evaluation.inputs["datasets"][0]["candidate"]["re_decided"] is False
    assert (evaluation.verdict, evaluation.result["criteria"][0]["notes"]) == ("pass", [])


def test_scores_of_another_model_are_never_decided_anew(small: Gate) -> None:
    second = small.candidate("second")
    small.scored(second, GOOD)
    model = component(small.cast, "model", "another")
    third = variant(small, "third", second, threshold_policy=rejecting_above(small, 0.05), model=model)

    evaluation = small.evaluated(third)

    assert evaluation.inputs["datasets"][0]["candidate"] is None
    assert lines(evaluation, "apcer")["print"]["reason_code"] == "no_data"


def test_numbers_that_were_registered_before_the_lock_are_not_preregistered(small: Gate) -> None:
    second = small.candidate("second")
    small.scored(second, GOOD)
    third = variant(small, "third", second, threshold_policy=rejecting_above(small, 0.05))
    written = criteria(SMALL, small.live)
    later = locked_policy(small.cast, written, name="later")
    frozen = small.revised(third)

    evaluation = small.evaluated(frozen)

    assert (evaluation.policy, evaluation.preregistered) == (later, False)
