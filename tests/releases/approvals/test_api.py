"""Requests, votes and rules through HTTP."""

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from governance.access.models import Account
from releases.approvals.models import ApprovalRequest, Vote
from tests.factories.approvals import APPROVER, SECURITY_PER_CHANNEL, enacted, requested, voted
from tests.factories.http import signed_in, with_token
from tests.factories.worlds import Prepared

REQUESTS = "/api/v1/approval-requests/"
RULES = "/api/v1/approval-rules/"
RULE = {"key": "two", "title": "Two approvers", "role": "approver", "count": 2}
APPROVE = {"decision": "approve", "reason": "Looked at everything."}


def post(client: Client, path: str, body: dict[str, Any], **headers: str) -> Any:
    return client.post(path, body, content_type="application/json", headers=headers)


def in_session(account: Account) -> Client:
    """A browser that has made its first request, which notes when its person signed in."""
    client = signed_in(account)
    client.get(REQUESTS)
    return client


def votes_of(request: ApprovalRequest) -> str:
    return f"{REQUESTS}{request.id}/votes/"


def test_a_release_is_requested_voted_on_and_read_seat_by_seat(prepared: Prepared) -> None:
    cast = prepared.here.cast
    made = post(with_token(cast.author), REQUESTS, {"release": str(prepared.candidate.release_id)})
    address = f"{REQUESTS}{made.json()['id']}/"
    open_seats = in_session(cast.approver).get(address).json()

    vote = post(in_session(cast.approver), f"{address}votes/", APPROVE)
    after = with_token(cast.auditor).get(address).json()

    assert (made.status_code, vote.status_code) == (201, 201)
    assert open_seats["seats"][0]["eligible"] == ["approver", "approver_two"]
    assert open_seats["may_vote"] == {"allowed": True, "reason": "A seat is open for you: One approver."}
    assert after["state"] == "approved"
    assert after["seats"][0]["vote"]["username"] == "approver"
    assert after["may_vote"]["allowed"] is False
    assert vote.json()["review_digest"] == made.json()["review_digest"]


@pytest.mark.parametrize(
    ("who", "status", "code"),
    [
        ("author", 403, "approver_is_author"),
        ("admin", 403, "approver_is_administrator"),
        ("qa_lead", 403, "no_seat_for_approver"),
        ("security_reviewer", 403, "permission_denied"),
        ("release_manager", 403, "permission_denied"),
        ("stranger", 404, "not_found"),
    ],
)
def test_refused_votes_say_why_and_what_to_do(prepared: Prepared, who: str, status: int, code: str) -> None:
    request = requested(prepared.here, prepared.candidate)

    answer = post(in_session(getattr(prepared.here.cast, who)), votes_of(request), APPROVE)

    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.json()["next_step"]
    assert not Vote.objects.exists()


def test_a_service_and_a_plain_token_do_not_vote(prepared: Prepared) -> None:
    cast = prepared.here.cast
    request = requested(prepared.here, prepared.candidate)

    service = post(with_token(cast.integration), votes_of(request), APPROVE)
    token = post(with_token(cast.approver), votes_of(request), APPROVE)

    assert (service.status_code, service.json()["code"]) == (403, "approver_is_service")
    assert (token.status_code, token.json()["code"]) == (403, "session_needed")


def test_a_repeated_vote_with_one_key_answers_the_same_vote(prepared: Prepared) -> None:
    client = in_session(prepared.here.cast.approver)
    request = requested(prepared.here, prepared.candidate)

    first = post(client, votes_of(request), APPROVE, idempotency_key="v1")
    second = post(client, votes_of(request), APPROVE, idempotency_key="v1")
    other = post(client, votes_of(request), APPROVE | {"decision": "reject"}, idempotency_key="v1")
    without = post(client, votes_of(request), APPROVE)

    assert first.json() == second.json()
    assert (other.status_code, other.json()["code"]) == (409, "idempotency_key_reused")
    assert (without.status_code, without.json()["code"]) == (409, "request_not_open")
    assert Vote.objects.count() == 1


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"decision": "maybe", "reason": "x"}, "decision"),
        ({"decision": "approve"}, "reason"),
        ({"decision": "approve", "reason": ""}, "reason"),
        ({"decision": "approve", "reason": 7}, "reason"),
        (APPROVE | {"role": "approver"}, "role"),
        (APPROVE | {"account": "approver"}, "account"),
    ],
)
def test_a_vote_body_that_does_not_fit_names_its_field(
    prepared: Prepared, body: dict[str, Any], field: str
) -> None:
    request = requested(prepared.here, prepared.candidate)

    answer = post(in_session(prepared.here.cast.approver), votes_of(request), body)

    assert answer.status_code == 400
    assert [error["field"] for error in answer.json()["errors"]] == [field]


