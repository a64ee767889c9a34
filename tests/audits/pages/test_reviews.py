"""Reviews on the pages: what a QA lead looks at, signs and reads again; and two runs side by side."""

from dataclasses import replace
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from audits.answers.gap_kinds import GapKind
from audits.answers.gaps import gaps_visible_to
from audits.pages.attestation_forms import analysis_content, as_fields
from audits.pages.reliability import SIZE, curves_of, said_of
from governance.errors import FieldError, InvalidInput
from releases.bundles.content import content_of
from releases.bundles.models import Revision
from releases.gates.attestations.error_analysis import BUCKETS
from releases.gates.attestations.failures import failures_of
from releases.gates.models import Attestation, GateEvaluation
from releases.gates.queries import latest_evaluation
from tests.audits.pages.browsing import submitted, text_of
from tests.factories.approvals import candidate, evaluated
from tests.factories.attestations import attested
from tests.factories.bundles import CARD, revised
from tests.factories.cast import actor
from tests.factories.http import signed_in
from tests.factories.overrides import newest
from tests.factories.rollouts import live
from tests.factories.worlds import Prepared

EVERYWHERE = ("android", "ios", "mobile_web")
SIGNED = {"acceptable": "yes", "conclusion": "Nothing speaks against it."}
NOTHING = {f"{key}_state": "none_found" for key in BUCKETS}


def run_of(prepared: Prepared) -> GateEvaluation:
    run = latest_evaluation(prepared.candidate)
    assert run is not None
    return run


def reader(prepared: Prepared, name: str = "qa_lead") -> Client:
    return signed_in(getattr(prepared.here.cast, name))


def page_of(revision: Revision) -> str:
    return reverse("admin:releases_release_change", args=[revision.release_id])


def attest_page(revision: Revision, kind: str) -> str:
    return reverse(f"admin:revision_attest_{kind}", args=[revision.pk])


def test_the_release_page_says_what_nobody_reviewed_yet_and_offers_it_to_a_qa_lead(
    prepared: Prepared,
) -> None:
    qa = reader(prepared).get(page_of(prepared.candidate))
    author = reader(prepared, "author").get(page_of(prepared.candidate))

    url = attest_page(prepared.candidate, "error_analysis")
    assert "Error analysis on top failures. Nobody has stated yet" in text_of(qa)
    assert f'href="{url}"' in qa.content.decode()
    assert url not in author.content.decode()
    assert "It takes the role qa lead here." in text_of(author)


def test_a_calibration_review_is_signed_below_the_figures_it_is_about(prepared: Prepared) -> None:
    client = reader(prepared)
    url = attest_page(prepared.candidate, "calibration_review")

    shown = text_of(client.get(url))
    done = submitted(client, url, **SIGNED, how_judged="By the share of errors per decile.")

    made = Attestation.objects.get()
    assert "not declared as probabilities" in shown
    assert "the gate decides again by itself" in text_of(done)
    assert (made.kind, made.acceptable, made.evaluation) == ("calibration_review", True, run_of(prepared))
    assert made.content["figures"]["has_figures"] is False


def test_an_error_analysis_is_signed_below_the_failures_it_is_about(prepared: Prepared) -> None:
    client = reader(prepared)
    url = attest_page(prepared.candidate, "error_analysis")

    shown = text_of(client.get(url))
    done = submitted(client, url, **SIGNED, **NOTHING)
    read = text_of(client.get(reverse("admin:releases_attestation_changelist")))

    assert "What the candidate got wrong" in shown
    assert done.status_code == 200
    assert Attestation.objects.get().content["buckets"]["angle"]["state"] == "none_found"
    assert "Error analysis on top failures" in read


def test_an_analysis_that_does_not_fit_says_it_beside_the_field_and_keeps_what_was_written(
    prepared: Prepared,
) -> None:
    client = reader(prepared)
    url = attest_page(prepared.candidate, "error_analysis")
    wrong = {"blur_state": "found", "blur_count": "1", "blur_seen": "Blurred.", "blur_samples": "elsewhere"}

    answer = submitted(client, url, **{**SIGNED, **NOTHING, **wrong})

    assert answer.status_code == 409
    assert "elsewhere was not evaluated in this run" in text_of(answer)
    assert "Blurred." in answer.content.decode()
    assert not Attestation.objects.exists()


