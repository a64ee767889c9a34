"""Presets: rules that others have published, as data, with their source and what they cannot check.

Each is one JSON file in ``presets/``. None of them is a certification: a preset asks of a release what a
document asks of a system under test, and says what only a laboratory can look at. They are data and no code,
so the folder is read, once, when somebody first asks; adding one touches nothing else.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import Field, model_validator

from governance.errors import FieldError, InvalidInput, invalid
from governance.ledger.canonical import canonical_bytes, digest_of
from governance.registry.models import System
from releases.gates.criteria.max_errors import MaxErrorsSpec
from releases.gates.judging.criterion import Criterion
from releases.gates.policies.parsing import CriterionInput, parsed_criterion
from releases.gates.policies.placeholders import PLACEHOLDERS, Placeholder
from releases.gates.policies.system_facts import SystemFacts, facts_of
from releases.gates.vocabulary import wording
from releases.gates.vocabulary.pins import Name, Part, Reason
from releases.statistics.max_errors import rule_bound

PLACE = Path(__file__).parent / "presets"
DISCLAIMER = "not a certification"
FEWER_SUBJECTS = (15, 6)
"""Beside one presentation per subject: what the same count shows when fewer people gave it."""


class Source(Part):
    """Where the rules come from, and what they say there in facts."""

    document: Name
    version: Name
    section: Name
    states: list[Reason] = Field(min_length=1)
    url: str = ""


class PresetCriterion(Part):
    """A criterion whose specification may hold placeholders, such as ``"$species"``."""

    key: Name
    kind: Name
    title: Name
    spec: dict[str, Any]
    severity: Literal["blocking", "advisory"] = "blocking"
    mode: Literal["enforce", "observe"] = "enforce"

    def placeholders(self) -> list[str]:
        """Names of the gaps, in their order."""
        return list(dict.fromkeys(_gaps(self.spec)))

    def filled(self, values: Mapping[str, Any]) -> CriterionInput:
        """The criterion with every gap filled."""
        spec = _filled(self.spec, values)
        return CriterionInput(self.key, self.kind, self.title, spec, self.severity, self.mode)


class Preset(Part):
    """A named set of criteria with its source, the words that it certifies nothing, and its blind spots."""

    key: Name
    title: Name
    summary: Reason
    notice: Reason
    source: Source
    cannot_check: list[Reason] = Field(min_length=1)
    criteria: list[PresetCriterion] = Field(min_length=1)

    @model_validator(mode="after")
    def certifies_nothing(self) -> Self:
        """Whoever reads it reads that, too."""
        if DISCLAIMER not in self.notice.lower():
            raise ValueError(f"the notice must say {DISCLAIMER!r}")
        return self

    @model_validator(mode="after")
    def can_be_filled(self) -> Self:
        """Every gap is known, and with examples in them every kind takes its specification."""
        unknown = [name for one in self.criteria for name in one.placeholders() if name not in PLACEHOLDERS]
        if unknown:
            raise ValueError(f"nothing fills ${unknown[0]}; placeholders are {', '.join(PLACEHOLDERS)}")
        try:
            self.examples()
        except InvalidInput as error:
            raise ValueError(error.message) from error
        if len({one.key for one in self.criteria}) != len(self.criteria):
            raise ValueError("a key stands twice")
        return self

    @cached_property
    def canonical(self) -> bytes:
        """The preset as it is hashed and kept beside the ledger's entry."""
        return canonical_bytes(self.model_dump(mode="json"))

    @cached_property
    def digest(self) -> str:
        """What names this very text of it."""
        return digest_of(self.model_dump(mode="json"))

    def asked(self) -> list[Placeholder]:
        """What its writer is asked for, in the order of the criteria."""
        named = dict.fromkeys(name for one in self.criteria for name in one.placeholders())
        return [PLACEHOLDERS[name] for name in named if PLACEHOLDERS[name].is_asked]

    def examples(self) -> list[Criterion]:
        """The criteria with words in their gaps, to be read as sentences."""
        values = {name: one.example for name, one in PLACEHOLDERS.items()}
        return [parsed_criterion(one.filled(values), f"criteria.{one.key}") for one in self.criteria]

    def bounds(self) -> list[str]:
        """What its count rules demonstrate when they are just met: a count is no bound, so it is shown."""
        return [_bound(one.spec) for one in self.examples() if isinstance(one.spec, MaxErrorsSpec)]


