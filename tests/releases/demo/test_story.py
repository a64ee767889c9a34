"""The demo's story comes out as its sources say, and its past is marked as simulated."""

import json
from datetime import timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.utils import timezone
from pytest_django import Settings

from audits.pages.rollout_back import landing_words
from audits.trace.queries import trace_decision
from governance.access.models import ApiToken, Grant
from governance.access.services import hash_token
from governance.ledger.models import Entry
from governance.notifications.delivering import send_delivery
from governance.notifications.models import Delivery
from governance.registry.models import Channel, ComponentVersion
from releases.approvals.models import ApprovalRequest, Vote
from releases.approvals.queries import seats
from releases.bundles.arms import Arm
from releases.bundles.queries import live_revision
from releases.demo.live_traffic import PEOPLE, Client, one_round, services
from releases.demo.people import PASSWORD
from releases.gates.attestations.queries import is_decided_on_attestations, standing_attestations
from releases.gates.models import GateEvaluation
from releases.gates.queries import evaluation_document
from releases.monitoring.decisions.models import Decision
from releases.monitoring.drift.planning import without_a_review_ahead
from releases.monitoring.heartbeats.models import Heartbeat
from releases.monitoring.incidents.models import Incident
from releases.monitoring.incidents.queries import overdue_follow_ups
from releases.monitoring.triggers.models import TriggerStatus
from releases.monitoring.windows.models import Window
from releases.rollouts.models import Deployment, Rollback
from releases.rollouts.readings import last_reading
from tests.browser.conftest import SIZES, Visitor
from tests.releases.demo.calendars import calendar_of, moved_of
from tests.releases.demo.inboxes import FIRST_SEEN, first_seen
from tests.releases.demo.lines import LINES, VERDICTS, Expected, line_of, newest


@pytest.mark.parametrize(("release", "verdict"), VERDICTS)
def test_each_release_gets_its_verdict(demo: Path, release: str, verdict: str) -> None:
    evaluation = newest(release)

    assert evaluation.verdict == verdict
    assert evaluation.preregistered is True


@pytest.mark.parametrize("expected", LINES, ids=lambda line: f"{line.release}-{line.stratum}")
def test_the_lines_that_decide_have_the_published_numbers(demo: Path, expected: Expected) -> None:
    line = line_of(expected.release, expected.criterion, expected.baseline, expected.stratum)

    assert line["verdict"] == expected.verdict
    assert (line["n"], line["b"], line["c"]) == (expected.n, expected.b, expected.c)
    assert round(100 * line["upper"], 1) == expected.upper
    assert expected.lower is None or round(100 * line["lower"], 1) == expected.lower


def test_release_2_waited_for_its_reviews_alone(demo: Path) -> None:
    first, again = GateEvaluation.objects.filter(release__name="quality_rbf").order_by("requested_at")

    open_lines = {row["key"] for row in first.result["criteria"] if row["verdict"] != "pass"}
    assert (first.verdict, open_lines) == ("inconclusive", {"calibration_review", "error_analysis"})
    assert (again.verdict, again.result["earlier_runs"]) == ("pass", 0)
    assert [one.kind for one in standing_attestations(again.revision)] == [
        "calibration_review",
        "error_analysis",
    ]
    assert is_decided_on_attestations(again.revision)


def test_what_would_settle_a_line_is_said(demo: Path) -> None:
    settled = line_of("auxiliary_type_i_and_ii", "bpcer_live", "quality_rbf", "skin_tone_5")
    hopeless = line_of("auxiliary_type_i_and_ii", "bpcer_live", "quality_rbf", "skin_tone_6")

    assert settled["needs"].startswith("needs 37 more subjects")
    assert hopeless["needs"] == "more data will not pass this"


def test_the_failing_line_carries_its_whole_evidence(demo: Path) -> None:
    line = line_of("auxiliary", "bpcer_live", "quality_rbf", "skin_tone_6")
    evaluation = newest("auxiliary")
    document = evaluation_document(evaluation)

    assert (line["a"], line["b"], line["c"], line["d"]) == (5, 21, 3, 58)
    assert line["method"] == "tango_n_eff"
    assert 0 < line["n_eff"] < line["n"]
    assert document["result_digest"] == evaluation.result_digest
    assert json.dumps(document, default=str).count("sha256:") >= 5


