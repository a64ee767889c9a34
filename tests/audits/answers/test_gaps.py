"""Governance gaps of what is live: what opens each, what closes it, and who sees it."""

from dataclasses import replace

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from audits.answers.gap_kinds import KINDS, GapKind
from audits.answers.gaps import Gap, gaps_visible_to
from governance.access.models import Account
from governance.access.services import deactivate_account
from releases.bundles import guarding
from releases.bundles.arms import Arm
from tests.audits.trace.decisions import guarded
from tests.factories.approvals import adopted, candidate
from tests.factories.bundles import complete_content, draft, rollback_plan
from tests.factories.cast import actor, grant, person, system_with_channels
from tests.factories.http import signed_in, with_token
from tests.factories.rollouts import live, on_its_way
from tests.factories.worlds import Prepared

GAPS = "/api/v1/gaps/"
EVERYWHERE = ("android", "ios", "mobile_web")


def seen(account: Account) -> dict[str, tuple[str, ...]]:
    """The kinds open for the account in systems, with the channels of each."""
    found = [gap for gap in gaps_visible_to(actor(account)) if gap.system is not None]
    return {gap.kind.value: tuple(one.name for one in gap.channels) for gap in found}


def found(account: Account, kind: GapKind) -> Gap:
    return next(gap for gap in gaps_visible_to(actor(account)) if gap.kind is kind)


def test_what_was_adopted_lacks_an_approval_and_a_guarded_stage_on_the_web(prepared: Prepared) -> None:
    assert seen(prepared.here.cast.auditor) == {
        "no_approval_record": ("android", "ios", "mobile_web"),
        "release_adopted": ("android", "ios", "mobile_web"),
        "no_guarded_rollout": ("mobile_web",),
    }


def test_a_gap_tells_its_danger_its_owner_and_since_when(prepared: Prepared) -> None:
    gap = found(prepared.here.cast.auditor, GapKind.NO_GUARDED_ROLLOUT)

    assert gap.found == "everybody got it at once, although mobile_web is a web channel"
    assert gap.words.danger.startswith("A regression met everybody at once")
    assert gap.words.owner == "author"
    assert gap.since == prepared.here.baseline.deployments.get(channel__name="mobile_web").state_changed_at


def test_a_governed_release_through_a_guarded_stage_has_no_gap(prepared: Prepared) -> None:
    live(prepared.here, prepared.candidate, *EVERYWHERE)

    assert seen(prepared.here.cast.auditor) == {}