def test_a_stale_review_digest_is_a_conflict(prepared: Prepared) -> None:
    request = requested(prepared.here, prepared.candidate)
    body = APPROVE | {"review_digest": "sha256:" + "0" * 64}

    answer = post(in_session(prepared.here.cast.approver), votes_of(request), body)

    assert (answer.status_code, answer.json()["code"]) == (409, "review_changed")


def test_requests_are_listed_within_reach_only(prepared: Prepared) -> None:
    cast = prepared.here.cast
    android = requested(prepared.here, prepared.candidate, "android")

    whole = with_token(cast.auditor).get(REQUESTS).json()["results"]
    one_channel = with_token(cast.security_reviewer).get(REQUESTS).json()["results"]
    nothing = with_token(cast.stranger).get(REQUESTS).json()["results"]
    filtered = with_token(cast.auditor).get(f"{REQUESTS}?state=rejected").json()["results"]

    assert [row["id"] for row in whole] == [str(android.id)]
    assert one_channel == nothing == filtered == []


def test_a_request_that_touches_a_channel_is_read_with_a_grant_on_it(prepared: Prepared) -> None:
    request = requested(prepared.here, prepared.candidate)

    answer = with_token(prepared.here.cast.security_reviewer).get(f"{REQUESTS}{request.id}/")

    assert answer.status_code == 200
    assert answer.json()["may_vote"]["allowed"] is False


def test_a_reviewer_of_one_channel_votes_for_the_seat_there(prepared: Prepared) -> None:
    reviewer = prepared.here.cast.security_reviewer
    enacted(prepared.here.cast, APPROVER, SECURITY_PER_CHANNEL)
    request = requested(prepared.here, prepared.candidate, "android", "mobile_web")

    vote = post(in_session(reviewer), votes_of(request), APPROVE)
    after = in_session(reviewer).get(f"{REQUESTS}{request.id}/").json()

    web = prepared.here.cast.channel("mobile_web")
    assert vote.status_code == 201
    assert [(seat["channel_name"], seat["vote"] and seat["vote"]["username"]) for seat in after["seats"]] == [
        ("", None),
        ("android", None),
        ("mobile_web", "security_reviewer"),
    ]
    assert after["seats"][2]["channel"] == after["rules"]["channels"]["security"][1]["channel"] == str(web.id)
    assert after["reminded_at"] is None


def test_a_request_for_other_channels_is_not_there_for_a_reviewer_of_one(prepared: Prepared) -> None:
    enacted(prepared.here.cast, SECURITY_PER_CHANNEL)
    request = requested(prepared.here, prepared.candidate, "android")

    answer = post(in_session(prepared.here.cast.security_reviewer), votes_of(request), APPROVE)

    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert not Vote.objects.exists()


def test_withdrawing_through_http(prepared: Prepared) -> None:
    request = requested(prepared.here, prepared.candidate)
    path = f"{REQUESTS}{request.id}/withdraw/"

    refused = post(with_token(prepared.here.cast.integration), path, {"reason": "No"})
    done = post(with_token(prepared.here.cast.author), path, {"reason": "A mistake"})

    assert refused.status_code == 403
    assert (done.status_code, done.json()["state"]) == (200, "withdrawn")


def test_a_release_that_one_may_not_see_is_no_release(prepared: Prepared) -> None:
    answer = post(
        with_token(prepared.here.cast.stranger),
        REQUESTS,
        {"release": str(prepared.candidate.release_id)},
    )

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["field"] == "release"


def test_rules_are_proposed_by_one_administrator_and_enacted_by_another(prepared: Prepared) -> None:
    cast = prepared.here.cast
    body = {"system": str(cast.system.id), "rules": [RULE], "reason": "Agreed."}

    proposed = post(in_session(cast.admin), RULES, body)
    confirmed = post(in_session(cast.admin_two), RULES, body | {"proposal": proposed.json()["proposal"]})
    listed = with_token(cast.auditor).get(RULES).json()["results"]
    refused = post(in_session(cast.approver), RULES, body)

    assert (proposed.status_code, confirmed.status_code) == (202, 201)
    assert (confirmed.json()["version"], confirmed.json()["confirmed_by_username"]) == (1, "admin_two")
    assert [row["version"] for row in listed] == [1]
    assert refused.status_code == 403


def queries_of_a_list(client: Client) -> tuple[int, int]:
    """How many rows a list answers and how many queries it takes, once the token's use is noted."""
    client.get(REQUESTS)
    with CaptureQueriesContext(connection) as queries:
        answer = client.get(REQUESTS)
    return len(answer.json()["results"]), len(queries)


def test_listing_requests_takes_no_more_queries_with_more_rows(prepared: Prepared) -> None:
    here = prepared.here
    client = with_token(here.cast.auditor)
    voted(here.cast.approver, requested(here, prepared.candidate, "android"))

    one = queries_of_a_list(client)
    voted(here.cast.approver, requested(here, prepared.candidate, "ios"))
    requested(here, prepared.candidate, "mobile_web")
    three = queries_of_a_list(client)

    assert (one[0], three[0]) == (1, 3)
    assert one[1] == three[1]