def test_each_channel_is_served_by_what_the_story_says(demo: Path) -> None:
    live = {
        channel.name: getattr(getattr(live_revision(channel), "release", None), "name", None)
        for channel in Channel.objects.all()
    }

    assert live == {
        "android": "quality_rbf",
        "desktop_web": "quality_linear",
        "ios": "quality_linear",
        "kiosk": "kiosk-as-found",
        "mobile_web": "quality_linear",
        "web_drill": None,
    }


def test_one_rollout_is_guarded_and_one_is_held(demo: Path) -> None:
    rows = Deployment.objects.filter(approval__isnull=False)

    assert set(rows.values_list("channel__name", "state", "stage", "stage_number")) == {
        ("android", "live", "general", 7),
        ("ios", "rolling_out", "guarded", 5),
        ("mobile_web", "rolled_back", "segment_monitoring", 6),
        ("desktop_web", "held", "guarded", 4),
    }


def test_decisions_on_record_are_what_their_arms_and_their_scores_give(demo: Path) -> None:
    decided = Decision.objects.exclude(outcome="error").order_by("at", "id")
    traces = [trace_decision(decision) for decision in decided[::1000]]

    assert {trace.replay.same for trace in traces} == {True}
    assert {trace.placed.arm for trace in traces if trace.placed} == set(Arm)
    assert {trace.placed is not None and trace.placed.as_expected for trace in traces} == {True}
    assert {trace.sdk.not_of_release for trace in traces} == {False}


def test_a_trigger_took_the_release_back_on_its_figures(demo: Path) -> None:
    rollback = Rollback.objects.get(rolled_back_by_username="engine", triggers=["error_rate"])
    fired = TriggerStatus.objects.get(deployment=rollback.deployment, key="error_rate")

    assert rollback.reason.endswith(fired.sentence)
    assert (fired.readings.count() > 4, "this past is staged" in landing_words(rollback)) == (True, True)


def test_a_trigger_holds_what_became_slow_and_another_only_looks_on(demo: Path) -> None:
    held, on_ios = (
        Deployment.objects.get(channel__name=name, approval__isnull=False) for name in ("desktop_web", "ios")
    )
    asking = TriggerStatus.objects.exclude(action="").filter(deployment__in=[held, on_ios])

    assert set(asking.values_list("deployment__channel__name", "key", "action")) == {
        ("desktop_web", "p95_latency", "hold"),
        ("ios", "p95_latency_tighter", "rollback"),
    }
    assert held.held_reason.startswith("Held by monitoring. p95_latency: ")


def test_what_is_on_its_way_was_just_looked_at_and_lacks_only_time(demo: Path) -> None:
    on_ios = Deployment.objects.select_related("reading").get(channel__name="ios", state="rolling_out")
    reading = last_reading(on_ios)

    assert reading is not None
    assert {check.check for check in reading.open_checks} <= {"criteria"}
    assert Window.objects.filter(deployment=on_ios, arm="candidate").exists()


def test_one_incident_came_to_nothing_and_one_left_something_to_do(demo: Path) -> None:
    dismissed = Incident.objects.get(status="dismissed")
    confirmed = Incident.objects.get(status="confirmed")

    assert (dismissed.channel.name, dismissed.status_changed_by_username) == ("ios", "security_all")
    assert (confirmed.channel.name, confirmed.missed_by) == ("mobile_web", "apcer_benchmark")
    assert confirmed.report_filed_at is not None
    assert [todo.owner_username for todo in overdue_follow_ups(timezone.now())] == ["qa_lead"]


def test_of_the_reviews_after_the_launch_one_is_done_and_one_is_due(demo: Path) -> None:
    assert calendar_of("quality_rbf") == ["done by qa_lead", "due", "ahead", "ahead"]
    assert calendar_of("quality_linear") == ["done by qa_lead", "ahead", "ahead"]
    assert calendar_of("kiosk-as-found") == ["due", "ahead", "ahead"]
    assert not without_a_review_ahead().exists()
    assert moved_of("quality_rbf") == moved_of("quality_linear") == []


def test_a_request_with_a_real_deadline_waits_for_the_manager(demo: Path) -> None:
    request = ApprovalRequest.objects.get(state="open")
    waiting = [seat for seat in seats(request) if seat.vote is None]

    assert request.deadline_at > timezone.now()
    assert [(seat.role, seat.eligible) for seat in waiting] == [("approver", ("manager",))]


