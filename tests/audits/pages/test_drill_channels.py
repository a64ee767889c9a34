"""A drill channel is marked as such wherever it is listed, so that nobody takes a rehearsal for service."""

import re

import pytest
from django.urls import reverse

from governance.access.models import Account
from governance.registry.models import Channel
from governance.registry.services import register_channel
from releases.rollouts.models import Deployment
from tests.audits.pages.browsing import text_of
from tests.factories.approvals import World, candidate, requested, voted
from tests.factories.cast import Cast, actor
from tests.factories.http import signed_in, with_token
from tests.factories.rollouts import started
from tests.factories.snapshot import remembered
from tests.factories.worlds import Prepared

GUARDED = {"stages": [{"kind": "guarded", "coverage": 0.25}, {"kind": "general"}]}
NAME = "rehearsal"


@pytest.fixture
def drill(prepared: Prepared) -> Channel:
    """A drill channel of the web kind on which nothing runs."""
    return drill_of(prepared.here.cast)


@remembered
def drill_of(cast: Cast) -> Channel:
    """A drill channel of the web kind."""
    return register_channel(actor(cast.admin), system=cast.system, name=NAME, kind="mobile_web", drill=True)


@remembered
def begun(here: World, tag: str) -> Deployment:
    """A release ``v<tag>`` started on the drill channel."""
    revision = candidate(here, tag, channels=(NAME,), rollout_plan=GUARDED)
    voted(here.cast.approver, requested(here, revision))
    return started(here, revision, NAME)


@pytest.fixture
def rehearsing(prepared: Prepared, drill: Channel) -> Deployment:
    """A release in a guarded stage there, beside one that went live in one step."""
    begun(prepared.here, "2")
    return begun(prepared.here, "3")


def page_of(account: Account, url: str) -> str:
    return text_of(signed_in(account).get(url))


def row_of(account: Account, url: str, name: str = NAME) -> str:
    """The words of the first table row that names the channel; what happened there is no such row."""
    body = signed_in(account).get(url).content.decode()
    body = re.sub(r'<table class="cs-tb cs-ev.*?</table>', "", body, flags=re.DOTALL)
    row = next(
        row for row in re.findall(r"<tr.*?</tr>", body, flags=re.DOTALL) if name in row and "<td" in row
    )
    return " ".join(re.sub(r"<[^>]+>", " ", row).split())


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("/admin/", "drill, serves nobody"),
        ("/admin/live/", "Drill rehearses, serves nobody"),
        ("/admin/releases/deployment/", "rehearsal (drill)"),
    ],
)
def test_lists_mark_a_release_that_rehearses(
    rehearsing: Deployment, prepared: Prepared, url: str, words: str
) -> None:
    assert words in row_of(prepared.here.cast.auditor, url)


def test_the_gap_board_marks_a_gap_of_a_rehearsal(rehearsing: Deployment, prepared: Prepared) -> None:
    assert "rehearsal (drill)" in page_of(prepared.here.cast.auditor, "/admin/gaps/")


def test_a_channel_is_marked_before_anything_rehearses_on_it(drill: Channel, prepared: Prepared) -> None:
    admin = prepared.here.cast.admin
    system = reverse("admin:governance_system_change", args=[drill.system_id])
    channel = reverse("admin:governance_channel_change", args=[drill.pk])

    assert "nothing on record" in page_of(admin, "/admin/")
    assert "drill, serves nobody" in page_of(admin, "/admin/")
    assert "drill" in row_of(admin, system)
    assert "A drill channel: it rehearses and serves nobody." in page_of(admin, channel)


def test_the_pages_of_a_rehearsal_say_that_nobody_is_served(
    rehearsing: Deployment, prepared: Prepared
) -> None:
    auditor, revision = prepared.here.cast.auditor, rehearsing.revision

    rollout = page_of(auditor, reverse("admin:rollout", args=[rehearsing.pk]))
    release = page_of(auditor, reverse("admin:releases_release_change", args=[revision.release_id]))
    brief = page_of(auditor, reverse("admin:review", args=[revision.pk]))

    assert "rehearsal is a drill channel: it rehearses and serves nobody." in rollout
    assert "rehearsal (drill, serves nobody)" in release
    assert "It is for a drill channel, which rehearses and serves nobody." in brief


def test_who_may_act_is_told_in_the_inbox_that_it_is_a_drill(
    rehearsing: Deployment, prepared: Prepared
) -> None:
    assert "rehearsal, drill channel" in page_of(prepared.here.cast.release_manager, "/admin/")


def test_the_interface_marks_it_on_channels_and_on_gaps(rehearsing: Deployment, prepared: Prepared) -> None:
    client = with_token(prepared.here.cast.auditor)

    channels = client.get("/api/v1/channels/").json()["results"]
    gaps = client.get("/api/v1/gaps/").json()["results"]

    assert [row["name"] for row in channels if row["drill"]] == [NAME]
    assert {one["name"] for gap in gaps for one in gap["channels"] if one["drill"]} == {NAME}


def test_a_channel_that_serves_people_is_never_marked(prepared: Prepared) -> None:
    auditor = prepared.here.cast.auditor

    assert "drill" not in page_of(auditor, "/admin/").lower()
    assert "drill" not in page_of(auditor, "/admin/live/").lower()
    assert "drill" not in page_of(auditor, reverse("admin:review", args=[prepared.candidate.pk])).lower()