def test_each_of_the_worst_captures_is_placed_beside_it_and_needs_no_copied_id(prepared: Prepared) -> None:
    cast, revision = prepared.here.cast, candidate(prepared.here, "9", accepted_attacks=12)
    client, url = signed_in(cast.qa_lead), attest_page(revision, "error_analysis")
    blur = {"blur_state": "found", "blur_seen": "Motion blur."}
    placed = {f"place_{number}": "blur" for number in range(9)}
    apart = {"place_9": "none_of_these", "saw_9": "A poster in a frame."}

    done = submitted(client, url, **{**SIGNED, **NOTHING, **blur, **placed, **apart})

    content = Attestation.objects.get().content
    worst = [one.sample for one in failures_of(newest(revision)).worst(10)]
    assert "the gate decides again by itself" in text_of(done)
    assert content["buckets"]["blur"]["samples"] == worst[:9]
    assert content["buckets"]["blur"]["count"] == 9
    assert content["unsorted"] == [{"sample": worst[9], "seen": "A poster in a frame."}]


def test_what_is_missing_of_the_worst_is_said_beside_each_of_them(prepared: Prepared) -> None:
    cast, revision = prepared.here.cast, candidate(prepared.here, "9", accepted_attacks=12)
    client, url = signed_in(cast.qa_lead), attest_page(revision, "error_analysis")

    answer = submitted(client, url, **{**SIGNED, **NOTHING, "place_0": "none_of_these"})
    again = submitted(client, url, **{**SIGNED, **NOTHING, "place_0": "none_of_these", "saw_0": "A poster."})

    assert answer.context["form"].errors["saw_0"] == ["Say what you saw"]
    assert set(again.context["form"].errors) == {"__all__", *(f"place_{number}" for number in range(1, 10))}


def test_an_id_with_colons_is_read_whole_and_a_line_without_words_is_named_by_its_number() -> None:
    fields = {f"{key}_{part}": "" for key in BUCKETS for part in ("state", "seen", "samples")}
    given = {**fields, **{f"{key}_count": None for key in BUCKETS}}
    given["unsorted"] = "s3://b/1.mov: A poster.\n\ns3://b/2.mov\nk:3:a frame\ns3://b/4.mov:"

    content = analysis_content(given, ["k:3"])
    refusal = InvalidInput(
        "It does not fit.",
        field_errors=tuple(FieldError(f"content.unsorted[{place}].seen", "too short") for place in (1, 3)),
    )

    assert content["unsorted"] == [
        {"sample": "s3://b/1.mov", "seen": "A poster."},
        {"sample": "s3://b/2.mov", "seen": ""},
        {"sample": "k:3", "seen": "a frame"},
        {"sample": "s3://b/4.mov", "seen": ""},
    ]
    assert as_fields(refusal, given, ["k:3"]).field_errors == (
        FieldError("unsorted", "lines 3, 5: say what you saw"),
    )


@pytest.mark.parametrize("kind", ["calibration_review", "error_analysis"])
@pytest.mark.parametrize("name", ["author", "auditor"])
def test_whoever_may_not_sign_reads_why_in_place_of_the_form(
    prepared: Prepared, kind: str, name: str
) -> None:
    page = reader(prepared, name).get(attest_page(prepared.candidate, kind))

    assert "You cannot sign this. " in text_of(page)
    assert "It takes the role qa lead here." in text_of(page)
    assert "Sign the " not in text_of(page)


@pytest.mark.parametrize("kind", ["calibration_review", "error_analysis"])
@pytest.mark.parametrize("name", ["author", "approver", "auditor"])
def test_the_forms_refuse_whoever_may_not_sign(prepared: Prepared, kind: str, name: str) -> None:
    answer = submitted(
        reader(prepared, name),
        attest_page(prepared.candidate, kind),
        **SIGNED,
        **NOTHING,
        how_judged="By eye.",
        act_key="one",
    )

    assert answer.status_code == 409
    assert not Attestation.objects.exists()


