"""The forms of attestations, and how what is written there becomes the content of one."""

from collections.abc import Iterator
from typing import Any

from django import forms
from django.forms.boundfield import BoundField

from governance.access.admin_acts import ActForm
from governance.errors import FieldError, InvalidInput
from releases.gates.attestations.error_analysis import BUCKETS, WORST
from releases.gates.attestations.services import LONGEST_CONCLUSION

STATES = (
    ("", "Choose"),
    ("found", "Found"),
    ("none_found", "None found"),
    ("not_looked_at", "Not looked at"),
)
PARTS = ("state", "count", "seen", "samples")


class AttestForm(ActForm):
    """What every attestation asks: a judgement, and the words behind it."""

    acceptable = forms.TypedChoiceField(
        label="What do you conclude?",
        choices=[("yes", "It is acceptable"), ("no", "It is not acceptable")],
        coerce=lambda chosen: chosen == "yes",
        widget=forms.RadioSelect,
    )
    conclusion = forms.CharField(
        label="Why",
        max_length=LONGEST_CONCLUSION,
        help_text="Approvers read it beside the gate, and it stays in the record.",
        widget=forms.Textarea(attrs={"rows": 4}),
    )


class CalibrationForm(AttestForm):
    """The review of the figures above it; their digest goes with it."""

    figures_digest = forms.CharField(widget=forms.HiddenInput, required=False)
    how_judged = forms.CharField(
        label="How did you judge calibration?",
        required=False,
        max_length=LONGEST_CONCLUSION,
        help_text="The scores are no probabilities, so there is no curve: say what you looked at.",
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    field_order = ("how_judged", "acceptable", "conclusion")

    def __init__(self, *args: Any, has_figures: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if has_figures:
            del self.fields["how_judged"]
        else:
            self.fields["how_judged"].required = True


class AnalysisForm(AttestForm):
    """An answer for every kind of trouble, with captures by id."""

    may_be_incomplete = (
        True  # what an answer needs depends on the answer; the refusal says it beside the field
    )

    unsorted = forms.CharField(
        label="Worst failures that are none of these",
        required=False,
        help_text=f"One a line: id, colon, what you saw. Each of the {WORST} worst stands here or above.",
        widget=forms.Textarea(attrs={"rows": 4, "class": "cs-code"}),
    )
    field_order = ("unsorted", "acceptable", "conclusion")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for key in BUCKETS:
            self.fields[f"{key}_state"] = forms.ChoiceField(label="Answer", choices=STATES)
            self.fields[f"{key}_count"] = forms.IntegerField(
                label="How many", required=False, min_value=0, max_value=1_000_000_000
            )
            self.fields[f"{key}_seen"] = forms.CharField(
                label="What you saw, or why not looked at",
                required=False,
                max_length=2000,
                widget=forms.Textarea(attrs={"rows": 2}),
            )
            self.fields[f"{key}_samples"] = forms.CharField(
                label="Captures, one id a line",
                required=False,
                widget=forms.Textarea(attrs={"rows": 2, "class": "cs-code"}),
            )

    def buckets(self) -> Iterator[tuple[str, list[BoundField]]]:
        """Each kind of trouble with its four fields."""
        for key, title in BUCKETS.items():
            yield title, [self[f"{key}_{part}"] for part in PARTS]

    def rest(self) -> list[BoundField]:
        """The fields behind the buckets; a password comes last."""
        names = [
            name
            for name in self.fields
            if not any(name == f"{key}_{part}" for key in BUCKETS for part in PARTS)
        ]
        return [self[name] for name in names if not self[name].is_hidden]


def analysis_content(given: dict[str, Any]) -> dict[str, Any]:
    """The content of an error analysis from the cleaned fields."""
    return {
        "buckets": {key: _bucket(key, given) for key in BUCKETS},
        "unsorted": [_unsorted(line) for line in _lines(given["unsorted"])],
    }


def as_fields(refusal: InvalidInput) -> InvalidInput:
    """The refusal with its problems at the form's own fields."""
    placed = tuple(FieldError(_field_of(one.field), one.message) for one in refusal.field_errors)
    return InvalidInput(refusal.message, next_step=refusal.next_step, field_errors=placed)


def _bucket(key: str, given: dict[str, Any]) -> dict[str, Any]:
    return {
        "state": given[f"{key}_state"],
        "count": given[f"{key}_count"] or 0,
        "seen": given[f"{key}_seen"],
        "samples": _lines(given[f"{key}_samples"]),
    }


def _unsorted(line: str) -> dict[str, str]:
    sample, _, seen = line.partition(":")
    return {"sample": sample.strip(), "seen": seen.strip()}


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


def _field_of(field: str) -> str:
    """``content.buckets.blur.samples[0]`` is the field blur_samples; a bucket as a whole is its answer."""
    parts = field.partition("[")[0].split(".")
    if parts[:2] != ["content", "buckets"] or len(parts) < 3:
        return parts[1] if parts[0] == "content" and len(parts) > 1 else field
    return f"{parts[2]}_{parts[3] if len(parts) > 3 else 'state'}"
