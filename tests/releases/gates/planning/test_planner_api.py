"""``POST /planner/``: what a policy could decide with a dataset or with written counts, and every refusal."""

from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from pytest_django import Settings

from governance.ledger.models import Entry
from releases.gates.planning import reading
from releases.gates.policies.services import CriterionInput
from tests.factories.cast import Cast
from tests.factories.gates import (
    Gate,
    csv_of,
    dataset_to_test_on,
    drafted_policy,
    imported,
    segment,
    table_rows,
)
from tests.factories.http import Answer, signed_in, with_token
from tests.releases.gates.contexts import paired_spec

PLANNER = "/api/v1/planner/"
JSON = "application/json"
PRINT = {"population": "attack", "stratum": {"species": "print"}, "presentations": 148, "subjects": 37}


def asked(gate: Gate, **body: Any) -> Answer:
    return with_token(gate.cast.qa_lead).post(PLANNER, {"policy": str(gate.policy.id), **body}, JSON)


def line_of(answer: Answer, criterion: str, stratum: str) -> dict[str, Any]:
    found = {one["key"]: one["strata"] for one in answer.json()["criteria"]}[criterion]
    return next(line for line in found if stratum in line["stratum"].values())


def wrong_fields(answer: Answer) -> list[str]:
    return [error["field"] for error in answer.json()["errors"]]


def drafted(cast: Cast, *written: CriterionInput) -> str:
    return str(drafted_policy(cast, written, "planned").id)


def test_a_policy_is_planned_on_what_the_live_release_was_measured_to_do(small: Gate) -> None:
    client = with_token(small.cast.qa_lead)
    before = Entry.objects.count()

    answer = client.post(PLANNER, {"policy": str(small.policy.id)}, JSON)
    found = answer.json()

    print_line = line_of(answer, "apcer", "print")
    assert answer.status_code == 200
    assert found["measured"]["release_name"] == "first"
    assert found["measured"]["live_on"] == ["android", "mobile_web"]
    assert (print_line["presentations"], print_line["subjects"], print_line["design_effect"]) == (40, 40, 1)
    assert print_line["assumed"] == {
        "rate": 0.1,
        "rate_source": "measured",
        "measured_on": "first, live on android, mobile_web",
    }
    assert print_line["outlook"] == "decidable"
    assert Entry.objects.count() == before


def test_how_often_decisions_differ_is_read_from_the_newest_run_on_the_dataset(small: Gate) -> None:
    unknown = line_of(asked(small), "apcer_live", "print")
    candidate = small.candidate("second")
    small.scored(candidate, {"print": 2, "mask": 4, "1": 4, "6": 4})
    small.evaluated(candidate)

    known = line_of(asked(small), "apcer_live", "print")

    assert (unknown["outlook"], unknown["chance_to_pass"]) == ("rates_unknown", None)
    assert known["assumed"]["discordance"] == pytest.approx(2 / 40)
    assert known["assumed"]["measured_on"] == "the run of second"
    assert known["outlook"] == "less_likely"


def test_written_counts_and_rates_go_before_what_was_measured(small: Gate) -> None:
    rates = [{"metric": "apcer", "stratum": {"species": "print"}, "rate": 0.4}]

    answer = asked(small, counts=[PRINT], rates=rates, design_effect=2)

    found = line_of(answer, "apcer", "print")
    assert answer.json()["counts"] == "written"
    assert found["assumed"] == {"rate": 0.4, "rate_source": "written"}
    assert (found["presentations"], found["n_eff"]) == (148, 74)
    assert line_of(answer, "apcer", "mask")["assumed"]["rate_source"] == "measured"
    assert line_of(answer, "apcer", "mask")["presentations_missing"] == 20


def test_what_is_missing_is_summed_up_per_species_and_segment(small: Gate) -> None:
    found = asked(small, counts=[PRINT], rates=[{"rate": 0, "discordance": 0}]).json()

    first, mask = found["collect"][0], next(one for one in found["collect"] if one["title"] == "mask")
    assert found["sentence"].startswith(f"{found['undecidable']} of {found['deciding']} criteria cannot be")
    assert first["presentations_missing"] == 29
    assert (mask["presentations"], mask["presentations_missing"], mask["subjects_missing"]) == (0, 29, 29)
    assert "Attacks accepted" in mask["criteria"]


