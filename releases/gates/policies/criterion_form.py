"""The form of one criterion: what every criterion has, and the fields of its kind's specification."""

import re
from collections.abc import Iterator
from inspect import getmodule
from typing import Any

from django import forms

from governance.access.admin_acts import ActForm
from governance.errors import InvalidInput
from releases.gates.judging.criterion import Criterion, CriterionKind
from releases.gates.policies.compound import special_parts
from releases.gates.policies.fields import MISSING, Item, Nested, Part, defaults_of, leaf, parts_of
from releases.gates.policies.form_words import CHOICE_WORDS
from releases.gates.policies.parsing import (
    KEY_WANTED,
    MODES,
    SEVERITIES,
    CriterionInput,
    fits_an_address,
    parsed_criterion,
)
from releases.gates.policies.system_facts import SystemFacts
from releases.gates.vocabulary.specs import ClusteredSpec

AT_FIRST = frozenset({"strata", "stratum_rule"})
FOLDED = (frozenset(ClusteredSpec.__annotations__) - AT_FIRST) | {"pairing", "pairing_reason", "bins"}
"""Fields with usual values; they are folded away."""
ORDER = ("metric", "population", "attestation", "strata", "stratum_rule", "baseline")
"""What is read first, as far as a kind has it; the rest follows as the kind states it."""

SPEC = "spec"
HEADS = (".way", ".against")
"""Fields that speak for a box of several."""


class CriterionForm(ActForm):
    """``kind`` says which fields there are; ``current`` is what the criterion holds, so that it stays
    choosable. ``taken`` are keys to warn of while one writes. ``read`` names what the writer has read of the
    policy.
    """

    may_be_incomplete = True  # what may stay empty says so itself
    read = forms.CharField(widget=forms.HiddenInput, max_length=71)
    title = forms.CharField(label="Title", max_length=200)
    key = forms.CharField(
        label="Key",
        max_length=100,
        help_text="Letters, digits, dot, underscore and hyphen. It names the line in every result.",
    )
    severity = forms.ChoiceField(
        label="Severity", choices=[(one, CHOICE_WORDS["severity"][one]) for one in SEVERITIES]
    )
    mode = forms.ChoiceField(label="Mode", choices=[(one, CHOICE_WORDS["mode"][one]) for one in MODES])

    def __init__(
        self,
        *args: Any,
        kind: CriterionKind,
        facts: SystemFacts,
        current: CriterionInput | None = None,
        taken: frozenset[str] = frozenset(),
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.kind, self.current, self.taken = kind, current, taken
        spec = current.spec if current else {}
        self.parts = _parts(kind, facts, spec)
        self.criterion: Criterion | None = None
        for part in self.parts:
            self.fields |= dict(part.fields())
        if current:
            del self.fields["key"]

    def clean_key(self) -> str:
        """A key of its own that an address can hold."""
        key: str = self.cleaned_data["key"]
        if not fits_an_address(key):
            raise forms.ValidationError(f"{KEY_WANTED[:1].upper()}{KEY_WANTED[1:]}.")
        if key in self.taken:
            raise forms.ValidationError(_sentence(taken(key)))
        return key

    def clean(self) -> dict[str, Any]:
        """The criterion as its kind takes it; every problem stands beside its field."""
        given = super().clean() or {}
        if self.errors:
            return given
        try:
            self.criterion = parsed_criterion(self.written(), "criterion")
        except InvalidInput as refusal:
            for error in refusal.field_errors:
                self.add_error(self._place(error.field), _sentence(error.message))
        return self.cleaned_data

    def written(self) -> CriterionInput:
        """What the form says."""
        given = self.cleaned_data
        spec = Nested(SPEC, self.parts).read(given)
        return CriterionInput(
            key=self.current.key if self.current else given["key"],
            kind=self.kind.key,
            title=given["title"],
            spec={} if spec is MISSING else spec,
            severity=given["severity"],
            mode=given["mode"],
            owner=self.current.owner if self.current else "",
        )

    def arguments(self) -> dict[str, Any]:
        """The criterion, and what the writer has read."""
        return {"read": self.cleaned_data["read"], "criterion": self.written()}

    def says(self) -> str:
        """The criterion as a sentence; '' while it does not hold together."""
        return self.criterion.sentence() if self.criterion else ""

    def first_items(self) -> Iterator[dict[str, Any]]:
        """What a reader looks at first."""
        first = [part for part in self.parts if not _is_folded(part)]
        yield from (self._shown(part.item()) for part in sorted(first, key=_rank))

    def folded_items(self) -> Iterator[dict[str, Any]]:
        """Statistics and evidence, with their usual values."""
        yield from (self._shown(part.item()) for part in self.parts if _is_folded(part))

    @property
    def has_folded(self) -> bool:
        """Whether the kind has any of them."""
        return any(_is_folded(part) for part in self.parts)

    @property
    def has_folded_errors(self) -> bool:
        """Whether what is folded away must be seen."""
        return any(
            name in self.errors for part in self.parts if _is_folded(part) for name, _ in part.fields()
        )

    def _shown(self, item: Item) -> dict[str, Any]:
        return {
            "field": self[item.name] if item.name else None,
            "title": item.title,
            "css": item.css,
            "items": [self._shown(one) for one in item.items],
        }

    def _place(self, path: str) -> str | None:
        """The field that a path of the specification belongs to, or the form as a whole."""
        name = re.sub(r"\[[^]]*\]", "", path).removeprefix("criterion.")
        while name:
            for found in (name, *(f"{name}{head}" for head in HEADS)):
                if found in self.fields:
                    return found
            name = name.rpartition(".")[0]
        return None


def taken(key: str) -> str:
    """Said of a key that another criterion has."""
    return f"the policy has a criterion {key} already; choose another key."


def initial_of(
    kind: CriterionKind, facts: SystemFacts, *, spec: dict[str, Any], current: CriterionInput | None = None
) -> dict[str, Any]:
    """What the form shows at first: the usual values, and over them what is stated."""
    parts = _parts(kind, facts, spec)
    shown: dict[str, Any] = Nested(SPEC, parts).initial({**defaults_of(kind.spec), **spec})
    if current is None:
        return {"severity": "blocking", "mode": "enforce", **shown}
    return {"title": current.title, "severity": current.severity, "mode": current.mode, **shown}


def about_of(kind: CriterionKind) -> str:
    """What a kind asks, in the words of its own file."""
    said = (getmodule(kind.evaluate) or kind).__doc__ or ""
    return " ".join(said.strip().split("\n\n")[0].split())


def _parts(kind: CriterionKind, facts: SystemFacts, spec: dict[str, Any]) -> tuple[Part, ...]:
    return parts_of(kind.spec, special_parts(facts, spec), f"{SPEC}.")


def _is_folded(part: Part) -> bool:
    return leaf(part.name) in FOLDED


def _rank(part: Part) -> int:
    name = leaf(part.name)
    return ORDER.index(name) if name in ORDER else len(ORDER)


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}"
