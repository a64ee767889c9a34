"""From stored facts to what a person reads: a subject, a text, and HTML.

A message's template is Markdown with Django's tags and no marks of its own but paragraphs and lists, so that
it reads as plain text too. Facts come from users: in the text they are one line each, so that none can
imitate a part of the mail, and in the HTML every mark of Markdown in them is escaped.
"""

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.template import Context, Engine, Template
from django.template.loader import get_template, render_to_string
from django.urls import reverse
from django.utils.safestring import mark_safe
from markdown_it import MarkdownIt

from governance.notifications.catalogue import Message, message_named
from governance.notifications.models import Notification
from governance.notifications.pictures import Picture

LONGEST_FACT = 1000
LONGEST_SUBJECT = 150
LONGEST_SUMMARY = 350
MARKS = re.compile(r"([!-/:-@\[-`{-~])")
GAPS = re.compile(r"\n\s*\n\s*\n*")
# Controls, and what turns the direction of a line: neither belongs into a line of a mail.
UNSEEN = {"Cc", "Cs", "Co"}
TURNS = set("\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u2028\u2029")
PARAGRAPH = '<p style="margin:0 0 16px;">'


@dataclass(frozen=True)
class Rendered:
    """A message as one account gets it; ``link`` is where it leads."""

    subject: str
    text: str
    html: str
    link: str


def subject_of(notification: Notification) -> str:
    """The message in one short line."""
    message = message_named(notification.event)
    facts = presented(notification.context, one_line)
    line = _rendered(Engine.get_default().from_string(message.subject), facts)
    return line if len(line) <= LONGEST_SUBJECT else line[: LONGEST_SUBJECT - 1] + "…"


def text_of(notification: Notification) -> str:
    """The message's own text, without link and picture."""
    return _filled(message_named(notification.event), presented(notification.context, one_line))


def rendered(notification: Notification, picture: Picture | None) -> Rendered:
    """The whole message: subject, text and HTML, with the picture's words in both."""
    message = message_named(notification.event)
    link = settings.BASE_URL + notification.path
    subject = subject_of(notification)
    frame = {
        "subject": subject,
        "asks": message.asks,
        "label": message.link,
        "link": link,
        "picture": picture,
        "why": why_of(message),
        "preferences": settings.BASE_URL + reverse("admin:notifications"),
    }
    text = _rendered(_template("notifications/mail.txt"), {**frame, "body": text_of(notification)})
    html = render_to_string("notifications/mail.html", {**frame, "body": html_of(notification)})
    return Rendered(subject, text.strip() + "\n", html, link)


def html_of(notification: Notification) -> str:
    """The message's own text as HTML."""
    source = _filled(message_named(notification.event), presented(notification.context, _escaped))
    html = MarkdownIt("commonmark", {"html": False}).render(source)
    return mark_safe(str(html).replace("<p>", PARAGRAPH))  # noqa: S308 - made of escaped facts, raw HTML is off


def why_of(message: Message) -> str:
    """Why the reader gets this, and whether it can be switched off."""
    if message.asks:
        return (
            "You get this because your role may do what is asked; messages that ask cannot be switched off."
        )
    return "You get this because the case concerns you; it can be switched off under"


def presented(context: Mapping[str, Any], text: Callable[[str], str]) -> dict[str, Any]:
    """The facts ready for a template: times in words, every text passed through ``text``."""
    return {key: _presented(key, value, text) for key, value in context.items()}


def _presented(key: str, value: Any, text: Callable[[str], str]) -> Any:
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, list):
        return [text(str(item)) for item in value]
    if key == "sentence":
        return text(_summary(str(value)))
    if key.endswith("_at"):
        return text(f"{datetime.fromisoformat(str(value)):%-d %B %Y, %H:%M} UTC")
    return text(str(value))


def _summary(sentences: str) -> str:
    """The first sentences of a verdict; whoever wants all of them follows the link."""
    first, *others = sentences.split(". ")
    for sentence in others:
        if len(first) + len(sentence) + 2 > LONGEST_SUMMARY:
            return f"{first}."
        first = f"{first}. {sentence}"
    return first


def one_line(value: str) -> str:
    """The value as one line of visible characters, cut where it is too long for a mail."""
    seen = "".join(
        " " if unicodedata.category(letter) in UNSEEN or letter in TURNS else letter for letter in value
    )
    line = " ".join(seen.split())
    return line if len(line) <= LONGEST_FACT else line[: LONGEST_FACT - 1] + "…"


def _escaped(value: str) -> str:
    return MARKS.sub(r"\\\1", one_line(value))


def _filled(message: Message, facts: Mapping[str, Any]) -> str:
    return GAPS.sub("\n\n", _rendered(_template(message.template), facts)).strip()


def _template(name: str) -> Template:
    found: Template = get_template(name).template  # type: ignore[attr-defined]  # the backend's wrapper; only its inner template takes a Context
    return found


def _rendered(template: Template, facts: Mapping[str, Any]) -> str:
    """The filled template as text that nobody has escaped.

    Django marks whatever a template yields as safe for HTML. This is not: the slice is a plain ``str`` again,
    so that a page that shows it escapes it.
    """
    return template.render(Context(dict(facts), autoescape=False))[:]
