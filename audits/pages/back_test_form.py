"""The form of a back-test: which trigger, with which numbers, on which windows, against what is known."""

import re
from collections.abc import Iterable
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.utils.dateparse import parse_datetime

from releases.bundles.triggers import CountedTrigger, QuantileTrigger
from releases.monitoring.triggers.presets import Preset, presets
from releases.rollouts.models import Deployment

LARGEST_FILE = 4_000_000
SPAN = re.compile(r"(?P<began>\S+)\s+(?:to|until|-|–)\s+(?P<ended>\S+)(?:\s+(?P<name>.+))?")
SENT = "sent"
FORM = "backtest"
"""Its id on the page: the numbers stand outside of it."""

EXAMPLE = "2026-10-01T08:00Z to 2026-10-01T08:30Z bad deployment"


def tried_presets() -> list[Preset]:
    """Those that are judged on windows, and need no gate to be compared with."""
    return [
        one
        for one in presets()
        if one.document["kind"] in {"threshold", "vs_control", "quantile"}
        and one.document.get("limit") != "gate"
    ]


class BackTestForm(forms.Form):
    """Numbers in percent, points or milliseconds, as people write them; what is empty stays the preset's."""

    trigger = forms.ChoiceField(label="Trigger")
    windows = forms.ChoiceField(label="Windows")
    file = forms.FileField(
        label="CSV file",
        required=False,
        help_text="For “a file”. First line: at,value for a quantile; else at,subjects,events and, with a "
        "control arm, control_subjects,control_events. Times with their zone; one line per window of five "
        "minutes.",
    )
    limit = forms.FloatField(
        label="Limit",
        required=False,
        min_value=0,
        help_text="A quantile's budget in the unit of the values; of a share percent; against the control "
        "points. Empty: the preset's.",
    )
    quiet_hours = forms.FloatField(
        label="Or from the first hours",
        required=False,
        min_value=1,
        max_value=24 * 90,
        help_text="Of a quantile: the limit is the 99 % quantile of so many hours at the beginning, which "
        "are then left out.",
    )
    breaches = forms.IntegerField(label="Windows that breach", required=False, min_value=1, max_value=100)
    of_windows = forms.IntegerField(label="Of the last", required=False, min_value=1, max_value=100)
    incidents = forms.CharField(
        label="What is known to have been wrong",
        required=False,
        max_length=100_000,
        widget=forms.Textarea(attrs={"rows": 3, "placeholder": EXAMPLE}),
        help_text="One span per line, like “" + EXAMPLE + "”.",
    )

    use_required_attribute = False
    asked = ("trigger", "windows", "file")
    numbers = ("limit", "quiet_hours", "breaches", "of_windows", "incidents")

    def __init__(self, *args: Any, deployments: Iterable[Deployment], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.presets = {one.key: one for one in tried_presets()}
        self.deployments = {str(one.pk): one for one in deployments}
        for name in self.numbers:
            self.fields[name].widget.attrs["form"] = FORM
        self.fields["trigger"].choices = [(key, one.title) for key, one in self.presets.items()]  # type: ignore[attr-defined]  # a choice field
        rollouts = [
            (key, f"Counted on {one.channel.name}: {one.revision}") for key, one in self.deployments.items()
        ]
        self.fields["windows"].choices = [(SENT, "A file"), *rollouts]  # type: ignore[attr-defined]  # a choice field

    def asked_fields(self) -> list[forms.BoundField]:
        """Which trigger on which windows."""
        return [self[name] for name in self.asked]

    def number_fields(self) -> list[forms.BoundField]:
        """With which numbers, against what is known."""
        return [self[name] for name in self.numbers]

    def clean_file(self) -> str | None:
        """The text of the file."""
        found: UploadedFile | None = self.cleaned_data["file"]
        if found is None:
            return None
        if (found.size or 0) > LARGEST_FILE:
            raise ValidationError(f"The file has {found.size:,} bytes; at most {LARGEST_FILE:,} are taken.")
        try:
            return str(found.read(), "utf-8-sig")
        except UnicodeDecodeError:
            raise ValidationError("The file is no text in UTF-8.") from None

    def clean_incidents(self) -> list[dict[str, Any]]:
        """The lines as spans."""
        lines = [line.strip() for line in self.cleaned_data["incidents"].splitlines() if line.strip()]
        return [_span(line) for line in lines]

    def clean(self) -> dict[str, Any]:
        """A file where one is asked for."""
        found: dict[str, Any] = super().clean() or {}
        if found.get("windows") == SENT and not found.get("file") and "file" not in self.errors:
            self.add_error("file", "Choose a file, or a rollout whose windows were counted.")
        preset = self.presets.get(found.get("trigger", ""))
        is_open = preset is not None and "limit" in preset.fill and found.get("limit") is None
        if is_open and not (found.get("quiet_hours") and found.get("windows") == SENT):
            self.add_error("limit", "State a limit, or take it from the first hours of a file.")
        return found

    def document(self) -> dict[str, Any]:
        """The preset with what was written."""
        given = self.cleaned_data
        preset = self.presets[given["trigger"]]
        changes: dict[str, Any] = {name: given[name] for name in ("breaches", "of_windows") if given[name]}
        if given["limit"] is not None:
            changes |= limit_of(preset, given["limit"])
        if preset.document["kind"] == "quantile" and given["windows"] == SENT:
            changes["test"] = "immediate"
        return {**preset.document, **changes}


def limit_of(preset: Preset, written: float) -> dict[str, float]:
    """The field that the number is for, in its own unit."""
    kind = preset.document["kind"]
    if kind == "quantile":
        return {"limit": written}
    return {"limit" if kind == "threshold" else "effect_floor": written / 100}


def unit_of(spec: CountedTrigger) -> tuple[str, float]:
    """What the values of its picture are in, and what they are multiplied with."""
    return ("", 1.0) if isinstance(spec, QuantileTrigger) else ("percent", 100.0)


def _span(line: str) -> dict[str, Any]:
    found = SPAN.fullmatch(line)
    times = [_time(found[name]) for name in ("began", "ended")] if found else []
    if found is None or None in times:
        raise ValidationError(f"“{line[:60]}” is no span. Write it like “{EXAMPLE}”.")
    return {"began_at": times[0], "ended_at": times[1], "name": (found["name"] or "").strip()[:200]}


def _time(text: str) -> str | None:
    try:
        found = parse_datetime(text)
    except ValueError:
        return None
    return found.isoformat() if found is not None and found.tzinfo is not None else None
