"""Gaps of no one release, or of what a live one is made of: parts, policies, drills, stamps."""

from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import Settings

from audits.answers.gap_kinds import GapKind
from audits.answers.gap_metrics import gap_metrics
from audits.answers.gaps import Gap, gaps_visible_to
from audits.answers.policies import Policies
from governance.access.models import Account
from governance.actors import task_actor
from governance.registry.components import revoke_component
from governance.registry.models import ComponentVersion
from governance.registry.services import register_channel
from releases.bundles.content import content_of
from releases.bundles.models import Revision
from releases.gates.policies.services import draft_policy, lock_policy
from releases.monitoring.replaying.services import give_up_replay
from releases.rollouts.models import Drill, DrillState
from tests.audits.trace.decisions import guarded
from tests.factories.approvals import World, candidate, criteria, evaluated, requested, voted
from tests.factories.bundles import revised
from tests.factories.cast import actor, system_with_channels
from tests.factories.http import signed_in, with_token
from tests.factories.rollouts import held, paused, started, through
from tests.factories.worlds import Prepared

UNKNOWN = "sha256:" + "f" * 64


def open_now(account: Account) -> dict[GapKind, Gap]:
    return {gap.kind: gap for gap in gaps_visible_to(actor(account))}


def text(account: Account, kind: GapKind) -> str:
    found = open_now(account)
    return found[kind].found if kind in found else ""


def test_a_revoked_part_of_what_is_live_is_a_gap_with_the_reason(prepared: Prepared) -> None:
    people = prepared.here.cast
    fusion = prepared.here.baseline.slots.get(slot="fusion").component
    before = text(people.auditor, GapKind.REVOKED_COMPONENT_LIVE)
    revoke_component(actor(people.security_all), component=fusion, reason="It overflows.")

    gap = open_now(people.auditor)[GapKind.REVOKED_COMPONENT_LIVE]

    assert before == ""
    assert gap.found == "fusion_0 was revoked: It overflows."
    assert gap.revision == prepared.here.baseline
    assert len(gap.channels) == 3
    fusion.refresh_from_db()
    assert gap.since == fusion.status_changed_at


def test_a_revoked_part_of_what_answers_some_people_is_a_gap_too(prepared: Prepared) -> None:
    people, rollout = prepared.here.cast, guarded(prepared)
    model = prepared.candidate.slots.get(slot="model").component
    revoke_component(actor(people.security_all), component=model, reason="It overflows.")

    gap = open_now(people.auditor)[GapKind.REVOKED_COMPONENT_LIVE]
    paused(prepared.here, held(prepared.here, rollout.rollout))

    assert (gap.revision, [one.name for one in gap.channels]) == (prepared.candidate, ["android"])
    assert GapKind.REVOKED_COMPONENT_LIVE not in open_now(people.auditor)


def test_a_revoked_part_that_is_live_nowhere_is_none(prepared: Prepared) -> None:
    people = prepared.here.cast
    model = ComponentVersion.objects.get(kind="model", version="1")
    revoke_component(actor(people.security_all), component=model, reason="It overflows.")

    assert GapKind.REVOKED_COMPONENT_LIVE not in open_now(people.auditor)


def test_a_stamp_of_no_release_is_a_gap_of_its_channel_until_a_day_has_passed(prepared: Prepared) -> None:
    rollout = guarded(prepared)
    rollout.reported()
    people = prepared.here.cast
    before = text(people.auditor, GapKind.UNKNOWN_STAMPS)
    strange = rollout.reported(stamp=UNKNOWN)

    gap = open_now(people.auditor)[GapKind.UNKNOWN_STAMPS]
    with time_machine.travel(timezone.now() + timedelta(hours=25), tick=True):
        later = text(people.auditor, GapKind.UNKNOWN_STAMPS)

    shown = signed_in(people.auditor).get("/admin/gaps/").content.decode()
    assert (before, later) == ("", "")
    assert gap.found == "1 of the newest 2 decisions carries a stamp that no release of the system has"
    assert (gap.revision, [one.name for one in gap.channels]) == (None, ["android"])
    assert f"?id={strange.id}" in shown
    assert text(people.security_reviewer, GapKind.UNKNOWN_STAMPS) == ""


def test_a_gap_of_no_release_is_answered_with_its_system_alone(prepared: Prepared) -> None:
    guarded(prepared).reported(stamp=UNKNOWN)
    client = with_token(prepared.here.cast.auditor)

    (row,) = client.get("/api/v1/gaps/", {"kind": "unknown_stamps"}).json()["results"]

    assert row["system"] == str(prepared.here.cast.system.pk)
    assert (row["release"], row["revision"], row["release_name"]) == (None, None, None)
    assert row["owner_role"] == "release_manager"


def judged_by_a_later_policy(here: World) -> Revision:
    """The world's candidate once more, frozen and judged after another policy was locked on known scores."""
    scored = candidate(here, "9")
    later = draft_policy(
        actor(here.cast.qa_lead), system=here.cast.system, name="later", criteria=criteria(here.baseline)
    )
    lock_policy(actor(here.cast.qa_lead), policy=later)
    same = content_of(scored)
    again = revised(here.cast, scored, replace(same, card={**same.card, "why": "Once more."}))
    evaluated(here.cast, again)
    return again