def test_a_draft_is_planned_with_its_names_resolved_and_protected_segments_added(small: Gate) -> None:
    spec = paired_spec(metric="bpcer", strata={"segments": ["skin_tone_1"]})
    policy = drafted(small.cast, CriterionInput("users", "noninferiority", "Users", spec))

    found = asked(small, policy=policy).json()["criteria"][0]["strata"]

    assert [line["stratum"]["segment"] for line in found] == ["skin_tone_1", "skin_tone_6"]


def test_a_draft_that_names_what_does_not_exist_is_refused_by_its_criterion(small: Gate) -> None:
    spec = paired_spec(metric="bpcer", strata={"segments": ["nobody"]})
    policy = drafted(small.cast, CriterionInput("users", "noninferiority", "Users", spec))

    answer = asked(small, policy=policy)

    assert (answer.status_code, wrong_fields(answer)) == (400, ["criteria.users"])


def test_groups_of_so_few_people_show_no_figures(small: Gate) -> None:
    segment(small.cast, "skin_tone", "3")
    rows = [(f"few-{place}", f"few-{place}", "bona_fide", "", "3", "0.9") for place in range(3)]
    imported(small.cast, small.live, csv_of([*table_rows({"1": 4}), *rows]), small.dataset)

    few = line_of(asked(small), "bpcer_live", "skin_tone_3")

    hidden = ("presentations", "subjects", "n_eff", "design_effect", "chance_to_pass", "best_bound")
    assert few["suppressed_in_display"]
    assert [few[name] for name in hidden] == [None] * 6
    assert few["presentations_missing"] == few["presentations_needed"] == 29
    assert few["sentence"].startswith("skin tone 3 as annotators perceived: so few people")


def test_a_table_of_a_stack_without_a_release_is_counted_but_gives_no_rates(small: Gate) -> None:
    table = imported(
        small.cast,
        small.live,
        csv_of(table_rows()),
        small.dataset,
        stack_digest="sha256:" + "5" * 64,
    )

    answer = asked(small, score_table=str(table.id))

    found = line_of(answer, "apcer", "print")
    assert answer.json()["measured"]["knows_rates"] is False
    assert (found["presentations"], found["outlook"]) == (40, "rates_unknown")


def test_anybody_who_sees_the_system_plans_and_nobody_else(small: Gate) -> None:
    cast, body = small.cast, {"policy": str(small.policy.id)}
    readers = [cast.author, cast.auditor, cast.approver, cast.integration]

    allowed = [with_token(one).post(PLANNER, body, JSON).status_code for one in readers]
    refused = with_token(cast.stranger).post(PLANNER, body, JSON)

    assert allowed == [200] * len(readers)
    assert (refused.status_code, wrong_fields(refused)) == (400, ["policy"])
    assert Client().post(PLANNER, body, JSON).status_code == 401


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"verdict": "pass"}, "verdict"),
        ({"policy": "not an id"}, "policy"),
        ({"policy": str(uuid4())}, "policy"),
        ({"dataset": str(uuid4())}, "dataset"),
        ({"score_table": str(uuid4())}, "score_table"),
        ({"dataset": str(uuid4()), "score_table": str(uuid4())}, "score_table"),
        ({"power": 0.2}, "power"),
        ({"power": 1}, "power"),
        ({"power": "0.8"}, "power"),
        ({"power": True}, "power"),
        ({"design_effect": 2}, "design_effect"),
        ({"counts": [PRINT], "design_effect": 0.5}, "design_effect"),
        ({"counts": []}, "counts"),
        ({"counts": [{**PRINT, "presentations": -1}]}, "counts[0].presentations"),
        ({"counts": [{**PRINT, "presentations": 10.5}]}, "counts[0].presentations"),
        ({"counts": [{**PRINT, "presentations": 10**12}]}, "counts[0].presentations"),
        ({"counts": [{**PRINT, "subjects": 149}]}, "counts[0].subjects"),
        ({"counts": [{**PRINT, "subjects": 0}]}, "counts[0].subjects"),
        ({"counts": [{**PRINT, "population": "both"}]}, "counts[0].population"),
        ({"counts": [{**PRINT, "more": 1}]}, "counts[0].more"),
        ({"counts": [{**PRINT, "stratum": {"species": "papier"}}]}, "counts[0].stratum"),
        ({"counts": [{**PRINT, "stratum": {"species": 1}}]}, "counts[0].stratum"),
        ({"counts": [{**PRINT, "stratum": {}}]}, "counts[0].stratum"),
        ({"counts": [{**PRINT, "stratum": "print"}]}, "counts[0].stratum"),
        ({"counts": [PRINT, PRINT]}, "counts"),
        ({"counts": [PRINT] * 1001}, "counts"),
        ({"rates": [{"rate": 1.1}]}, "rates[0].rate"),
        ({"rates": [{"rate": -0.1}]}, "rates[0].rate"),
        ({"rates": [{"rate": None}]}, "rates[0].rate"),
        ({"rates": [{"rate": "0.1"}]}, "rates[0].rate"),
        ({"rates": [{"metric": "eer", "rate": 0.1}]}, "rates[0].metric"),
        ({"rates": [{"metric": "apcer"}]}, "rates[0].rate"),
        ({"rates": [{"discordance": 0.01, "difference": 0.05}]}, "rates[0].discordance"),
        ({"rates": [{"rate": 0.1}] * 501}, "rates"),
        ({"rates": {"rate": 0.1}}, "rates"),
        ({"rates": [{"rate": 0.1}, {"criterion": "typo", "rate": 0.9}]}, "rates[1].criterion"),
        ({"rates": [{"criterion": "apcer", "metric": "bpcer", "rate": 0.9}]}, "rates[0].metric"),
        ({"rates": [{"metric": "calibration_error", "spread": 0.1}]}, "rates[0].metric"),
        ({"rates": [{"stratum": {"species": "papier"}, "rate": 0.9}]}, "rates[0].stratum"),
        ({"counts": [{**PRINT, "population": "bona_fide"}]}, "counts[0].stratum"),
    ],
)
def test_what_cannot_be_planned_is_refused_by_its_field(
    small: Gate, body: dict[str, Any], field: str
) -> None:
    answer = asked(small, **body)

    assert answer.status_code == 400
    assert any(found.startswith(field) for found in wrong_fields(answer)), wrong_fields(answer)
    assert answer.json()["detail"]


