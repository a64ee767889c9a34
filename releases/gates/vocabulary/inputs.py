"""Everything an evaluation looks at, frozen when it is requested: by digest, so that running it again gives
the same result whatever was imported or went live since.
"""

from typing import Any
from uuid import UUID

from pydantic import Field

from governance.ledger.canonical import digest_of
from governance.registry.predicates import parse_predicate
from releases.gates.vocabulary.fact_inputs import FactsInput, Frozen
from releases.gates.vocabulary.outcomes import NotAnswerable, ReasonCode
from releases.gates.vocabulary.pins import PinnedSegment
from releases.scores.bands import Band, Bands
from releases.statistics.thresholds import AtThreshold, Polarity


class TableInput(Frozen):
    """A score table by its digests. ``age_days`` is how old it was when the evaluation was requested.

    ``re_decided``: it was measured under another threshold policy of the same model, fusion and SDK, and its
    scores are decided anew by the policy of the candidate.
    """

    id: str
    file_digest: str
    canonical_digest: str
    stack_digest: str
    polarity: str
    rows: int
    age_days: float
    re_decided: bool = False


class BandInput(Frozen):
    """A band of a threshold policy, its segment resolved to a predicate."""

    accept: float
    retry: float | None = None
    use_case: str | None = None
    channel: str | None = None
    segment: dict[str, Any] | None = None


class ThresholdInput(Frozen):
    """The threshold policies of a stack as one set of bands, or the ``problem`` that they do not make one."""

    digests: list[str]
    polarity: str = ""
    at_threshold: str = ""
    attempts_allowed: int = 1
    bands: list[BandInput] = Field(default_factory=list)
    problem: str = ""

    def executable(self) -> Bands:
        """The bands that decide rows.

        Raises:
            NotAnswerable: no_band, with the problem.
        """
        if self.problem:
            raise NotAnswerable(ReasonCode.NO_BAND, self.problem, "needs a threshold policy that decides")
        bands = tuple(
            Band(
                accept=band.accept,
                retry=band.retry,
                use_case=band.use_case,
                channel=band.channel,
                segment=None if band.segment is None else parse_predicate(band.segment),
            )
            for band in self.bands
        )
        try:
            return Bands(
                Polarity(self.polarity), AtThreshold(self.at_threshold), bands, self.attempts_allowed
            )
        except ValueError as error:
            raise NotAnswerable(
                ReasonCode.NO_BAND,
                f"The threshold policy decides nothing: {error}.",
                "needs a threshold policy that decides",
            ) from error


class ChannelInput(Frozen):
    """A channel that the revision touches."""

    id: str
    name: str


class ReferenceInput(Frozen):
    """A revision to compare with: what is live on some touched channels, or what the policy pinned."""

    revision: str
    release: str
    name: str
    number: int
    stack_digest: str
    thresholds: ThresholdInput
    live_on: list[ChannelInput] = Field(default_factory=list)


class ProblemInput(Frozen):
    """Why there is no table to judge."""

    reason: ReasonCode
    sentence: str
    needs: str

    def raised(self) -> NotAnswerable:
        """As the exception that criteria understand."""
        return NotAnswerable(self.reason, self.sentence, self.needs)


class DatasetInput(Frozen):
    """A test dataset: the candidate's table on it, and each reference's by its revision.

    A report may bring several tables, each of a part of the captures. The newest stands in the first place,
    the others behind it in the parts.
    """

    id: str
    name: str
    digest: str
    candidate: TableInput | None = None
    problem: ProblemInput | None = None
    references: dict[str, TableInput | None] = Field(default_factory=dict)
    candidate_parts: list[TableInput] = Field(default_factory=list)
    reference_parts: dict[str, list[TableInput]] = Field(default_factory=dict)

    def candidate_tables(self) -> list[TableInput]:
        """All tables of the candidate, the newest first; none if it has none."""
        return [] if self.candidate is None else [self.candidate, *self.candidate_parts]

    def reference_tables(self, revision: str) -> list[TableInput]:
        """All tables of a reference, the newest first; none if it has none."""
        table = self.references.get(revision)
        return [] if table is None else [table, *self.reference_parts.get(revision, [])]