@dataclass(frozen=True)
class LeftOut:
    """A criterion that nothing fills, and why."""

    title: str
    why: str


@dataclass(frozen=True)
class FilledPreset:
    """The criteria for one system, and those that were left out."""

    criteria: list[CriterionInput]
    left_out: list[LeftOut]


@lru_cache(maxsize=1)
def presets() -> dict[str, Preset]:
    """All presets by key.

    Raises:
        ValidationError: a file does not fit.
    """
    found = [Preset.model_validate(json.loads(path.read_text())) for path in sorted(PLACE.glob("*.json"))]
    return {one.key: one for one in found}


def preset_of(key: str) -> Preset:
    """The preset.

    Raises:
        InvalidInput: there is none of this key.
    """
    found = presets().get(key)
    if found is None:
        raise invalid("preset", f"{key[:80]!r} is none of {', '.join(presets())}.")
    return found


def filled_preset(preset: Preset, system: System, values: Mapping[str, Any]) -> FilledPreset:
    """The preset for a system; what it cannot judge there is left out with the reason.

    Raises:
        InvalidInput: naming each value that is missing, unknown or does not fit.
    """
    facts = facts_of(system)
    found = _values(preset, facts, values)
    criteria, left_out = [], []
    for one in preset.criteria:
        empty = [PLACEHOLDERS[name].why_empty for name in one.placeholders() if found[name] is None]
        if empty:
            left_out.append(LeftOut(one.title, empty[0]))
        else:
            criteria.append(one.filled(found))
    if not criteria:
        raise invalid("preset", f"nothing of {preset.title} can be judged here: {left_out[0].why}.")
    return FilledPreset(criteria, left_out)


def _values(preset: Preset, facts: SystemFacts, given: Mapping[str, Any]) -> dict[str, Any]:
    asked = {one.name: one for one in preset.asked()}
    problems = [
        FieldError(f"values.{name[:80]}", f"{preset.title} asks for {', '.join(asked) or 'nothing'}.")
        for name in given
        if name not in asked
    ]
    problems += [
        FieldError(f"values.{name}", f"{one.label} is missing.")
        for name, one in asked.items()
        if one.is_needed and given.get(name) is None
    ]
    found: dict[str, Any] = {}
    for name in dict.fromkeys(name for one in preset.criteria for name in one.placeholders()):
        try:
            found[name] = None if problems else PLACEHOLDERS[name].filled(facts, given.get(name))
        except InvalidInput as error:
            problems += error.field_errors
    if problems:
        said = "; ".join(f"{one.field}: {one.message}" for one in problems)
        raise InvalidInput(said, field_errors=tuple(problems))
    return found


def _gaps(value: Any) -> Iterator[str]:
    if isinstance(value, str) and value.startswith("$"):
        yield value[1:]
    elif isinstance(value, dict | list):
        for part in value.values() if isinstance(value, dict) else value:
            yield from _gaps(part)


def _filled(value: Any, values: Mapping[str, Any]) -> Any:
    if isinstance(value, str) and value.startswith("$"):
        return values[value[1:]]
    if isinstance(value, dict):
        return {key: _filled(part, values) for key, part in value.items()}
    return [_filled(part, values) for part in value] if isinstance(value, list) else value


def _bound(spec: MaxErrorsSpec) -> str:
    """``0 of 150 is at most 1.98 % from 150 subjects, 5.41 % from 15, 10.90 % from 6``."""
    asked, rule = spec.presentations, spec.rule
    shown = {
        many: rule_bound(rule, subjects=many, planned_icc=spec.planned_icc, alpha=spec.alpha_pass)
        for many in (asked, *(few for few in FEWER_SUBJECTS if few < asked))
    }
    first, *rest = (f"{100 * bound:.2f} % from {many} subjects" for many, bound in shown.items())
    metric = wording.listed_plainly([spec.gate_metric.words])
    fewer = f"; with as many from each, {' and '.join(rest)}" if rest else ""
    return f"{spec.max_errors} of {asked} {metric} is at most {first}{fewer}."
