"""The forms of attestations, and how what is written there becomes the content of one."""

from collections.abc import Iterator, Sequence
from typing import Any

from django import forms
from django.forms.boundfield import BoundField

from governance.access.admin_acts import ActForm
from governance.errors import FieldError, InvalidInput
from releases.gates.attestations.error_analysis import BUCKETS
from releases.gates.attestations.services import LONGEST_CONCLUSION

STATES = (
    ("", "Choose"),
    ("found", "Found"),
    ("none_found", "None found"),
    ("not_looked_at", "Not looked at"),
)
PARTS = ("state", "count", "seen", "samples")
APART = "none_of_these"
PLACES = (("", "Choose"), *BUCKETS.items(), (APART, "None of these"))
BESIDE = {"form": "act"}
"""Fields that stand in the table of failures, outside of the form that they belong to."""


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
        label="Further failures that are none of these",
        required=False,
        help_text="One a line: id, colon, space, what you saw.",
        widget=forms.Textarea(attrs={"rows": 4, "class": "cs-code"}),
    )
    field_order = ("unsorted", "acceptable", "conclusion")

    def __init__(self, *args: Any, worst: Sequence[str] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.worst = worst
        for number, sample in enumerate(worst):
            self.fields[f"place_{number}"] = forms.ChoiceField(
                label=f"Where {sample} belongs", choices=PLACES, required=False, widget=forms.Select(BESIDE)
            )
            self.fields[f"saw_{number}"] = forms.CharField(
                label=f"What you saw on {sample}",
                required=False,
                max_length=2000,
                widget=forms.TextInput({**BESIDE, "placeholder": "What you saw, if none of these"}),
            )
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

    def places(self) -> list[tuple[BoundField, BoundField]]:
        """Of each of the worst captures where it belongs, and what was seen on it."""
        return [(self[f"place_{number}"], self[f"saw_{number}"]) for number in range(len(self.worst))]

    def rest(self) -> list[BoundField]:
        """The fields behind the buckets; a password comes last."""
        names = [
            name
            for name in self.fields
            if not any(name == f"{key}_{part}" for key in BUCKETS for part in PARTS)
            and not name.startswith(("place_", "saw_"))
        ]
        return [self[name] for name in names if not self[name].is_hidden]


Apart = tuple[str, str, dict[str, str]]
"""A failure that stands apart: its field, its line there if the field has many, and what is said of it."""


def analysis_content(given: dict[str, Any], worst: Sequence[str]) -> dict[str, Any]:
    """The content of an error analysis from the cleaned fields, with where each of the ``worst`` belongs."""
    return {
        "buckets": {key: _bucket(key, given, worst) for key in BUCKETS},
        "unsorted": [said for _, _, said in _apart(given, worst)],
    }


def as_fields(refusal: InvalidInput, given: dict[str, Any], worst: Sequence[str]) -> InvalidInput:
    """The refusal with its problems at the form's own fields, each problem of a line with its number."""
    apart = _apart(given, worst)
    placed: dict[tuple[str, str], list[str]] = {}
    for one in refusal.field_errors:
        if one.field == "content.unsorted" and (names := _nowhere(given, worst)):
            placed |= {(name, "say where it belongs"): [] for name in names}
            continue
        name, line = _place_of(one.field, apart, given)
        said = "say what you saw" if one.field.endswith("].seen") else one.message
        placed.setdefault((name, said), []).append(line)
    errors = tuple(FieldError(name, f"{_lines_said(lines)}{said}") for (name, said), lines in placed.items())
    return InvalidInput(refusal.message, next_step=refusal.next_step, field_errors=errors)


def _nowhere(given: dict[str, Any], worst: Sequence[str]) -> list[str]:
    """The fields of those of the worst captures that have no place yet."""
    content = analysis_content(given, worst)
    held = {sample for bucket in content["buckets"].values() for sample in bucket["samples"]}
    held |= {one["sample"] for one in content["unsorted"]}
    return [f"place_{number}" for number, sample in enumerate(worst) if sample not in held]


def _lines_said(lines: Sequence[str]) -> str:
    named = [line for line in lines if line]
    return f"line{'s' if len(named) > 1 else ''} {', '.join(named)}: " if named else ""


def _bucket(key: str, given: dict[str, Any], worst: Sequence[str]) -> dict[str, Any]:
    """What is said of one kind of trouble; without a number it is as many as are named."""
    written = [line for _, line in _lines(given[f"{key}_samples"])]
    chosen = [sample for number, sample in enumerate(worst) if given.get(f"place_{number}") == key]
    samples = [*written, *(sample for sample in chosen if sample not in written)]
    count = given[f"{key}_count"]
    return {
        "state": given[f"{key}_state"],
        "count": len(samples) if count is None else count,
        "seen": given[f"{key}_seen"],
        "samples": samples,
    }


def _apart(given: dict[str, Any], worst: Sequence[str]) -> list[Apart]:
    """Every failure that is none of the kinds, in the order of the content."""
    chosen = [
        (f"saw_{number}", "", {"sample": sample, "seen": given.get(f"saw_{number}", "")})
        for number, sample in enumerate(worst)
        if given.get(f"place_{number}") == APART
    ]
    written = [
        ("unsorted", str(number), _unsorted(line, worst)) for number, line in _lines(given["unsorted"])
    ]
    return [*chosen, *written]


def _unsorted(line: str, worst: Sequence[str]) -> dict[str, str]:
    """An id may hold colons itself: one that is known ends where it ends, another before colon and space."""
    known = next((sample for sample in worst if line.startswith(f"{sample}:")), None)
    if known is not None:
        return {"sample": known, "seen": line[len(known) + 1 :].strip()}
    sample, colon, seen = line.partition(": ")
    if not colon:
        sample, seen = line.removesuffix(":"), ""
    return {"sample": sample.strip(), "seen": seen.strip()}


def _lines(text: str) -> list[tuple[int, str]]:
    """The lines that are not empty, with their numbers."""
    numbered = enumerate(text.splitlines(), start=1)
    return [(number, line.strip()) for number, line in numbered if line.strip()]


def _place_of(field: str, apart: Sequence[Apart], given: dict[str, Any]) -> tuple[str, str]:
    """``content.buckets.blur.samples[0]`` is line 1 of the field blur_samples; a bucket as a whole is its
    answer."""
    path, _, rest = field.partition("[")
    index = int(rest.partition("]")[0]) if rest else None
    parts = path.split(".")
    if parts[0] != "content" or len(parts) < 2:
        return field, ""
    if parts[1] == "unsorted" and index is not None:
        return apart[index][:2] if index < len(apart) else ("unsorted", "")
    if parts[1] != "buckets" or len(parts) < 3:
        return parts[1], ""
    name = f"{parts[2]}_{parts[3] if len(parts) > 3 else 'state'}"
    written = _lines(str(given.get(name, ""))) if index is not None else []
    return name, str(written[index][0]) if index is not None and index < len(written) else ""