class AddedSegmentInput(Frozen):
    """A protected segment in force when the revision was frozen, for criteria that do not name it, and
    ``in_full`` for those that would look at some of its captures only.
    """

    id: str
    key: str
    version: int
    title: str
    predicate: dict[str, Any]
    criteria: list[str]
    in_full: list[str] = Field(default_factory=list)

    def pinned(self) -> PinnedSegment:
        """As specifications hold segments."""
        return PinnedSegment(
            id=UUID(self.id),
            key=self.key,
            version=self.version,
            title=self.title,
            protected=True,
            predicate=self.predicate,
            added="protected",
        )


class AttestationInput(Frozen):
    """The newest attestation of a kind for the frozen manifest, as it stood when the run was requested."""

    kind: str
    acceptable: bool
    digest: str
    age_days: float
    attested_by: str


class EarlierRun(Frozen):
    """An earlier run of the lineage on the same data that did not pass."""

    result_digest: str
    verdict: str
    release: str
    policy_digest: str


class Inputs(Frozen):
    """The frozen inputs of one evaluation."""

    manifest_digest: str
    stack_digest: str
    policy_digest: str
    thresholds: ThresholdInput
    datasets: list[DatasetInput]
    references: list[ReferenceInput]
    channels: list[ChannelInput]
    channels_without_live: list[ChannelInput]
    set_up: list[TableInput]
    facts: FactsInput
    added_segments: list[AddedSegmentInput] = Field(default_factory=list)
    attestations: list[AttestationInput] = Field(default_factory=list)
    earlier_runs: list[EarlierRun] = Field(default_factory=list)

    def identity(self) -> dict[str, Any]:
        """What the result depends on, by digest and name: no ids of rows and no times.

        The manifest is left out on purpose: a changed card that changes no verdict changes no result.
        """
        stacks = {reference.revision: reference.stack_digest for reference in self.references}
        # Left out while there is none, so that results keep the digests they had before these parts were.
        attested = {"attestations": [one.digest for one in self.attestations]} if self.attestations else {}
        added = (
            {"added_segments": [_segment(one) for one in self.added_segments]} if self.added_segments else {}
        )
        return {
            **attested,
            **added,
            "policy": self.policy_digest,
            "stack": self.stack_digest,
            "threshold_policies": self.thresholds.digests,
            "datasets": [_dataset(dataset, stacks) for dataset in self.datasets],
            "references": [
                {
                    "name": reference.name,
                    "number": reference.number,
                    "stack": reference.stack_digest,
                    "threshold_policies": reference.thresholds.digests,
                    "live_on": [channel.id for channel in reference.live_on],
                }
                for reference in self.references
            ],
            "channels_without_live": [channel.id for channel in self.channels_without_live],
            "set_up": [_table(table) for table in self.set_up],
            "facts": self.facts.identity(),
        }

    @property
    def digest(self) -> str:
        """Equal for two runs exactly when they judge the same thing by the same policy."""
        return digest_of(self.identity())

    def with_earlier_runs(self, runs: list[EarlierRun]) -> "Inputs":
        """The same inputs, knowing which runs came before."""
        return self.model_copy(update={"earlier_runs": runs})


def _dataset(dataset: DatasetInput, stacks: dict[str, str]) -> dict[str, Any]:
    """Tables by their digests; further tables of a report are named only where there are some."""
    found: dict[str, Any] = {
        "dataset": dataset.digest,
        "candidate": _table(dataset.candidate),
        "problem": dataset.problem.reason if dataset.problem else None,
        "references": {stacks[revision]: _table(table) for revision, table in dataset.references.items()},
    }
    if dataset.candidate_parts:
        found["candidate_parts"] = [_table(table) for table in dataset.candidate_parts]
    if dataset.reference_parts:
        found["reference_parts"] = {
            stacks[revision]: [_table(table) for table in tables]
            for revision, tables in dataset.reference_parts.items()
        }
    return found


def _table(table: TableInput | None) -> dict[str, Any] | None:
    if table is None:
        return None
    found: dict[str, Any] = {
        "file": table.file_digest,
        "table": table.canonical_digest,
        "polarity": table.polarity,
    }
    return {**found, "re_decided_from": table.stack_digest} if table.re_decided else found


def _segment(one: AddedSegmentInput) -> dict[str, Any]:
    found = {"key": one.key, "version": one.version, "predicate": one.predicate, "criteria": one.criteria}
    return {**found, "in_full": one.in_full} if one.in_full else found