def test_the_past_is_marked_and_lies_in_the_past(demo: Path) -> None:
    simulated = Entry.objects.filter(document__simulated=True)
    real = Entry.objects.filter(document__simulated__isnull=True)

    assert simulated.latest("at").at < timezone.now()
    assert set(real.values_list("document__type", flat=True)) == {
        "approval.requested",
        "vote.cast",
        "token.issued",
    }


def test_what_the_package_does_not_ship_is_declared(demo: Path) -> None:
    kinds = set(ComponentVersion.objects.filter(digest_kind="declared").values_list("kind", flat=True))

    assert kinds == {"model", "sdk", "dataset"}


def test_the_sole_administrator_stands_in_the_grants(demo: Path) -> None:
    assert set(Grant.objects.filter(role="approver").values_list("sole_administrator", flat=True)) == {True}


def test_tokens_of_all_accounts_are_written_to_a_private_file(demo: Path) -> None:
    file = demo / ".local" / "demo-tokens.json"
    tokens = json.loads(file.read_text())

    hashes = {hash_token(secret) for secret in tokens.values()}

    assert file.stat().st_mode & 0o077 == 0
    assert len(tokens) == 9
    assert set(ApiToken.objects.values_list("secret_hash", flat=True)) == hashes


def test_seeding_again_changes_nothing(demo: Path) -> None:
    before = Entry.objects.count()
    said = StringIO()

    call_command("seed_demo", stdout=said)

    assert "already" in said.getvalue()
    assert Entry.objects.count() == before


def test_both_commands_are_refused_outside_the_demo(demo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "DEMO", False)

    with pytest.raises(CommandError, match="refused"):
        call_command("seed_demo")
    with pytest.raises(CommandError, match="refused"):
        call_command("demo_traffic", "http://127.0.0.1:1")


def test_only_what_is_open_now_is_mailed(demo: Path) -> None:
    mailed = Delivery.objects.values_list("notification__event", "notification__account__username")

    assert set(mailed) == {
        ("approval.requested", "manager"),
        ("approval.requested", "security_all"),
        ("approval.requested", "security_web"),
    }


@pytest.mark.browser
@pytest.mark.parametrize(("person", "headline", "first"), FIRST_SEEN, ids=[row[0] for row in FIRST_SEEN])
def test_each_person_finds_their_own_work_first(
    visit: Visitor, person: str, headline: str, first: str
) -> None:
    here = visit("desktop")
    here.sign_in(person, PASSWORD)

    at_the_desk = first_seen(here, first)
    here.page.set_viewport_size({"width": SIZES["phone"][0], "height": SIZES["phone"][1]})
    on_the_phone = first_seen(here, first)

    assert at_the_desk == (headline, True, 0)
    assert on_the_phone == (headline, True, 0)
    assert here.errors == []


@pytest.mark.browser
def test_the_link_of_a_mail_leads_to_the_vote_in_two_clicks_after_signing_in(
    demo: Path, visit: Visitor, settings: Settings
) -> None:
    settings.EMAIL_BACKEND = "governance.notifications.mailbox.MailboxBackend"
    send_delivery(Delivery.objects.get(notification__account__username="manager").id)
    here = visit("phone")
    here.open("/demo/mailbox/?to=manager")
    here.page.click("text=Your vote on quality_rbf")
    here.page.click("text=Follow the mail's link")
    here.fill_login("manager", PASSWORD)

    here.page.click('.cs-bar >> role=link[name="Approve"]')
    here.page.fill("#cs-dialog textarea", "The certificate is renewed; the evidence is unchanged.")
    here.page.click("#cs-dialog button[type=submit]")
    here.page.wait_for_selector("text=You approved quality_rbf.")

    vote = Vote.objects.latest("cast_at")
    assert (vote.username, vote.decision, vote.request.state) == ("manager", "approve", "approved")
    assert here.errors == []


def test_demo_traffic_goes_on_by_what_the_interface_answers(demo: Path, server: str) -> None:
    token = json.loads((demo / ".local" / "demo-tokens.json").read_text())["integration"]
    running = services(Client(server, token))
    taken = one_round(running[0].client, running)

    traces = [trace_decision(decision) for decision in Decision.objects.order_by("-received_at")[:taken]]
    assert {service.name for service in running} == set(PEOPLE)
    assert taken >= sum(PEOPLE.values())
    assert {trace.placed is not None and trace.placed.as_expected for trace in traces} == {True}
    assert Heartbeat.objects.filter(instance="ios-a", received_at__gt=timezone.now() - timedelta(minutes=1))
