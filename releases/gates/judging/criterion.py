"""What a kind of criterion is, and a criterion of a policy as the gate runs it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from governance.ledger.canonical import digest_of
from releases.gates.judging.context import Context
from releases.gates.judging.marks import joined, marked, with_added
from releases.gates.vocabulary.inputs import AddedSegmentInput
from releases.gates.vocabulary.outcomes import CriterionOutcome
from releases.gates.vocabulary.specs import Spec


@dataclass(frozen=True)
class CriterionKind:
    """A kind: its specification, how to say it in a sentence, and how to judge it.

    ``sentence`` and ``evaluate`` take a specification of the type ``spec``. ``looks_at`` names the inputs it
    reads beside tables, thresholds and references (fields of Inputs); None: all. What it does not name it
    does not get to see (releases/gates/runs/criterion_inputs.py), so that its figures can be kept.
    """

    key: str
    title: str
    spec: type[Spec]
    sentence: Callable[[Any], str]
    evaluate: Callable[[Context, Any], CriterionOutcome]
    looks_at: frozenset[str] | None = None

    @property
    def compares(self) -> bool:
        """Whether it holds the candidate against another stack."""
        return "baseline" in self.spec.model_fields


@dataclass(frozen=True)
class Criterion:
    """One line of a policy with its specification parsed."""

    key: str
    version: int
    kind: CriterionKind
    title: str
    owner: str
    severity: str
    mode: str
    spec: Spec

    @property
    def decides(self) -> bool:
        """Whether the gate's verdict depends on it: blocking and enforced."""
        return self.severity == "blocking" and self.mode == "enforce"

    def document(self) -> dict[str, Any]:
        """Canonical form: what its digest and the policy's are made of."""
        return {
            "key": self.key,
            "version": self.version,
            "kind": self.kind.key,
            "title": self.title,
            "severity": self.severity,
            "mode": self.mode,
            "spec": self.spec_document(),
        }

    def spec_document(self) -> dict[str, Any]:
        """The specification as it is stored, defaults included."""
        return self.spec.model_dump(mode="json", exclude_none=True)

    @property
    def digest(self) -> str:
        return digest_of(self.document())

    def sentence(self) -> str:
        """The criterion in plain words."""
        return self.kind.sentence(self.spec)

    def judged(self, context: Context) -> CriterionOutcome:
        """Its verdict on the inputs, protected segments that it does not name included."""
        outcomes = [
            with_added(spec.added_segments(), self.kind.evaluate(context, spec))
            for spec in self.specs(context.inputs.added_segments)
        ]
        return marked(context.inputs, joined(outcomes))

    def specs(self, added: Sequence[AddedSegmentInput]) -> tuple[Spec, ...]:
        """What is judged: its own specification, and what protected segments add to it and beside it."""
        joining = [one.pinned() for one in added if self.key in one.criteria]
        in_full = [one.pinned() for one in added if self.key in one.in_full]
        return (*self.spec.joined_by(joining), *self.spec.in_full(in_full))
