"""The planner's form: which policy, which captures, what is assumed. It is read from the address alone."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from django import forms
from django.http import QueryDict

from governance.registry.models import ComponentVersion
from releases.gates.models import GatePolicy, PolicyState
from releases.gates.planning.asked_for import Counts
from releases.gates.planning.assumptions import Assumption
from releases.gates.planning.collecting import Group
from releases.gates.planning.plan import Wanted
from releases.gates.vocabulary.metrics import METRICS

FORM = "planner"
WRITTEN = "written"
MARK = "~"
LARGEST = 1_000_000_000
MOST_FIELDS = 2_000
LONGEST = 60
POWERS = ("80", "90", "95")
METRICS_OF = {
    label: [name for name, metric in METRICS.items() if metric.label == label and not metric.is_non_response]
    for label in ("attack", "bona_fide")
}
"""Error rates by the class that they are of."""


NUMBERS = {
    "attack_errors": "attack",
    "genuine_errors": "bona_fide",
    "differing": "discordance",
    "difference": "difference",
    "spread": "spread",
}
"""The fields of numbers, and what each is for: a class, or what an assumption names."""


def _share(label: str, help_text: str, low: float = 0, high: float = 100) -> forms.FloatField:
    widget = forms.NumberInput(attrs={"form": FORM, "step": "any", "min": low, "max": high})
    return forms.FloatField(
        label=label, help_text=help_text, min_value=low, max_value=high, required=False, widget=widget
    )


class PlannerForm(forms.Form):
    """What a plan is asked for; numbers in percent and points, as people write them."""

    policy = forms.ChoiceField(label="Gate policy", widget=forms.Select(attrs={"form": FORM}))
    captures = forms.ChoiceField(label="Captures", widget=forms.Select(attrs={"form": FORM}))
    power = forms.ChoiceField(
        label="Chance to pass asked for",
        choices=[(one, f"{one} %") for one in POWERS],
        widget=forms.Select(attrs={"form": FORM}),
        help_text="Of a release that truly is as assumed.",
    )
    attack_errors = _share("Attacks accepted, percent", "Empty: as the live release was measured.")
    genuine_errors = _share("Genuine users refused, percent", "Empty: as the live release was measured.")
    differing = _share(
        "Captures decided differently, percent",
        "Candidate against baseline. Empty: as the last runs measured.",
    )
    difference = _share(
        "True difference, points", "Candidate minus baseline; minus is better. Empty: none.", -100, 100
    )
    spread = _share("Scores of two stacks lie apart by, percent", "For calibration alone.")
    design_effect = forms.FloatField(
        label="Design effect of written counts",
        help_text="What the likeness of one person's captures costs. Empty: what the policy plans.",
        min_value=1,
        max_value=1000,
        required=False,
        widget=forms.NumberInput(attrs={"form": FORM, "step": "any", "min": 1, "max": 1000}),
    )

    use_required_attribute = False
    asked = ("policy", "captures", "power")
    assumed = ("attack_errors", "genuine_errors", "differing", "difference", "spread", "design_effect")

    def __init__(
        self,
        given: QueryDict,
        *,
        policy: GatePolicy,
        policies: Iterable[GatePolicy],
        datasets: Sequence[ComponentVersion],
    ) -> None:
        captures = [(str(one.pk), str(one)) for one in datasets]
        known = {key for key, _ in captures} | {WRITTEN}
        asked = given.get("captures") or given.get("dataset", "")
        first = {"captures": captures[0][0] if captures else WRITTEN, "power": POWERS[0]}
        data = {**first, **given.dict(), "policy": str(policy.pk)}
        # A dataset of another system stays behind when the policy is changed: planned all the same, and said.
        self.unknown = asked if asked and asked not in known else ""
        data["captures"] = asked if asked in known else first["captures"]
        super().__init__(data)
        self.given = given
        self.datasets = {str(one.pk): one for one in datasets}
        self.fields["policy"].choices = [(str(one.pk), policy_label(one)) for one in policies]  # type: ignore[attr-defined]  # a choice field
        self.fields["captures"].choices = [*captures, (WRITTEN, "Counts as written below")]  # type: ignore[attr-defined]  # a choice field

    def say_what_was_replaced(self) -> None:
        """Beside the captures, where the address asked for others that are not there."""
        if self.unknown:
            shown = dict(self.fields["captures"].choices)[self.data["captures"]]  # type: ignore[attr-defined]  # a choice field
            self.add_error(
                "captures",
                f"No dataset {self.unknown[:LONGEST]!r} of this system has scores; shown instead: {shown}.",
            )

    @property
    def is_written(self) -> bool:
        """Whether counts are those that somebody wrote."""
        return bool(self.data["captures"] == WRITTEN)

    def asked_fields(self) -> list[forms.BoundField]:
        """What stands beside the lead."""
        return [self[name] for name in self.asked]

    def assumed_fields(self) -> list[forms.BoundField]:
        """What is assumed."""
        return [self[name] for name in self.assumed]

    @property
    def assumes_something(self) -> bool:
        """Whether any number was written or is wrong."""
        return self.is_written or any(self.data.get(name) or self.errors.get(name) for name in self.assumed)

    def wanted(self) -> Wanted:
        """What the planner takes.

        Raises:
            ValidationError: written counts that are none.
        """
        found = self.cleaned_data
        return Wanted(
            dataset=self.datasets.get(found["captures"]),
            counts=written_counts(self.given) if self.is_written else None,
            design_effect=found["design_effect"] if self.is_written else None,
            assumptions=_assumptions(found),
            power=int(found["power"]) / 100,
        )


def policy_label(policy: GatePolicy) -> str:
    """``onboarding-liveness: pad_gate v2, in force``."""
    standing = "draft" if policy.state == PolicyState.DRAFT else "in force"
    if policy.in_force_until is not None:
        standing = "replaced"
    return f"{policy.system}: {policy}, {standing}"


def identifier(text: str) -> UUID | None:
    """The id in an address; None for what is none."""
    try:
        return UUID(text) if len(text) in {32, 36} else None
    except ValueError:
        return None


def count_name(what: str, group: Group) -> str:
    """The name of a field of written counts: ``n~attack~species~print``."""
    return MARK.join((what, group.label, *group.stratum))


def written_counts(given: QueryDict) -> Counts:
    """The counts of an address: presentations ``n~…`` and subjects ``k~…`` of each stratum; empty is none.

    Raises:
        ValidationError: naming the stratum.
    """
    found: dict[tuple[str, tuple[str, str]], tuple[int, int]] = {}
    for name, people_name, (label, kind, key) in written_places(given):
        rows, people = _whole(given.get(name, ""), key), _whole(given.get(people_name, ""), key)
        if people > rows or (rows and not people):
            raise forms.ValidationError(
                f"{key}: {rows:,} presentations of {people:,} subjects; each subject gives at least one."
            )
        if rows:
            found[label, (kind, key)] = rows, people
    if not found:
        raise forms.ValidationError("Write how many presentations and subjects there are, below.")
    return found


def written_places(given: QueryDict) -> list[tuple[str, str, tuple[str, str, str]]]:
    """The pairs of fields in an address: the names of both, and class, kind and key of what they are of."""
    found = []
    for name in list(given)[:MOST_FIELDS]:
        what, *place = name.split(MARK, len(("class", "kind", "key")))  # a key may hold the mark
        if what == "n" and len(place) == len(("class", "kind", "key")) and place[0] in METRICS_OF:
            found.append((name, MARK.join(("k", *place)), (place[0], place[1], place[2])))
    return found


def _whole(text: str, key: str) -> int:
    if not text.strip():
        return 0
    digits = text.strip().lstrip("0")
    many = int(digits or 0) if len(digits) <= len(str(LARGEST)) and _is_number(text.strip()) else LARGEST + 1
    if many > LARGEST:
        raise forms.ValidationError(f"{key}: {text[:20]!r} is no count up to {LARGEST:,}.")
    return many


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit()


def _assumptions(found: Mapping[str, Any]) -> list[Assumption]:
    """What was written, from percent to shares; how often a stack does not answer is left as measured."""
    numbers = {name: found[field] / 100 for field, name in NUMBERS.items() if found[field] is not None}
    rates = {label: numbers.pop(label) for label in METRICS_OF if label in numbers}
    made = [
        Assumption(metric=name, rate=rate, general=True)
        for label, rate in rates.items()
        for name in METRICS_OF[label]
    ]
    compared = [*METRICS_OF["attack"], *METRICS_OF["bona_fide"], "disagreement", "calibration_error"]
    return [*made, *(Assumption(metric=name, **numbers, general=True) for name in compared if numbers)]
