"""Parts that detail pages of several slices are made of: tables, documents, histories, JSON fields."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.html import format_html
from django.utils.safestring import SafeString

from governance.ledger.events import EVENTS
from governance.ledger.models import Entry

LONGEST_REASON = 240
FOLDED_BEYOND = 30


@dataclass(frozen=True)
class Table:
    """A table on a detail page; ``empty`` is said when there are no rows."""

    title: str
    heads: Sequence[str]
    rows: Sequence[Sequence[Any]]
    note: str = ""
    empty: str = "Nothing yet."

    @property
    def labelled(self) -> list[list[tuple[str, Any]]]:
        """Each cell with what names it on a phone, where heads are not seen; the first names the row."""
        labels = ("", *self.heads[1:])
        return [list(zip(labels, row, strict=True)) for row in self.rows]


@dataclass(frozen=True)
class Document:
    """A document shown as it is stored."""

    title: str
    text: str
    note: str = ""

    @property
    def is_long(self) -> bool:
        """Whether it is folded at first."""
        return self.text.count("\n") > FOLDED_BEYOND


def json_document(title: str, value: Any, note: str = "") -> Document:
    """JSON, indented."""
    return Document(title, json.dumps(value, indent=2, ensure_ascii=False, sort_keys=True), note)


def link(url: str, text: Any) -> SafeString:
    """A link whose text is escaped."""
    return format_html('<a href="{}">{}</a>', url, text)


def events_of_streams(streams: Sequence[str], most: int = 30) -> list[dict[str, Any]]:
    """The newest entries of the streams as rows of the history."""
    entries = Entry.objects.filter(stream__in=list(streams)).select_related("leaf").order_by("-at", "-id")
    return [_event(entry) for entry in entries[:most]]


def _event(entry: Entry) -> dict[str, Any]:
    document = entry.document
    name = str(document["type"])
    return {
        "at": entry.at,
        "title": EVENTS[name].title if name in EVENTS else name,
        "reason": str(document.get("reason") or "")[:LONGEST_REASON],
        "who": document["actor"]["username"],
        "simulated": document.get("simulated", False),
        "entry": entry,
    }


class JsonField(forms.CharField):
    """A JSON text; what is wrong is said with its line. An empty list or object is a value, not a gap."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("widget", forms.Textarea(attrs={"class": "cs-code", "spellcheck": "false"}))
        super().__init__(**kwargs)
        self.empty_values = [None, ""]

    def to_python(self, value: Any) -> Any:
        """The parsed value."""
        text = super().to_python(value)
        if not text:
            return None
        try:
            return json.loads(text)
        except json.JSONDecodeError as error:
            raise ValidationError(
                f"This is no JSON: {error.msg} in line {error.lineno}, column {error.colno}."
            ) from error


class UtcDateTimeField(forms.DateTimeField):
    """A time that the reader gives in UTC."""

    default_error_messages = {"invalid": "A date with a time is wanted, such as 2026-03-18 09:30."}

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault(
            "widget", forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
        )
        super().__init__(**kwargs)
