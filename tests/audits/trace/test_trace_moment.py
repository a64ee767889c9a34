"""What was to decide about a subject on a channel at a time, where no decision was ever reported (S21)."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from audits.trace.documents import trace_document
from audits.trace.queries import trace_moment
from releases.bundles.arms import Arm, position
from tests.audits.trace.decisions import Guarded
from tests.factories.http import signed_in, with_token
from tests.factories.rollouts import taken_back

URL = "/api/v1/decisions/trace/"


def document(rollout: Guarded, arm: Arm = Arm.CANDIDATE, at: datetime | None = None) -> dict[str, Any]:
    channel = rollout.here.cast.channel("android")
    return trace_document(trace_moment(channel, at or timezone.now(), rollout.subject(arm)))


def query(rollout: Guarded, **given: str) -> dict[str, str]:
    return {
        "channel": str(rollout.here.cast.channel("android").pk),
        "at": timezone.now().isoformat(),
        "subject": rollout.subject(Arm.CANDIDATE),
        **given,
    }


def test_the_arm_of_the_subject_leads_to_release_thresholds_and_votes(rollout: Guarded) -> None:
    found = document(rollout)

    assert (found["release"]["name"], found["stage"]["arm"]) == ("v1", "candidate")
    assert found["stage"]["u"] == position(rollout.assignment.salt, rollout.subject(Arm.CANDIDATE))
    assert [one["name"] for one in found["models"]] == ["live_1"]
    assert found["threshold_policy"]["name"] == "policy_risk_a_0"
    assert {"accept": 0.57, "retry": 0.7282} in [
        {name: band[name] for name in ("accept", "retry")} for band in found["threshold_policy"]["bands"]
    ]
    assert [one["bands"] for one in found["threshold_policies"]] == [found["threshold_policy"]["bands"]]
    assert found["evaluation"]["verdict"] == "pass"
    assert [one["voter"] for one in found["votes"]] == ["approver"]


def test_it_says_that_nothing_was_reported_and_replays_nothing(rollout: Guarded) -> None:
    found = document(rollout)

    assert (found["decision"]["reported"], found["decision"]["id"]) == (False, None)
    assert found["replay"]["same_outcome"] is None
    assert found["replay"]["problem"] == "was not reported, so there are no scores to recompute it from."
    assert found["sdk"]["reported"] is None
    assert [one["step"] for one in found["ledger"]] == [
        "frozen",
        "evaluated",
        "requested",
        "vote",
        "approved",
        "started",
        "stage",
    ]


def test_a_subject_of_the_control_arm_got_what_was_live_before(rollout: Guarded) -> None:
    found = document(rollout, Arm.CONTROL)

    assert (found["release"]["name"], found["stage"]["as_expected"]) == ("baseline", True)
    assert "no gate and no approval stand behind it" in found["notes"][0]


def test_a_later_rollback_leaves_the_past_as_it_was(rollout: Guarded) -> None:
    then = timezone.now()
    before = document(rollout, at=then)

    taken_back(rollout.here)

    assert document(rollout, at=then) == before
    assert document(rollout)["release"]["name"] == "baseline"


def test_before_anything_was_live_nobody_can_say_what_decided(rollout: Guarded) -> None:
    found = document(rollout, at=datetime.fromisoformat("2026-09-01T00:00:00Z"))

    assert (found["release"], found["stage"], found["threshold_policy"]) == (None, None, None)
    assert found["notes"] == [
        f"Nothing on record was live on {rollout.here.cast.channel('android')} at that time."
    ]


def test_the_interface_answers_and_names_what_was_reported_near_that_time(rollout: Guarded) -> None:
    made = rollout.reported()
    client = with_token(rollout.here.cast.auditor)

    near = client.get(URL, query(rollout)).json()
    far = client.get(URL, query(rollout, at=(made.at - timedelta(seconds=301)).isoformat())).json()

    assert near["reported_near"] == [str(made.id)]
    assert near["release"]["name"] == "v1"
    assert far["reported_near"] == []


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"at": "yesterday"}, "at"),
        ({"at": "2026-09-01T00:00:00"}, "at"),
        ({"at": "2990-01-01T00:00:00Z"}, "at"),
        ({"subject": ""}, "subject"),
        ({"subject": "x" * 201}, "subject"),
        ({"subject": "a\0b"}, "subject"),
        ({"channel": "android"}, "channel"),
        ({"channel": "00000000-0000-0000-0000-000000000000"}, "channel"),
        ({"who": "me"}, "who"),
    ],
)
def test_a_question_that_means_nothing_is_refused_by_name(
    rollout: Guarded, given: dict[str, str], field: str
) -> None:
    response = with_token(rollout.here.cast.auditor).get(URL, query(rollout, **given))

    assert response.status_code == 400
    assert field in [one["field"] for one in response.json()["errors"]]


def test_a_channel_outside_the_reach_reads_like_one_that_does_not_exist(rollout: Guarded) -> None:
    people = rollout.here.cast

    codes = [
        with_token(account).get(URL, query(rollout)).status_code
        for account in (people.auditor, people.security_reviewer, people.stranger)
    ]

    assert codes == [200, 400, 400]


def test_the_page_says_who_was_to_answer_and_by_which_bands(rollout: Guarded) -> None:
    made = rollout.reported()
    auditor = signed_in(rollout.here.cast.auditor)

    shown = auditor.get("/admin/decisions/", query(rollout)).content.decode()

    assert "v1 revision 1 was to answer this subject, who falls into the candidate arm." in shown
    assert "No decision reported" in shown
    assert "accepts up to 0.5700, asks again up to 0.7282, refuses beyond" in shown
    assert f"?id={made.id}" in shown


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"subject": ""}, "Name the channel, the time and the subject"),
        ({"at": "yesterday"}, "is no time; write it like"),
        ({"channel": ""}, "Name the channel, the time and the subject"),
        ({"channel": "nonsense"}, "None of the channels that you see is the one that was asked for."),
        ({"subject": "a\0b"}, "The subject holds a zero byte"),
        ({"at": "a\0b"}, "is no time; write it like"),
    ],
)
def test_the_page_says_what_is_missing(rollout: Guarded, given: dict[str, str], words: str) -> None:
    shown = signed_in(rollout.here.cast.auditor).get("/admin/decisions/", query(rollout, **given))

    assert words in shown.content.decode()


def test_of_the_first_minutes_of_all_time_nothing_is_known_and_nothing_breaks(rollout: Guarded) -> None:
    asked = query(rollout, at="0001-01-01T00:00:00Z")

    answered = with_token(rollout.here.cast.auditor).get(URL, asked)
    shown = signed_in(rollout.here.cast.auditor).get("/admin/decisions/", asked)

    assert (answered.status_code, answered.json()["release"], shown.status_code) == (200, None, 200)


def test_the_page_offers_a_reviewer_the_own_channel_alone(rollout: Guarded) -> None:
    reviewer = signed_in(rollout.here.cast.security_reviewer)

    shown = reviewer.get("/admin/decisions/", query(rollout)).content.decode()

    assert str(rollout.here.cast.channel("android").pk) not in shown
    assert "None of the channels that you see is the one that was asked for." in shown
    assert "v1 revision 1" not in shown


def test_a_trace_of_a_moment_takes_a_fixed_number_of_queries(rollout: Guarded) -> None:
    channel, subject = rollout.here.cast.channel("android"), rollout.subject(Arm.CANDIDATE)

    with CaptureQueriesContext(connection) as captured:
        trace_document(trace_moment(channel, timezone.now(), subject))

    assert len(captured) == 5, [one["sql"][:90] for one in captured]
