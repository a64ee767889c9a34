"""Small parts of the pages: icons, digests, seals, times, states."""

from datetime import UTC, date, datetime
from typing import Any

from django import template
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

register = template.Library()

STATE_ICONS = {
    "pass": "check_circle",
    "fail": "dangerous",
    "inc": "contrast",
    "held": "pause_circle",
    "live": "sensors",
    "void": "block",
    "open": "radio_button_unchecked",
    "overdue": "schedule",
    "you": "person",
}


@register.simple_tag
def icon(name: str, size: int = 16) -> SafeString:
    """A Material Symbol; decoration only, the word stands beside it."""
    return format_html(
        '<span class="cs-icon" style="font-size:{}px" aria-hidden="true">{}</span>', size, name
    )


@register.simple_tag
def chip(look: str, text: str, name: str = "", size: str = "") -> SafeString:
    """A state in a box: icon and word."""
    big = " cs-big" if size == "big" else ""
    shown = icon(name or STATE_ICONS.get(look, "circle"))
    return format_html('<span class="cs-chip cs-{}{}">{}{}</span>', look, big, shown, text)


@register.simple_tag
def st(look: str, text: str, name: str = "") -> SafeString:
    """A state in running text: icon and word without a box."""
    return format_html(
        '<span class="cs-st cs-{}">{}{}</span>', look, icon(name or STATE_ICONS.get(look, "circle")), text
    )


@register.simple_tag
def digest(value: str | None, what: str = "digest") -> SafeString:
    """Eight characters of a digest with a button that copies all of it."""
    if not value:
        return format_html('<span class="cs-muted">{}</span>', "none")
    bare = value.removeprefix("sha256:")
    short = f"{bare[:4]}…{bare[-4:]}"
    return format_html(
        '<span class="cs-dg"><code title="{0}">{1}</code>'
        '<button type="button" class="cs-copy" data-copy="{0}" aria-label="Copy the {2}">{3}</button></span>',
        value,
        short,
        what,
        icon("content_copy", 14),
    )


@register.simple_tag
def seal(entry: Any) -> SafeString:
    """An entry's place in the ledger, with the way to its page; or that it waits for a number."""
    if entry is None:
        shown = icon("hourglass_empty")
        return format_html('<span class="cs-seal cs-waits">{}not numbered yet</span>', shown)
    leaf = getattr(entry, "leaf", None)
    url = reverse("admin:ledger_entry", args=[entry.pk])
    if leaf is None:
        return format_html(
            '<a class="cs-seal cs-plain cs-waits" href="{}" title="{}">{}not numbered yet</a>',
            url,
            "Recorded; the number in the ledger follows",
            icon("hourglass_empty"),
        )
    title = f"Entry {leaf.index} of the ledger, numbered {leaf.sealed_at:%Y-%m-%d %H:%M} UTC"
    return format_html(
        '<a class="cs-seal cs-plain" href="{}" title="{}">{}#{}</a>',
        url,
        title,
        icon("verified_user"),
        leaf.index,
    )


@register.simple_tag
def when(at: datetime | None, form: str = "time") -> SafeString:
    """A time: UTC as text and on hover, in the reader's zone where scripts run. Another year than this is
    named."""
    if at is None:
        return format_html("{}", "never")
    utc = at.astimezone(UTC)
    year = "" if utc.year == timezone.now().year else f" {utc.year}"
    short = f"{utc:%-d %b}{year}" if form == "date" else f"{utc:%-d %b}{year}, {utc:%H:%M} UTC"
    full = f"{utc:%Y-%m-%d %H:%M:%S} UTC"
    return format_html(
        '<time datetime="{}" title="{}" data-local="{}">{}</time>', utc.isoformat(), full, form, short
    )


@register.filter
def ago(at: datetime | None) -> str:
    """How long ago, in the largest whole unit."""
    if at is None:
        return ""
    return spoken((timezone.now() - at).total_seconds())


def spoken(seconds: float) -> str:
    """``3 days``, ``5 h``, ``2 min``."""
    for size, one, many in ((86400, "day", "days"), (3600, "h", "h"), (60, "min", "min")):
        if seconds >= size:
            count = int(seconds // size)
            return f"{count} {one if count == 1 else many}"
    return "less than a minute"


@register.filter
def words(value: Any) -> str:
    """A stored word as people read it: ``in_review`` → ``in review``."""
    if isinstance(value, date):
        return f"{value:%-d %b %Y}"
    return str(value).replace("_", " ")


@register.filter
def grouped(value: Any) -> str:
    """A count with narrow spaces between thousands."""
    return f"{int(value):,}".replace(",", " ")


@register.filter
def dash(value: Any) -> Any:
    """A dash for what is empty."""
    return value if value not in (None, "") else "–"


@register.filter
def decimals(value: Any, digits: int = 3) -> str:
    """A number with so many decimals; a dash for none, also where a suppressed line lacks it altogether."""
    return "–" if value in (None, "") else f"{float(value):.{digits}f}".replace("-", "−")