def test_a_guarded_stage_that_was_over_at_once_is_a_gap(
    prepared: Prepared, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was frozen when nothing asked for an hour."""
    live(prepared.here, prepared.candidate, *EVERYWHERE)
    monkeypatch.setattr(guarding, "LEAST_GUARDED_SECONDS", 3600)

    gap = found(prepared.here.cast.auditor, GapKind.NO_GUARDED_ROLLOUT)

    assert [one.name for one in gap.channels] == ["mobile_web"]
    assert gap.found.startswith("its guarded stage lasted ")
    assert gap.found.endswith(", although mobile_web is a web channel")


def test_a_guarded_stage_before_nobody_is_a_gap(prepared: Prepared, monkeypatch: pytest.MonkeyPatch) -> None:
    live(prepared.here, prepared.candidate, *EVERYWHERE)
    monkeypatch.setattr(guarding, "LEAST_GUARDED_COVERAGE", 0.3)

    gap = found(prepared.here.cast.auditor, GapKind.NO_GUARDED_ROLLOUT)

    assert gap.found.startswith("its guarded stage showed it to 25 % of the people, although ")


def test_what_is_on_its_way_closes_nothing_yet(prepared: Prepared) -> None:
    on_its_way(prepared.here, prepared.candidate, *EVERYWHERE)

    assert set(seen(prepared.here.cast.auditor)) == {
        "no_approval_record",
        "release_adopted",
        "no_guarded_rollout",
    }


def test_a_rollback_owner_who_left_opens_a_gap(prepared: Prepared) -> None:
    leaving = person("night_watch")
    grant(leaving, "release_manager", system=prepared.here.cast.system)
    plan = rollback_plan(prepared.here.cast, owner="night_watch")
    live(prepared.here, candidate(prepared.here, "2", rollback_plan=plan), *EVERYWHERE)
    deactivate_account(actor(prepared.here.cast.admin), account=leaving, reason="Left the company.")

    gap = found(prepared.here.cast.auditor, GapKind.NO_ROLLBACK_OWNER)

    assert gap.found == "night_watch is no active account"
    assert len(gap.channels) == 3


def test_an_adopted_release_without_owner_notes_and_policy_has_all_of_these_gaps(prepared: Prepared) -> None:
    people = prepared.here.cast
    system = system_with_channels("branch-liveness", ("kiosk",))
    for_branch = replace(people, system=system)
    grant(people.author, "author", system=system)
    grant(people.release_manager, "release_manager", system=system)
    grant(people.approver_two, "approver", system=system)
    content = complete_content(for_branch, "kiosk", tag="5")
    slots = tuple(
        slot for slot in content.slots if slot.slot not in {"threshold_policy", "evaluation_report"}
    )
    bare = replace(content, slots=slots, card={"why": "It serves."}, rollback_plan={})
    adopted(for_branch, draft(for_branch, bare, name="old"))

    mine = [gap for gap in gaps_visible_to(actor(people.author)) if gap.system == system]

    assert [gap.kind.value for gap in mine] == [
        "no_approval_record",
        "release_adopted",
        "no_rollback_owner",
        "policy_not_locked",
        "threshold_not_versioned",
        "release_notes_missing",
    ]
    assert mine[-1].found.startswith("what changed, data, channels tested")


def test_gaps_stay_within_the_reach(prepared: Prepared) -> None:
    people = prepared.here.cast

    assert seen(people.security_reviewer) == {
        "no_approval_record": ("mobile_web",),
        "release_adopted": ("mobile_web",),
        "no_guarded_rollout": ("mobile_web",),
    }
    assert seen(people.stranger) == {}


def test_the_interface_lists_and_filters_them(prepared: Prepared) -> None:
    client = with_token(prepared.here.cast.auditor)
    android = prepared.here.cast.channel("android")

    everything = client.get(GAPS, {"system": str(android.system_id)}).json()
    of_android = client.get(GAPS, {"channel": str(android.pk)}).json()
    of_kind = client.get(GAPS, {"kind": "no_guarded_rollout"}).json()

    assert everything["count"] == 3
    assert [row["kind"] for row in of_android["results"]] == ["no_approval_record", "release_adopted"]
    assert [row["channels"][0]["name"] for row in of_kind["results"]] == ["mobile_web"]
    assert everything["results"][0]["next_step"] == KINDS[GapKind.NO_APPROVAL_RECORD].close


@pytest.mark.parametrize(
    ("query", "field"),
    [({"kind": "nonsense"}, "kind"), ({"channel": "1"}, "channel"), ({"who": "me"}, "who")],
)
def test_a_filter_that_means_nothing_is_refused_by_name(
    prepared: Prepared, query: dict[str, str], field: str
) -> None:
    response = with_token(prepared.here.cast.auditor).get(GAPS, query)

    assert response.status_code == 400
    assert field in response.content.decode()


def test_the_interface_shows_a_channel_reviewer_the_channel_alone(prepared: Prepared) -> None:
    client = with_token(prepared.here.cast.security_reviewer)
    android = prepared.here.cast.channel("android")

    rows = client.get(GAPS).json()["results"]
    of_android = client.get(GAPS, {"channel": str(android.pk)}).json()

    assert {one["name"] for row in rows for one in row["channels"]} == {"mobile_web"}
    assert of_android["count"] == 0


def test_whoever_may_close_a_gap_gets_a_button_and_others_are_told_who_does(prepared: Prepared) -> None:
    author = signed_in(prepared.here.cast.author).get("/admin/gaps/").content.decode()
    auditor = signed_in(prepared.here.cast.auditor).get("/admin/gaps/").content.decode()

    assert f"?from={prepared.here.baseline.pk}" in author
    assert f"?from={prepared.here.baseline.pk}" not in auditor
    assert "The author does it." in auditor


def test_more_gaps_take_no_more_queries(prepared: Prepared) -> None:
    auditor = actor(prepared.here.cast.auditor)
    with CaptureQueriesContext(connection) as few:
        gaps_visible_to(auditor)
    live(prepared.here, prepared.candidate, "android")

    with CaptureQueriesContext(connection) as many:
        gaps_visible_to(auditor)

    assert len(many) <= len(few)


def test_decisions_of_another_sdk_than_the_release_was_approved_with_are_a_gap(prepared: Prepared) -> None:
    rollout = guarded(prepared)
    rollout.reported(sdk="2.3.0")
    before = seen(prepared.here.cast.auditor)
    other = rollout.reported(sdk="android_sdk_2.2.0")
    rollout.reported(Arm.CONTROL, sdk="")

    gap = found(prepared.here.cast.auditor, GapKind.SDK_NOT_OF_RELEASE)

    shown = signed_in(prepared.here.cast.auditor).get("/admin/gaps/").content.decode()
    assert "sdk_not_of_release" not in before
    assert (gap.revision, [one.name for one in gap.channels]) == (rollout.candidate, ["android"])
    assert gap.found.startswith("1 of the newest 2 decisions ran android_sdk_2.2.0; the release's is ")
    assert f"?id={other.id}" in shown
    assert "sdk_not_of_release" not in seen(prepared.here.cast.stranger)
