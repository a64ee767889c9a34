"""An empty installation leads an administrator, then a QA lead, then an author to the first release."""

import re

from django.test import Client
from django.urls import reverse

from governance.access.models import Account
from governance.registry.models import Channel, System
from releases.bundles.models import Release
from tests.audits.pages.browsing import submitted, text_of
from tests.factories.bundles import complete_content
from tests.factories.cast import PASSWORD, Cast, administrator
from tests.factories.http import signed_in

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
    return re.findall(r'<a class="cs-btn cs-sml" href="([^"]+)"', steps[: steps.index("</ol>")])


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
        "Next: grant roles to the people who write, judge, approve and start. "
        "Nobody is author, qa lead, approver and release manager yet.",
    ]
    assert Channel.objects.get().name == "kiosk"
    assert Account.objects.filter(username="mia").exists()


def test_every_step_that_is_offered_opens(team: Cast) -> None:
    people = (team.admin, team.qa_lead, team.author)

    found = {
        (account.username, url): signed_in(account).get(url).status_code
        for account in people
        for url in offered(signed_in(account))
    }

    assert set(found.values()) <= {200, 302}
    assert len(found) == 3


def test_a_qa_lead_and_an_author_meet_their_own_steps(team: Cast) -> None:
    qa_lead, author = next_said(signed_in(team.qa_lead)), next_said(signed_in(team.author))

    assert qa_lead == "Next: write down what a release must show, and lock it as the gate policy."
    assert author.startswith("Next: register the parts of the stack that serves now. Missing: model, fusion")


def test_an_author_with_all_parts_is_led_to_the_draft_and_the_way_ends_there(team: Cast) -> None:
    client = signed_in(team.author)
    complete_content(team)

    before = next_said(client)
    url = reverse("admin:release_draft_form", args=[team.system.pk])
    channels = [str(channel.pk) for channel in team.system.channels.all()]
    plan = client.get(url).context["form"]["rollout_plan"].value()
    page = text_of(submitted(client, url, name="first", channels=channels, rollout_plan=plan))

    assert before == "Next: draft the first release; what serves already is then adopted by two persons."
    assert plan == "guarded 25 %, at least 24 h\ngeneral"
    assert "first is drafted." in page
    assert Release.objects.get().revisions.get().rollout_plan["stages"][0]["coverage"] == 0.25
    assert "The way to the first release" not in text_of(client.get(INDEX))
