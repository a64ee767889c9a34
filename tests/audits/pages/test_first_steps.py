"""An empty installation leads each role, in the order in which it is possible, to a first gated release."""

import re

from django.test import Client
from django.urls import reverse

from governance.access.models import Account
from governance.registry.models import Channel, System
from releases.bundles.models import Release
from tests.audits.pages.browsing import submitted, text_of
from tests.factories.approvals import adopted
from tests.factories.bundles import complete_content, component, draft
from tests.factories.cast import PASSWORD, Cast, administrator
from tests.factories.gates import segment
from tests.factories.http import signed_in
from tests.factories.worlds import Prepared

INDEX = "/admin/"


def next_said(client: Client) -> str:
    """The headline of the front page."""
    found = re.search(r"<h1>(.*?)</h1>", client.get(INDEX).content.decode())
    assert found is not None
    return found[1]


def offered(client: Client) -> list[str]:
    """The addresses of the buttons beside the steps."""
    body = client.get(INDEX).content.decode()
    steps = body[body.index('class="cs-steps"') :]
    return re.findall(r'<a class="cs-btn cs-sml[^"]*" href="([^"]+)"', steps[: steps.index("</ol>")])


def test_an_administrator_is_led_from_nothing_to_people_with_roles(db: None) -> None:
    client = signed_in(administrator())

    said = [next_said(client)]
    submitted(client, offered(client)[0], slug="branch", name="Branch", dataset_change_limit_rate="0.1")
    system = System.objects.get()
    said.append(next_said(client))
    channel = reverse("admin:governance_system_channel", args=[system.pk])
    submitted(client, channel, name="kiosk", kind="kiosk")
    said.append(next_said(client))
    submitted(
        client, offered(client)[0], username="mia", kind="person", password=PASSWORD, display_name="Mia"
    )
    said.append(next_said(client))

    assert said == [
        "Next: register the decision system.",
        "Next: register its channels.",
        "Next: create accounts for the people.",
        "Next: give roles to the people who write, judge, approve and start. "
        "Still missing: author, QA lead, approver and release manager.",
    ]
    assert Channel.objects.get().name == "kiosk"
    assert Account.objects.filter(username="mia").exists()


def test_every_step_that_is_offered_opens(team: Cast) -> None:
    adopted(team, draft(team, complete_content(team)))
    people = (team.admin, team.qa_lead, team.author)

    found = {
        (account.username, url): signed_in(account).get(url).status_code
        for account in people
        for url in offered(signed_in(account))
    }

    assert set(found.values()) <= {200, 302}
    assert len(found) == 4


def test_a_step_of_somebody_else_names_the_role_that_does_it(team: Cast) -> None:
    page = text_of(signed_in(team.approver).get(INDEX))

    assert "Register the parts of the stack that serves now. author" in page
    assert (
        "If the first release serves already, have it adopted: two persons answer for that. release manager"
        in page
    )
    assert "lock it as the gate policy. QA lead" in page
    assert "Nothing waits for you." in page


def test_an_author_is_asked_for_the_next_missing_part_and_finds_an_example(team: Cast) -> None:
    client = signed_in(team.author)
    component(team, "model", "pad_net")

    said, (url, *_) = next_said(client), offered(client)
    form = client.get(url).context["form"]

    assert said == (
        "Next: register the parts of the stack that serves now. "
        "Missing: fusion, threshold policy, SDK and dataset."
    )
    assert form["kind"].value() == "fusion"
    assert '"strategy": "weighted"' in form["attributes"].value()


def test_an_author_with_all_parts_is_led_to_the_draft(team: Cast) -> None:
    client = signed_in(team.author)
    complete_content(team)

    before = next_said(client)
    url = reverse("admin:release_draft_form", args=[team.system.pk])
    channels = [str(channel.pk) for channel in team.system.channels.all()]
    plan = client.get(url).context["form"]["rollout_plan"].value()
    page = text_of(submitted(client, url, name="first", channels=channels, rollout_plan=plan))

    assert before == "Next: draft the first release."
    assert plan == "guarded 25 %, at least 24 h\ngeneral"
    assert "first is drafted." in page
    assert "Stack: a release needs an evaluation report." in page
    assert "If this serves there already, a release manager can have it adopted as it is." in page
    assert Release.objects.get().revisions.get().rollout_plan["stages"][0]["coverage"] == 0.25
    assert next_said(client) == "One of your releases needs a next step."


def test_then_a_release_manager_is_led_to_the_adoption_and_a_qa_lead_to_the_policy(team: Cast) -> None:
    manager, qa_lead = signed_in(team.release_manager), signed_in(team.qa_lead)
    revision = draft(team, complete_content(team))

    to_adopt, (url, *_) = next_said(manager), offered(manager)
    adopted(team, revision)
    said = [next_said(qa_lead)]
    segment(team, "skin_tone", "6")
    said.append(next_said(qa_lead))

    assert to_adopt.startswith("Next: if the first release serves already, have it adopted")
    assert url == reverse("admin:releases_release_change", args=[revision.release_id])
    assert "have it adopted" not in next_said(manager)
    assert said == [
        "Next: define the groups of people that must not fare worse, as segments.",
        "Next: write down what a release must show, and lock it as the gate policy.",
    ]


def test_the_way_ends_when_a_release_is_frozen_under_a_locked_policy(prepared: Prepared) -> None:
    assert "The way to the first release" not in text_of(signed_in(prepared.here.cast.author).get(INDEX))