@pytest.mark.parametrize("number", ["NaN", "Infinity", "1e999", "-1e999"])
def test_a_number_that_is_none_is_refused(small: Gate, number: str) -> None:
    body = f'{{"policy": "{small.policy.id}", "rates": [{{"rate": {number}}}]}}'

    answer = with_token(small.cast.qa_lead).post(PLANNER, body, JSON)

    assert answer.status_code == 400


def test_the_largest_counts_that_are_taken_are_planned(small: Gate) -> None:
    most = {**PRINT, "presentations": 10**9, "subjects": 10**9}

    answer = asked(small, counts=[most], rates=[{"rate": 0.4499999, "discordance": 1, "difference": 0.0999}])

    assert answer.status_code == 200
    assert line_of(answer, "apcer", "print")["outlook"] in {"decidable", "out_of_reach"}


def test_a_dataset_without_scores_and_one_with_too_many_are_refused(
    small: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    empty = dataset_to_test_on(small.cast, "unscored")
    without = asked(small, dataset=str(empty.id))
    monkeypatch.setattr(reading, "MOST_ROWS", 100)

    large = asked(small, dataset=str(small.dataset.id))
    written = asked(small, counts=[PRINT])

    assert (without.status_code, wrong_fields(without)) == (400, ["dataset"])
    assert (large.status_code, wrong_fields(large)) == (400, ["dataset"])
    assert "at most 100 are counted while you wait" in large.json()["detail"]
    assert written.status_code == 200


def test_more_lines_than_are_planned_at_once_are_refused(
    small: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "MOST_LINES", 5)

    answer = asked(small)

    assert (answer.status_code, wrong_fields(answer)) == (400, ["policy"])


def test_a_browser_session_plans_only_with_its_csrf_token(small: Gate) -> None:
    account = small.cast.qa_lead
    client = Client(enforce_csrf_checks=True)
    client.cookies = signed_in(account).cookies

    answer = client.post(PLANNER, {"policy": str(small.policy.id)}, JSON)

    assert answer.status_code == 403


def test_where_the_scores_are_lost_written_counts_are_planned_without_rates(
    small: Gate, settings: Settings, tmp_path: Path
) -> None:
    settings.SCORE_STORE = tmp_path

    measured = asked(small)
    written = asked(small, counts=[PRINT])

    assert (measured.status_code, measured.json()["code"]) == (404, "blob_missing")
    assert written.status_code == 200
    assert line_of(written, "apcer", "print")["outlook"] == "rates_unknown"