def test_scores_that_came_before_the_lock_are_a_gap_of_what_went_live_on_them(prepared: Prepared) -> None:
    here = prepared.here
    revision = judged_by_a_later_policy(here)
    voted(here.cast.approver, requested(here, revision, "android"), acknowledge=["not_preregistered"])
    rollout = started(here, revision)
    before = text(here.cast.auditor, GapKind.POLICY_NOT_LOCKED)
    through(here, rollout)

    gap = open_now(here.cast.auditor)[GapKind.POLICY_NOT_LOCKED]

    assert before == ""
    assert (gap.revision, [one.name for one in gap.channels]) == (revision, ["android"])
    assert gap.found == "it was judged by a policy that was locked after its scores came"


def test_whoever_has_a_drill_channel_rehearses_within_half_a_year(prepared: Prepared) -> None:
    people = prepared.here.cast
    register_channel(actor(people.admin), system=people.system, name="drill", kind="android", drill=True)
    early = text(people.auditor, GapKind.DRILL_OVERDUE)

    with time_machine.travel(timezone.now() + timedelta(days=181), tick=True):
        late = open_now(people.auditor)[GapKind.DRILL_OVERDUE]
        of_reviewer = text(people.security_reviewer, GapKind.DRILL_OVERDUE)

    assert early == ""
    assert late.found == "no drill of a rollback is on record; one is due every 180 days"
    assert [one.name for one in late.channels] == ["drill"]
    assert of_reviewer == ""


def test_a_completed_drill_counts_and_a_failed_one_does_not(prepared: Prepared) -> None:
    people, now = prepared.here.cast, timezone.now()
    channel = register_channel(
        actor(people.admin), system=people.system, name="drill", kind="android", drill=True
    )
    deployment = prepared.here.baseline.deployments.get(channel__name="android")
    made = {"channel": channel, "drilled": deployment, "target": deployment, "reason": "Rehearsed."}
    made |= {"started_by_username": "release_manager", "started_at": now}
    Drill.objects.create(**made, state=DrillState.COMPLETED, ended_at=now + timedelta(days=90))
    Drill.objects.create(**made, state=DrillState.FAILED, ended_at=now + timedelta(days=265))

    with time_machine.travel(now + timedelta(days=269), tick=True):
        within = text(people.auditor, GapKind.DRILL_OVERDUE)
    with time_machine.travel(now + timedelta(days=271), tick=True):
        after = text(people.auditor, GapKind.DRILL_OVERDUE)

    assert within == ""
    assert after.startswith("the last drill ended on ")


def test_a_policy_that_asks_for_drills_says_how_often() -> None:
    system = uuid4()
    asks = Policies(
        {system: [("completeness", {"max_drill_age_days": 90}), ("attestation", {"attestation": "x"})]}
    )

    assert (asks.drill_days(system), Policies({}).drill_days(system)) == (90, None)
    assert asks.attestation_days(system, "x") is None


def test_replays_that_were_given_up_are_a_gap_of_their_channel(prepared: Prepared) -> None:
    made = guarded(prepared).reported()
    auditor = prepared.here.cast.auditor
    before = text(auditor, GapKind.REPLAYS_GIVEN_UP)
    give_up_replay(task_actor("test"), batch=made.batch, problem="It breaks.")

    gap = open_now(auditor)[GapKind.REPLAYS_GIVEN_UP]

    assert before == ""
    assert gap.found == "the replay of 1 report was given up: It breaks."
    assert [one.name for one in gap.channels] == ["android"]
    assert text(prepared.here.cast.security_reviewer, GapKind.REPLAYS_GIVEN_UP) == ""


def test_the_metric_counts_gaps_by_kind_and_system_and_shows_zeros(
    prepared: Prepared, settings: Settings
) -> None:
    settings.METRICS_TOKEN = "only-the-scraper"

    shown = "\n".join(line for metric in gap_metrics() for line in metric.lines())

    slug = prepared.here.cast.system.slug
    assert f'countersign_gaps{{kind="release_adopted",system="{slug}"}} 1' in shown
    assert f'countersign_gaps{{kind="revoked_component_live",system="{slug}"}} 0' in shown


def test_where_anybody_reads_the_metric_it_tells_of_no_system(prepared: Prepared) -> None:
    shown = signed_in(prepared.here.cast.stranger).get("/metrics").content.decode()

    assert 'countersign_gaps{kind="release_adopted"} 1' in shown
    assert 'countersign_gaps{kind="revoked_component_live"} 0' in shown
    assert prepared.here.cast.system.slug not in shown


def test_gaps_of_more_systems_take_no_more_queries(prepared: Prepared) -> None:
    auditor = actor(prepared.here.cast.auditor)
    rollout = guarded(prepared)
    rollout.reported(stamp=UNKNOWN)
    with CaptureQueriesContext(connection) as few:
        gaps_visible_to(auditor)
    system_with_channels("branch-liveness", ("kiosk",))
    rollout.reported(stamp="never-frozen")

    with CaptureQueriesContext(connection) as many:
        gaps_visible_to(auditor)

    assert len(many) <= len(few) <= 24, [one["sql"][:90] for one in few]
