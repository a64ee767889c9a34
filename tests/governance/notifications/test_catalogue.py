"""The catalogue is complete: every message has an event, a text, and an end for every fact."""

import re
from typing import Any

import pytest
from django.conf import settings as product

from governance.ledger.events import EVENTS
from governance.notifications.catalogue import MESSAGES, Message
from governance.notifications.models import Notification
from governance.notifications.rendering import html_of, rendered, subject_of, text_of
from tests.servers import ROOT

TEXTS = ROOT / "templates/notifications"
TIME = "2026-11-25T14:00:00Z"
CATALOGUES = ("catalogue", "field_messages", "ledger_messages")
LISTS = {"channels": ["android", "ios"], "seats": ["security: one seat"]}
LINE = re.compile(r"^\s*[-*#>]|[*_`\[\]<]", re.MULTILINE)


def value_of(name: str) -> Any:
    """A value for a fact of this name, recognisable in the text."""
    return LISTS.get(name) or (TIME if name.endswith("_at") else f"value of {name}")


def told(message: Message, names: tuple[str, ...]) -> Notification:
    """The message with these facts, not stored."""
    facts = {name: value_of(name) for name in ("actor", *names)}
    return Notification(event=message.event, subject="release:1", context=facts, path="/admin/")


def texts() -> set[str]:
    return {path.name.removesuffix(".md") for path in TEXTS.glob("*.md")}


def tags_of(message: Message) -> set[str]:
    """Names of the facts that the text or the subject uses."""
    text = (ROOT / "templates" / message.template).read_text() + message.subject
    names = re.findall(r"\{\{ (\w+)", text) + re.findall(r"\{% (?:if|elif)(?: not)? (\w+)", text)
    return set(names)


def test_every_message_bears_the_name_of_a_ledger_event() -> None:
    assert set(MESSAGES) - set(EVENTS) == set()


def test_every_message_has_a_text_and_every_text_a_message() -> None:
    assert texts() == set(MESSAGES)


def test_no_key_repeats_in_the_catalogue() -> None:
    files = [ROOT / f"governance/notifications/{name}.py" for name in CATALOGUES]

    assert sum(file.read_text().count("    Message(") for file in files) == len(MESSAGES)


def test_every_picture_is_drawn_by_somebody() -> None:
    drawn = {message.picture for message in MESSAGES.values() if message.picture}

    assert drawn == set(product.MAIL_PICTURES)


@pytest.mark.parametrize("message", MESSAGES.values(), ids=MESSAGES)
def test_a_text_uses_the_facts_of_its_message_and_no_other(message: Message) -> None:
    assert tags_of(message) - {*message.needs, *message.may, "actor"} == set()
    assert set(message.needs) - tags_of(message) == set()


@pytest.mark.parametrize("message", MESSAGES.values(), ids=MESSAGES)
def test_a_text_leaves_no_hole_whether_it_has_all_facts_or_the_needed_ones(message: Message) -> None:
    for_all, for_few = told(message, (*message.needs, *message.may)), told(message, message.needs)

    shown = [subject_of(for_all), subject_of(for_few), text_of(for_all), text_of(for_few), html_of(for_all)]
    assert [line for line in shown if "{" in line or "None" in line or "…" in line or "  " in line] == []
    assert [line for line in shown if " ." in line or " ," in line or "\n\n\n" in line] == []


@pytest.mark.parametrize("message", MESSAGES.values(), ids=MESSAGES)
def test_a_text_is_plain_words_so_that_it_reads_well_without_html(message: Message) -> None:
    assert LINE.findall(text_of(told(message, (*message.needs, *message.may)))) == []


@pytest.mark.parametrize("message", MESSAGES.values(), ids=MESSAGES)
def test_a_whole_message_has_one_link_into_the_product(message: Message) -> None:
    whole = rendered(told(message, message.needs), None)

    assert whole.link == f"{product.BASE_URL}/admin/"
    assert whole.html.count(f'href="{whole.link}"') == 1
    assert f"{message.link}:\n{whole.link}\n" in whole.text


def test_a_message_that_asks_says_when_or_what_to_decide() -> None:
    asking = [message for message in MESSAGES.values() if message.asks]
    open_ended = [message.event for message in asking if not any("_at" in name for name in message.needs)]

    assert open_ended == [
        "rollout.stage_shown",
        "rollout.left_to_people",
        "rollback.escalated",
        "component.revoked",
    ]
