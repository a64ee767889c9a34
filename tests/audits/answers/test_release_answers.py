"""The five answers about a revision: a sentence each, with the entries behind it, within the reach."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from audits.answers.answered import Answer, Question, Stands
from audits.answers.release_answers import answers_of
from governance.access.models import Account
from releases.bundles.content import content_of
from releases.bundles.models import Revision
from releases.bundles.queries import revisions_with_content
from tests.audits.trace.decisions import guarded
from tests.factories.approvals import World, candidate, requested, voted
from tests.factories.bundles import draft
from tests.factories.cast import actor
from tests.factories.http import signed_in, with_token
from tests.factories.rollouts import live, taken_back
from tests.factories.worlds import Prepared


def answered(here: World, revision: Revision, by: Account | None = None) -> dict[Question, Answer]:
    found = answers_of(actor(by or here.cast.auditor), revision)
    return {one.question: one for one in found.answers}


def said(here: World, revision: Revision) -> dict[str, str]:
    return {question.value: one.sentence for question, one in answered(here, revision).items()}


def test_a_live_release_has_its_answers_in_a_sentence_each(prepared: Prepared) -> None:
    live(prepared.here, prepared.candidate, "android", "mobile_web")

    told = said(prepared.here, prepared.candidate)

    assert told["S21"] == (
        "The model live_1, joined by the fusion fusion_0, against the thresholds of policy_risk_a_0."
    )
    assert told["S22"].startswith("The evaluation of ")
    assert told["S22"].endswith(", which passed.")
    assert told["S23"].startswith("Against baseline revision 1 on android, ios and mobile_web: model")
    assert told["S24"].startswith("approver as approver approved it on ")
    assert told["S24"].endswith("; release_manager started it on android and mobile_web.")
    assert told["S25"] == "Nobody has reviewed how it drifts since its launch."


def test_each_fact_that_the_ledger_tells_of_names_its_entry(prepared: Prepared) -> None:
    live(prepared.here, prepared.candidate, "android")

    found = answered(prepared.here, prepared.candidate)

    events = [
        [fact.entry.document["type"] for fact in one.facts if fact.entry is not None]
        for one in found.values()
    ]
    assert events == [
        [*["component.registered"] * 6, "release.frozen", "assignment.changed"],
        ["gate_evaluation.completed"],
        ["release.frozen", "release.adopted"],
        ["approval.requested", "vote.cast", "rollout.started"],
        [],
    ]


def test_bands_stand_in_words_with_their_numbers(prepared: Prepared) -> None:
    facts = answered(prepared.here, prepared.candidate)[Question.DECIDED].facts

    bands = [fact.said for fact in facts if fact.what.startswith("Band for ")]
    assert "accepts up to 0.5700, asks again up to 0.7282, refuses beyond" in bands


def test_of_what_is_frozen_and_not_launched_it_says_not_yet(prepared: Prepared) -> None:
    found = answered(prepared.here, prepared.candidate)

    assert [one.stands for one in found.values()] == [
        Stands.NOT_YET,
        Stands.NOT_YET,
        Stands.YES,
        Stands.NOT_YET,
        Stands.NOT_YET,
    ]
    assert found[Question.DECIDED].sentence.startswith("None yet: it is frozen and has answered nobody.")
    assert found[Question.EVALUATED].sentence.endswith(", which passed, is not approved.")
    assert found[Question.APPROVED].sentence == "Nobody yet: it is frozen, and no approval was asked for."


def test_of_a_draft_it_says_what_is_to_come(prepared: Prepared) -> None:
    content = content_of(prepared.candidate)
    told = said(prepared.here, draft(prepared.here.cast, content, name="sketch"))

    assert told["S22"] == "None yet: it is a draft, and only what is frozen is evaluated."
    assert told["S24"] == "Nobody yet: it is a draft, and no approval was asked for."
    assert told["S25"] == "It has not answered anybody yet, so there is no drift to monitor."


def test_an_open_request_tells_who_has_voted_so_far(prepared: Prepared) -> None:
    request = requested(prepared.here, prepared.candidate, "android")
    before = said(prepared.here, prepared.candidate)["S24"]
    voted(prepared.here.cast.approver, request, decision="request_changes")

    after = said(prepared.here, prepared.candidate)["S24"]

    assert before.startswith("Nobody yet: the request is open until ")
    assert before.endswith("; nobody has voted.")
    assert after.startswith("Nobody: the last request ended as changes requested on ")
    assert after.endswith("; approver asked for changes.")


def test_of_an_adopted_release_it_names_the_two_who_answer_for_it(prepared: Prepared) -> None:
    found = answered(prepared.here, prepared.here.baseline)

    assert found[Question.EVALUATED].sentence == "None: it was adopted as it stood, without a gate."
    assert found[Question.APPROVED].sentence.startswith("Nobody voted: it was adopted on ")
    assert found[Question.APPROVED].sentence.endswith(
        " by release_manager and approver_two, who answer for it."
    )
    assert found[Question.EVALUATED].stands is found[Question.APPROVED].stands is Stands.NOBODY
    assert [fact.entry.document["type"] for fact in found[Question.APPROVED].facts if fact.entry] == [
        "release.adopted"
    ]


def test_a_rollback_is_told_with_who_took_it_back_and_why(prepared: Prepared) -> None:
    live(prepared.here, prepared.candidate, "android")
    taken_back(prepared.here)

    found = answered(prepared.here, prepared.candidate)[Question.APPROVED]

    assert found.support[-1].startswith("It was taken back to baseline on ")
    assert found.support[-1].endswith(" by release_manager: Masks pass.")
    assert found.facts[-1].entry is not None


def test_the_newest_decision_leads_to_its_trace(prepared: Prepared) -> None:
    made = guarded(prepared).reported()

    facts = answered(prepared.here, prepared.candidate)[Question.DECIDED].facts

    assert facts[-1].about == made
    assert facts[-1].entry == made.batch.entry


def test_what_changed_is_told_against_any_other_revision(prepared: Prepared) -> None:
    other = candidate(prepared.here, "2")
    stored = revisions_with_content(Revision.objects.filter(pk=other.pk)).get()

    found = answers_of(actor(prepared.here.cast.auditor), prepared.candidate, against=stored)

    changed = found.to(Question.CHANGED)
    assert changed.sentence == "Against v2 revision 1: model and evaluation report changed."
    assert [fact.said for fact in changed.facts if fact.what == "Model"] == ["live_2 → live_1"]


def test_where_channels_had_different_releases_each_fact_says_against_which(prepared: Prepared) -> None:
    live(prepared.here, prepared.candidate, "android")

    changed = answered(prepared.here, candidate(prepared.here, "2"))[Question.CHANGED]

    models = {fact.what: fact.said for fact in changed.facts if fact.what.startswith("Model")}
    assert models == {
        "Model, against v1 revision 1": "live_1 → live_2",
        "Model, against baseline revision 1": "live_0 → live_2",
    }


def test_the_interface_answers_with_indices_and_proofs(prepared: Prepared) -> None:
    client = with_token(prepared.here.cast.auditor)
    baseline = prepared.here.baseline

    whole = client.get(f"/api/v1/releases/{prepared.candidate.release_id}/answers/").json()
    compared = client.get(
        f"/api/v1/releases/{prepared.candidate.release_id}/answers/", {"against": str(baseline.pk)}
    ).json()

    assert [one["question"] for one in whole["answers"]] == ["S21", "S22", "S23", "S24", "S25"]
    assert compared["against"] == str(baseline.pk)
    run = whole["answers"][1]["facts"][0]
    assert run["about"] == {"type": "gateevaluation", "id": str(prepared.candidate.evaluations.get().pk)}
    assert (run["ledger_index"], run["proof"]) == (None, None)
    assert run["entry"]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"revision": "9"}, "revision"),
        ({"revision": "x"}, "revision"),
        ({"against": "00000000-0000-0000-0000-000000000000"}, "against"),
        ({"who": "me"}, "who"),
    ],
)
def test_a_question_that_means_nothing_is_refused_by_name(
    prepared: Prepared, query: dict[str, str], field: str
) -> None:
    url = f"/api/v1/releases/{prepared.candidate.release_id}/answers/"

    response = with_token(prepared.here.cast.auditor).get(url, query)

    assert response.status_code == 400
    assert field in response.content.decode()


@pytest.mark.parametrize("path", ["/admin/answers/{}/", "/api/v1/releases/{}/answers/"])
def test_only_whoever_sees_the_release_reads_its_answers(prepared: Prepared, path: str) -> None:
    people = prepared.here.cast
    url = path.format(prepared.candidate.release_id)

    codes = [
        signed_in(account).get(url).status_code
        for account in (people.auditor, people.security_reviewer, people.stranger)
    ]

    assert codes == [200, 200, 404]


@pytest.mark.parametrize("asked", ["x", "-1", "0", "2", "\u0661", "99999999999999999999"])
def test_the_page_never_answers_about_another_revision_than_was_asked_for(
    prepared: Prepared, asked: str
) -> None:
    auditor = signed_in(prepared.here.cast.auditor)
    url = f"/admin/answers/{prepared.candidate.release_id}/"

    codes = [auditor.get(url, {"revision": one}).status_code for one in (asked, "1", "")]

    assert codes == [404, 200, 200]


def test_the_page_says_what_is_missing_first(prepared: Prepared) -> None:
    auditor = signed_in(prepared.here.cast.auditor)

    shown = auditor.get(f"/admin/answers/{prepared.here.baseline.release_id}/").content.decode()
    released = auditor.get(f"/admin/releases/release/{prepared.candidate.release_id}/change/")

    assert "Missing: an evaluation and an approval." in shown
    assert "Nobody voted: it was adopted on " in shown
    assert f"/admin/answers/{prepared.candidate.release_id}/?revision=1" in released.content.decode()


def test_more_history_takes_no_more_queries(prepared: Prepared) -> None:
    auditor = actor(prepared.here.cast.auditor)
    live(prepared.here, prepared.candidate, "android")
    with CaptureQueriesContext(connection) as few:
        answers_of(auditor, prepared.candidate)
    live(prepared.here, prepared.candidate, "mobile_web")

    with CaptureQueriesContext(connection) as many:
        answers_of(auditor, prepared.candidate)

    assert len(many) <= len(few), [one["sql"][:100] for one in many]


@pytest.mark.parametrize("name", ["answers", "drift-report"])
def test_a_revision_is_named_by_its_number(prepared: Prepared, name: str) -> None:
    url = f"/api/v1/releases/{prepared.candidate.release_id}/{name}/"

    response = with_token(prepared.here.cast.auditor).get(url, {"revision": "1"})

    assert response.json()["revision_number"] == 1