def test_a_stranger_finds_no_form_and_no_review(prepared: Prepared) -> None:
    made = attested(prepared.here.cast, run_of(prepared), "calibration_review")
    stranger = reader(prepared, "stranger")

    pages = [
        attest_page(prepared.candidate, "calibration_review"),
        reverse("admin:releases_attestation_change", args=[made.pk]),
        reverse("admin:evaluation_compare", args=[run_of(prepared).pk]),
    ]
    assert [stranger.get(page).status_code for page in pages] == [404, 404, 404]


def test_a_review_is_read_with_its_conclusion_and_who_signed_it(prepared: Prepared) -> None:
    made = attested(prepared.here.cast, run_of(prepared), "error_analysis", acceptable=False)
    client = reader(prepared, "auditor")

    page = text_of(client.get(reverse("admin:releases_attestation_change", args=[made.pk])))
    brief = text_of(client.get(reverse("admin:review", args=[prepared.candidate.pk])))
    release = text_of(client.get(page_of(prepared.candidate)))

    assert "revision 1: not acceptable." in page
    assert "What stands behind the failures" in page
    assert "Not acceptable Error analysis on top failures" in brief
    assert "Error analysis: not acceptable" in release


def test_two_runs_are_compared_by_what_changed(prepared: Prepared) -> None:
    first = run_of(prepared)
    attested(prepared.here.cast, first, "error_analysis")
    second = evaluated(prepared.here.cast, prepared.candidate)
    client = reader(prepared, "auditor")

    page = text_of(client.get(reverse("admin:evaluation_compare", args=[second.pk])))
    nothing = text_of(client.get(reverse("admin:evaluation_compare", args=[first.pk])))
    odd = client.get(reverse("admin:evaluation_compare", args=[second.pk]), {"with": "tomorrow"})

    assert "Both runs say pass." in page
    assert "Changed since: what was attested." in page
    assert "Came out the same, figure by figure" in page
    assert "There is no earlier run of v1." in nothing
    assert odd.status_code == 404


def test_a_review_of_an_older_revision_than_the_live_one_is_a_gap_until_it_is_made_anew(
    prepared: Prepared,
) -> None:
    people = prepared.here.cast
    attested(people, run_of(prepared), "error_analysis")
    content = replace(content_of(prepared.candidate), card={**CARD, "why": "Said better."})
    second = revised(people, prepared.candidate, content)
    run = evaluated(people, second)
    live(prepared.here, second, *EVERYWHERE)

    (stale,) = [
        one for one in gaps_visible_to(actor(people.auditor)) if one.kind is GapKind.ATTESTATION_STALE
    ]
    board = text_of(reader(prepared).get(reverse("admin:gaps")))
    attested(people, run, "error_analysis")
    closed = [one.kind for one in gaps_visible_to(actor(people.auditor))]

    assert stale.found == ("the error analysis on top failures is of revision 1, and revision 2 is live")
    assert "Review it anew" in board
    assert GapKind.ATTESTATION_STALE not in closed


def arm(**changes: Any) -> dict[str, Any]:
    point = {"mean_probability": 0.25, "observed_rate": 0.5, "lower": 0.25, "upper": 0.75}
    return {"name": "Candidate", "n": 30, "ece": 0.25, "brier": 0.1, "curve": [point], "why": "", **changes}


def test_the_reliability_curve_lies_where_its_numbers_say_and_the_candidate_on_top() -> None:
    curves = curves_of([arm(), arm(name="live"), arm(name="silent", curve=[], ece=None, why="No scores.")])

    assert [(curve.name, curve.look) for curve in curves] == [("live", "live"), ("Candidate", "candidate")]
    point = curves[1].points[0]
    assert (point.x, point.y, point.top, point.bottom) == (SIZE / 4, SIZE / 2, SIZE / 4, 3 * SIZE / 4)
    assert said_of([arm(), arm(name="silent", ece=None, why="No scores.")]) == (
        "Candidate: expected calibration error 25.0 %, Brier score 0.100, 30 captures; silent: No scores."
    )
