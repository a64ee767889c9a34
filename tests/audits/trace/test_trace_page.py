"""Decision search: the id leads to the trace; what is wrong with an id says what to do."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from audits.pages.band_axis import band_axis, number
from releases.bundles.arms import Arm
from releases.scores.bands import Band
from releases.statistics.thresholds import Polarity
from tests.audits.trace.decisions import Guarded
from tests.factories.http import signed_in

URL = "/admin/decisions/"


@pytest.fixture
def auditor(rollout: Guarded) -> Client:
    """The auditor at a session."""
    return signed_in(rollout.here.cast.auditor)


def page(client: Client, query: str) -> str:
    answer = client.get(f"{URL}?id={query}")
    assert answer.status_code == 200
    return answer.content.decode()


def test_the_lead_says_outcome_score_limit_and_policy(rollout: Guarded, auditor: Client) -> None:
    shown = page(auditor, str(rollout.reported().id))

    assert "the score 0.8000 is above the retry limit 0.7282 of policy_risk_a_0." in shown
    assert "Replay: same outcome" in shown
    assert "The subject was in the candidate arm of the guarded stage of v1 on android." in shown


@pytest.mark.parametrize(
    ("scores", "outcome", "words"),
    [
        ((0.3, 0.1), "accept", "the score 0.2000 is within the accept limit 0.5700"),
        (
            (0.6, 0.7),
            "retry",
            "the score 0.6500 is above the accept limit 0.5700 and within the retry limit 0.7282",
        ),
    ],
)
def test_each_outcome_has_its_sentence(
    rollout: Guarded, auditor: Client, scores: tuple[float, float], outcome: str, words: str
) -> None:
    given = {"depth": scores[0], "texture": scores[1]}

    shown = page(auditor, str(rollout.reported(scores=given, outcome=outcome, band=outcome).id))

    assert words in shown


def test_another_outcome_than_the_policys_stands_in_the_lead(rollout: Guarded, auditor: Client) -> None:
    shown = page(auditor, str(rollout.reported(outcome="accept", band="accept").id))

    assert "so it should have been refused." in shown
    assert "Replay: another outcome" in shown


def test_an_adopted_release_and_an_unknown_stamp_say_what_is_missing(
    rollout: Guarded, auditor: Client
) -> None:
    adopted = page(auditor, str(rollout.reported(Arm.STABLE).id))
    unknown = page(auditor, str(rollout.reported(stamp="never-frozen").id))

    assert "no gate and no approval stand behind it" in adopted
    assert "its stamp belongs to no release on record." in unknown


def test_an_error_and_an_sdk_of_another_release_are_said(rollout: Guarded, auditor: Client) -> None:
    shown = page(
        auditor, str(rollout.reported(outcome="error", band="", scores={}, sdk="1.0.0", latency_ms=0).id)
    )

    assert "it cannot be replayed: it ended with an error" in shown
    assert "which is not of this release (android_sdk_2.3.0 is)" in shown


@pytest.mark.parametrize(
    "asked", ["abc", "%00", "<script>", "9" * 400, "01a206f8-6810-7ac5-9784-03298b86e97"]
)
def test_what_is_no_id_says_how_ids_look(auditor: Client, asked: str) -> None:
    shown = page(auditor, asked)

    assert "This is no id of a decision" in shown
    assert "<script>" not in shown.split('name="id"')[1].split(">")[0]


def test_an_id_outside_the_reach_reads_like_one_that_is_nobodys(rollout: Guarded) -> None:
    made = rollout.reported()
    reviewer = signed_in(rollout.here.cast.security_reviewer)

    outside = page(reviewer, str(made.id))
    nowhere = page(reviewer, "0" * 32)

    assert "No decision with this id was reported on a channel that you see." in outside
    assert "No decision with this id was reported on a channel that you see." in nowhere
    assert "policy_risk_a_0" not in outside


def test_without_an_id_the_newest_decisions_stand_there(rollout: Guarded, auditor: Client) -> None:
    made = rollout.reported()

    shown = auditor.get(URL).content.decode()

    assert f"?id={made.id}" in shown
    assert str(made.id) not in signed_in(rollout.here.cast.security_reviewer).get(URL).content.decode()


def test_more_decisions_take_no_more_queries(rollout: Guarded, auditor: Client) -> None:
    rollout.reported()
    auditor.get(URL)

    with CaptureQueriesContext(connection) as few:
        auditor.get(URL)
    rollout.reported(Arm.CONTROL)
    rollout.reported(Arm.STABLE)
    with CaptureQueriesContext(connection) as many:
        auditor.get(URL)

    assert len(many) == len(few)


def test_the_axis_puts_bands_and_score_where_they_are() -> None:
    axis = band_axis(Band(accept=0.978), Polarity.HIGHER_IS_ATTACK, 0.9858)

    assert [zone.look for zone in axis.zones] == ["accept", "reject"]
    assert axis.zones[0].width == axis.cuts[0].x < axis.score.x
    assert axis.score.label == "this decision: 0.9858"
    assert axis.score.more == "0.0078 above accept"
    assert axis.label == "Score axis: accept ≤ 0.9780, else reject; this decision at 0.9858."


def test_where_high_scores_mean_genuine_the_axis_is_the_other_way_round() -> None:
    axis = band_axis(Band(accept=0.9, retry=0.6), Polarity.HIGHER_IS_BONA_FIDE, 0.7)

    assert [zone.look for zone in axis.zones] == ["reject", "retry", "accept"]
    assert [cut.label for cut in axis.cuts] == ["accept ≥ 0.9000", "retry ≥ 0.6000"]


scores = st.floats(-1e6, 1e6, allow_nan=False)


@given(accept=scores, retry=st.none() | scores, score=scores)
def test_every_position_lies_on_the_picture(accept: float, retry: float | None, score: float) -> None:
    axis = band_axis(Band(accept=accept, retry=retry), Polarity.HIGHER_IS_ATTACK, score)

    places = [axis.score.x, *(cut.x for cut in axis.cuts), *(tick.x for tick in axis.ticks)]
    assert all(0 <= place <= 100 for place in places)
    assert sum(zone.width for zone in axis.zones) == pytest.approx(100, abs=0.1)


def test_numbers_have_four_decimals_and_a_real_minus() -> None:
    assert number(-0.5) == "−0.5000"
