"""What a criterion asks of the inputs while it is evaluated: which datasets, which references, which
counts.

Tables are loaded once and scanned once per distinct reference, however many criteria look at them.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import polars as pl

from releases.gates.vocabulary.inputs import DatasetInput, Inputs, ReferenceInput, TableInput, ThresholdInput
from releases.gates.vocabulary.outcomes import NotAnswerable, ReasonCode
from releases.scores.scan import Scan, ScoredTable, scan_tables
from releases.scores.streams import counted_again
from releases.statistics.thresholds import Polarity

Load = Callable[[TableInput], pl.LazyFrame]


@dataclass
class Context:
    """The frozen inputs, and a way to load the tables that they name (verified by digest)."""

    inputs: Inputs
    load: Load
    _frames: dict[str, pl.LazyFrame] = field(default_factory=dict)
    _scans: dict[tuple[str, str], Scan] = field(default_factory=dict)
    _pairs: set[tuple[str, str]] = field(default_factory=set)
    _counting: dict[tuple[str, ...], list[int]] = field(default_factory=dict)

    @property
    def earlier_runs(self) -> int:
        """Runs of the lineage on the same data that did not pass before this one."""
        return len({run.result_digest for run in self.inputs.earlier_runs})

    def alpha_pass(self, planned: float) -> float:
        """The error rate left for this run: every earlier try of the lineage takes its share."""
        return planned / (self.earlier_runs + 1)

    def datasets(self, pinned: str | None) -> list[DatasetInput]:
        """The test datasets a criterion looks at: the pinned one, or all of the release.

        Raises:
            NotAnswerable: no_data, when there is none.
        """
        found = [one for one in self.inputs.datasets if pinned is None or one.digest == pinned]
        if not found:
            which = "the test dataset that the policy pins" if pinned else "a test dataset"
            raise NotAnswerable(
                ReasonCode.NO_DATA, f"The release does not hold {which}", f"needs {which} in the release"
            )
        return found

    def reference(self, revision: str) -> ReferenceInput | None:
        """The reference of this revision, if it was found when the inputs were frozen."""
        return next((one for one in self.inputs.references if one.revision == revision), None)

    def live_references(self) -> list[ReferenceInput]:
        """The distinct revisions that are live on touched channels."""
        return [one for one in self.inputs.references if one.live_on]

    def candidate_scan(self, dataset: DatasetInput, max_age_days: float | None) -> Scan:
        """The candidate's decisions on the dataset.

        Raises:
            NotAnswerable: there is no table of this stack, it is too old, or no band decides it.
            CountingRefused: table and threshold policy do not fit.
        """
        return self._scan((dataset.digest, ""), self._candidate(dataset, max_age_days), None)

    def reference_scan(self, dataset: DatasetInput, reference: ReferenceInput) -> Scan:
        """The reference's decisions on its own captures, as those of a candidate.

        Raises:
            NotAnswerable: the reference has no table on this dataset, or no band decides it.
            CountingRefused: table and threshold policy do not fit.
        """
        key = (dataset.digest, f"{reference.revision} alone")
        return self._scan(key, self._reference(dataset, reference), None)

    def paired_scan(
        self, dataset: DatasetInput, reference: ReferenceInput, max_age_days: float | None
    ) -> Scan:
        """Both stacks' decisions on the same captures.

        Raises:
            NotAnswerable: as :meth:`candidate_scan`, or the reference has no table on this dataset.
            CountingRefused: the two tables contradict each other.
        """
        candidate = self._candidate(dataset, max_age_days)
        return self._scan(
            (dataset.digest, reference.revision), candidate, self._reference(dataset, reference)
        )

    def _candidate(self, dataset: DatasetInput, max_age_days: float | None) -> list[ScoredTable]:
        if dataset.problem is not None:
            raise dataset.problem.raised()
        tables = dataset.candidate_tables()
        if not tables:
            raise NotAnswerable(
                ReasonCode.NO_DATA,
                f"No score table of this stack on {dataset.name}",
                f"needs the scores of this stack on {dataset.name}",
            )
        if any(one.stack_digest != self.inputs.stack_digest and not one.re_decided for one in tables):
            raise NotAnswerable(
                ReasonCode.REPORT_NOT_OF_THIS_STACK,
                f"The scores on {dataset.name} are of another stack",
                f"needs the scores of this stack on {dataset.name}",
            )
        tables = self._current(tables)
        if not tables:
            raise NotAnswerable(
                ReasonCode.NO_DATA,
                f"The scores on {dataset.name} hold no capture",
                f"needs captures of {dataset.name}",
            )
        if max_age_days is not None and any(one.age_days > max_age_days for one in tables):
            raise NotAnswerable(
                ReasonCode.STALE_EVIDENCE,
                f"The scores on {dataset.name} are older than {max_age_days:g} days",
                "needs scores that were measured anew",
            )
        return self._scored(tables, self.inputs.thresholds)

    def _reference(self, dataset: DatasetInput, reference: ReferenceInput) -> list[ScoredTable]:
        tables = dataset.reference_tables(reference.revision)
        if not tables:
            raise NotAnswerable(
                ReasonCode.BASELINE_MISSING,
                f"{reference.name} has no score table on {dataset.name}",
                f"needs the scores of {reference.name} on {dataset.name}",
            )
        tables = self._current(tables)
        if not tables:
            raise NotAnswerable(
                ReasonCode.BASELINE_MISSING,
                f"The scores of {reference.name} on {dataset.name} hold no capture",
                f"needs the scores of {reference.name} on {dataset.name}",
            )
        return self._scored(tables, reference.thresholds)

    def _current(self, tables: list[TableInput]) -> list[TableInput]:
        """Of a report's tables those that count; none where they hold not one row between them.

        Found out once, and kept by place: each criterion sees the same tables, with ages of its own.
        """
        key = tuple(one.canonical_digest for one in tables)
        if key not in self._counting:
            self._counting[key] = self._places(tables)
        return [tables[place] for place in self._counting[key]]

    def _places(self, tables: list[TableInput]) -> list[int]:
        """A table whose captures all came again in later ones is replaced by them.

        Tables that overlap in part contradict each other; the scan refuses them and names the captures.
        """
        kept = [0]
        for place, table in enumerate(tables[1:], start=1):
            held, again = counted_again(self._frame(table), [self._frame(tables[one]) for one in kept])
            if held == 0 or again < held:
                kept.append(place)
        return kept if any(self._has_rows(tables[place]) for place in kept) else []

    def _has_rows(self, table: TableInput) -> bool:
        """Whether there is a row to scan; of a stored table its file's footer says so."""
        return bool(self._frame(table).select(pl.len()).collect().item())

    def _scored(self, tables: list[TableInput], thresholds: ThresholdInput) -> list[ScoredTable]:
        bands = thresholds.executable()
        return [
            ScoredTable(
                self._frame(table),
                Polarity(table.polarity),
                bands,
                f"table {place} of {len(tables)}" if len(tables) > 1 else "",
            )
            for place, table in enumerate(tables, start=1)
        ]

    def _frame(self, table: TableInput) -> pl.LazyFrame:
        if table.canonical_digest not in self._frames:
            self._frames[table.canonical_digest] = self.load(table)
        return self._frames[table.canonical_digest]

    def _scan(
        self, key: tuple[str, str], candidate: list[ScoredTable], baseline: list[ScoredTable] | None
    ) -> Scan:
        if key not in self._scans:
            self._make_room(key[0], is_pair=baseline is not None)
            set_up = [self._frame(table) for table in self.inputs.set_up]
            self._scans[key] = scan_tables(candidate, baseline, set_up=set_up)
            if baseline is not None:
                self._pairs.add(key)
        return self._scans[key]

    def _make_room(self, dataset: str, *, is_pair: bool) -> None:
        """Of one dataset either pairs are held or stacks by themselves: both hold the same captures, and with
        ten million of them a third of a gigabyte more. Criteria are judged in an order that changes once.
        """
        for key in [one for one in self._scans if one[0] == dataset and (one in self._pairs) != is_pair]:
            del self._scans[key]
