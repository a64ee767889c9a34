"""Gaps of no one release, or of what a live one is made of: parts, policies, drills, stamps, the ledger."""

from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from audits.answers import probing
from audits.answers.gap_kinds import GapKind
from audits.answers.gaps import Gap, gaps_visible_to
from audits.answers.policies import Policies
from governance.access.granting import revoke_grant
from governance.access.models import Account, Grant
from governance.actors import acting_as, task_actor
from governance.ledger.entries import append_entry
from governance.ledger.nightly import STREAM
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
from tests.factories.rollouts import started, through
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


def test_one_administrator_alone_is_a_gap_that_auditors_and_administrators_see(prepared: Prepared) -> None:
    people = prepared.here.cast
    before = text(people.auditor, GapKind.SOLE_ADMINISTRATOR)
    second = Grant.objects.get(account=people.admin_two, role="administrator")
    revoke_grant(actor(people.admin), grant=second, reason="Left the company.")

    gap = open_now(people.auditor)[GapKind.SOLE_ADMINISTRATOR]

    assert before == ""
    assert gap.found == "admin alone administers the installation"
    assert (gap.system, gap.revision, gap.channels) == (None, None, ())
    assert GapKind.SOLE_ADMINISTRATOR in open_now(people.admin)
    assert GapKind.SOLE_ADMINISTRATOR not in open_now(people.author)
    assert GapKind.SOLE_ADMINISTRATOR not in open_now(people.stranger)


def test_entries_that_wait_too_long_for_their_signature_are_a_gap(
    prepared: Prepared, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = prepared.here.cast
    monkeypatch.setattr(probing, "UNSEALED_AFTER", timedelta(0))
    late = open_now(people.auditor)[GapKind.UNSEALED_ENTRIES]
    shown = signed_in(people.auditor).get("/admin/gaps/").content.decode()
    monkeypatch.setattr(probing, "UNSEALED_AFTER", timedelta(days=1))

    in_time = text(people.auditor, GapKind.UNSEALED_ENTRIES)

    assert late.found.endswith("entries have no signed checkpoint")
    assert late.since < timezone.now()
    assert "This installation" in shown
    assert in_time == ""


def checked(*found: str) -> None:
    """The record was checked by night, and this was found."""
    after = {
        "whole": not found,
        "number": len(found),
        "findings": [{"kind": "leaf", "sentence": one, "index": 3} for one in found],
        "unchecked": [],
        "entries": 10,
        "rows": 10,
        "seconds": 0.1,
    }
    with acting_as(task_actor("test")):
        append_entry("ledger.checked", STREAM, after=after)


def test_a_check_that_found_damage_is_a_gap_until_one_finds_all_whole(prepared: Prepared) -> None:
    auditor = prepared.here.cast.auditor
    checked("Entry 3 is not what was numbered.")
    one = text(auditor, GapKind.LEDGER_DAMAGED)
    checked("Entry 3 is not what was numbered.", "Entry 7 is missing.")
    two = text(auditor, GapKind.LEDGER_DAMAGED)
    of_author = text(prepared.here.cast.author, GapKind.LEDGER_DAMAGED)

    checked()

    assert one == "one finding: Entry 3 is not what was numbered."
    assert two == "2 findings, the first: Entry 3 is not what was numbered."
    assert (text(auditor, GapKind.LEDGER_DAMAGED), of_author) == ("", "")


def test_a_night_without_a_check_is_a_gap(prepared: Prepared) -> None:
    auditor = prepared.here.cast.auditor
    checked()
    now = timezone.now()

    with time_machine.travel(now + timedelta(hours=35), tick=True):
        in_time = text(auditor, GapKind.LEDGER_NOT_CHECKED)
    with time_machine.travel(now + timedelta(hours=37), tick=True):
        late = text(auditor, GapKind.LEDGER_NOT_CHECKED)

    assert in_time == ""
    assert late.endswith("; one is made each night")


def test_the_metric_counts_gaps_by_kind_and_system_and_shows_zeros(prepared: Prepared) -> None:
    shown = signed_in(prepared.here.cast.stranger).get("/metrics").content.decode()

    slug = prepared.here.cast.system.slug
    assert f'countersign_gaps{{kind="release_adopted",system="{slug}"}} 1' in shown
    assert f'countersign_gaps{{kind="revoked_component_live",system="{slug}"}} 0' in shown


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
