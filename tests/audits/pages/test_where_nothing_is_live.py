"""A channel on which nothing is live: the brief says what a rollout there is, and what it leaves behind."""

from dataclasses import replace

from django.urls import reverse

from audits.answers.gap_kinds import GapKind
from audits.answers.gaps import gaps_visible_to
from governance.ledger.queries import entry_of
from releases.bundles.models import Revision
from tests.audits.pages.browsing import text_of
from tests.factories.approvals import adopted, candidate, requested, voted
from tests.factories.bundles import complete_content, draft
from tests.factories.cast import Cast, actor
from tests.factories.http import signed_in
from tests.factories.rollouts import add_channel, live, started
from tests.factories.worlds import Prepared

ONE_STEP = "a rollout there takes one step, to its last stage at once"
GUARDED = {"stages": [{"kind": "guarded", "coverage": 0.25}, {"kind": "general"}]}


def brief_of(prepared: Prepared, revision: Revision) -> str:
    """The brief as the approver reads it."""
    client = signed_in(prepared.here.cast.approver)
    return text_of(client.get(reverse("admin:review", args=[revision.pk])))


def on_a_new_web_channel(prepared: Prepared) -> Revision:
    """A candidate for android, where something is live, and for a web channel where nothing is."""
    add_channel(prepared.here, "desktop_web")
    return candidate(prepared.here, "2", channels=("android", "desktop_web"), rollout_plan=GUARDED)


def test_the_brief_says_that_a_rollout_takes_one_step_where_nothing_is_live(prepared: Prepared) -> None:
    page = brief_of(prepared, on_a_new_web_channel(prepared))

    assert f"Nothing is live on desktop_web: {ONE_STEP}. The stages before it are skipped." in page


def test_the_brief_says_nothing_of_it_where_each_channel_has_a_release(prepared: Prepared) -> None:
    assert ONE_STEP not in brief_of(prepared, prepared.candidate)


def test_an_open_request_is_told_of_its_own_channels_only(prepared: Prepared) -> None:
    revision = on_a_new_web_channel(prepared)
    requested(prepared.here, revision, "android")

    assert ONE_STEP not in brief_of(prepared, revision)


def test_a_plan_of_the_last_stage_alone_skips_nothing(prepared: Prepared) -> None:
    add_channel(prepared.here, "kiosk")
    content = complete_content(prepared.here.cast, "kiosk", tag="2")
    alone = replace(content, rollout_plan={"stages": [{"kind": "general"}]})

    page = brief_of(prepared, draft(prepared.here.cast, alone, name="v2"))

    assert ONE_STEP not in page


def test_one_step_on_a_web_channel_is_a_gap_that_says_why(prepared: Prepared) -> None:
    here, revision = prepared.here, on_a_new_web_channel(prepared)
    voted(here.cast.approver, requested(here, revision))
    started(here, revision, "desktop_web")

    gaps = [gap for gap in gaps_visible_to(actor(here.cast.auditor)) if gap.revision == revision]

    assert [(gap.kind, [one.name for one in gap.channels]) for gap in gaps] == [
        (GapKind.NO_GUARDED_ROLLOUT, ["desktop_web"])
    ]
    assert gaps[0].found.startswith("everybody got it at once, although desktop_web is a web channel")


def test_the_gap_closes_when_the_next_release_goes_through_a_guarded_stage(prepared: Prepared) -> None:
    here, revision = prepared.here, on_a_new_web_channel(prepared)
    voted(here.cast.approver, requested(here, revision))
    started(here, revision, "desktop_web")

    live(here, candidate(here, "3", channels=("desktop_web",), rollout_plan=GUARDED), "desktop_web")

    where = {one.name for gap in gaps_visible_to(actor(here.cast.auditor)) for one in gap.channels}
    assert "desktop_web" not in where


def test_adopting_what_has_no_guarded_stage_writes_that_gap_into_its_entry(team: Cast) -> None:
    content = replace(complete_content(team), rollout_plan={"stages": [{"kind": "general"}]})

    entry = entry_of(adopted(team, draft(team, content)).stream(), "release.adopted")

    assert entry is not None
    assert entry.document["after"]["gaps"] == [
        {"field": "rollout_plan.stages", "message": "no guarded rollout: everybody got it at once"}
    ]
