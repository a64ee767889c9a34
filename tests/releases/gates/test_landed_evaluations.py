"""Evaluations on record go on being read: one that was stored before several kinds of criteria were there.

The file holds its frozen inputs, the policy that judged it and its result, each with the digest it had then.
The scores are those of ``table_rows`` and are made anew.
"""

import json
from functools import cache
from pathlib import Path
from typing import Any

import polars as pl

from governance.documents import checked
from governance.ledger.canonical import digest_of
from releases.gates.criteria import KIND_OF
from releases.gates.judging.context import Context
from releases.gates.judging.criterion import Criterion
from releases.gates.runs.computation import PolicyHead, compute
from releases.gates.vocabulary.inputs import Inputs, TableInput
from tests.factories.gates import table_rows
from tests.releases.gates.contexts import SOME_ERRORS, frame
from tests.releases.gates.test_computation import quiet

STORED = Path(__file__).parents[2] / "data" / "gates" / "landed_evaluation.json"
CANDIDATE_ERRORS = {"print": 4, "mask": 10, "1": 3, "6": 9}


@cache
def stored() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(STORED.read_text())
    return found


def criteria() -> list[Criterion]:
    return [
        Criterion(
            key=one["key"],
            version=one["version"],
            kind=KIND_OF[one["kind"]],
            title=one["title"],
            owner="qa_lead",
            severity=one["severity"],
            mode=one["mode"],
            spec=checked(KIND_OF[one["kind"]].spec, one["spec"], field="spec", title=one["key"]),
        )
        for one in stored()["policy"]["criteria"]
    ]


def loaded(table: TableInput) -> pl.LazyFrame:
    of_candidate = table.stack_digest == stored()["inputs"]["stack_digest"]
    return frame(table_rows(CANDIDATE_ERRORS if of_candidate else SOME_ERRORS))


def test_its_inputs_are_read_and_keep_their_digest() -> None:
    inputs = Inputs.model_validate(stored()["inputs"])

    assert inputs.digest == stored()["inputs_digest"]
    assert inputs.identity() == stored()["result"]["inputs"]
    assert Inputs.model_validate(inputs.model_dump(mode="json")).digest == stored()["inputs_digest"]


def test_its_policy_and_criteria_are_read_and_keep_their_digests() -> None:
    documents = [criterion.document() for criterion in criteria()]

    assert digest_of({**stored()["policy"], "criteria": documents}) == stored()["policy_digest"]
    assert [one.digest for one in criteria()] == [one["digest"] for one in stored()["result"]["criteria"]]


def test_run_again_it_gives_the_identical_result() -> None:
    policy = stored()["policy"]
    head = PolicyHead(stored()["policy_id"], policy["name"], policy["version"], stored()["policy_digest"])
    context = Context(Inputs.model_validate(stored()["inputs"]), loaded)

    result = compute(head, criteria(), context, quiet)

    assert result.document == stored()["result"]
    assert result.digest == stored()["result_digest"]
