"""The one scan: read a candidate's tables, and a baseline's beside them, decide every row, and match by id.

What comes out is one small number per fact and one byte per stack for each unit. A unit is a capture, or a
whole transaction where a table names transactions. Everything that is counted afterwards, for however many
criteria and strata, is counted from these; texts and scores are not kept.
"""

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import numpy.typing as npt
import polars as pl

from releases.scores.bands import Bands
from releases.scores.encoding import Encoder
from releases.scores.matching import Findings, joined_tables, matched
from releases.scores.normalise import ATTRIBUTE_PREFIX
from releases.scores.outcomes import SET_THRESHOLD, Arm, Flags, state_column
from releases.scores.polars_boundary import polars_errors_refused
from releases.scores.refusals import PolaritiesDiffer
from releases.scores.streams import SortedTable, aligned
from releases.scores.tally import Tallies
from releases.scores.transactions import coded_attempts, whole_transactions
from releases.statistics.thresholds import Polarity

CLUSTERS = ("subject", "instrument")
FACTS = ("label", "species", "source_set", "channel", "use_case")
THREADS = 2
FEW_ROWS = 20_000  # up to so many, handing columns to threads costs more than it saves

ArmName = Literal["candidate", "baseline"]
Codes = npt.NDArray[np.signedinteger]


@dataclass(frozen=True)
class ScoredTable:
    """A canonical table (canonical.scan_canonical) under the numbers of a threshold policy. ``polarity`` is
    the one declared at import; the policy must read scores the same way. ``name`` is what refusals call it.
    """

    rows: pl.LazyFrame
    polarity: Polarity
    bands: Bands
    name: str = ""


ScoredTables = ScoredTable | Sequence[ScoredTable]


@dataclass(frozen=True)
class Scan:
    """One entry per unit of either stack.

    ``facts`` has FACTS and the attributes as Enum columns. ``subject`` and ``instrument`` are codes in the
    order of the ids, −1 where there is none. ``set_threshold`` marks units of which a capture also set the
    threshold, ``transaction`` those that are whole transactions.
    """

    facts: pl.DataFrame
    subject: Codes
    instrument: Codes
    set_threshold: Flags
    transaction: Flags
    candidate: Arm
    baseline: Arm | None
    tables: dict[ArmName, tuple[ScoredTable, ...]] = field(default_factory=dict)
    tallies: Tallies = field(default_factory=Tallies, compare=False)

    def arm(self, name: ArmName) -> Arm:
        """Raises ValueError for a baseline that was not scanned."""
        found = self.candidate if name == "candidate" else self.baseline
        if found is None:
            raise ValueError("no baseline was scanned: pass its table to scan_tables")
        return found

    def polarity(self, name: ArmName = "candidate") -> Polarity:
        """Which way the scores of a stack read."""
        return self.tables[name][0].polarity

    def restricted(self, rows: Flags) -> "Scan":
        """The scan of some of the units; its tables are not carried along."""
        return Scan(
            facts=self.facts.filter(pl.Series(rows)),
            subject=self.subject[rows],
            instrument=self.instrument[rows],
            set_threshold=self.set_threshold[rows],
            transaction=self.transaction[rows],
            candidate=Arm(self.candidate.state[rows]),
            baseline=None if self.baseline is None else Arm(self.baseline.state[rows]),
        )


def scan_tables(
    candidate: ScoredTables, baseline: ScoredTables | None = None, *, set_up: Sequence[pl.LazyFrame] = ()
) -> Scan:
    """Read, decide and match. Each stack has one table or several, whose samples must be disjoint. ``set_up``
    are the canonical tables on which the thresholds were set.

    Raises PolaritiesDiffer; TablesOverlap; TablesDisagree when candidate and baseline state different facts
    about one id. A fact that only one of them states is taken from that one.
    """
    arms = [_tables(candidate)] + ([] if baseline is None else [_tables(baseline)])
    with polars_errors_refused("scanned"):
        return _Scanning(arms, set_up).run()


def _tables(given: ScoredTables) -> tuple[ScoredTable, ...]:
    tables = (given,) if isinstance(given, ScoredTable) else tuple(given)
    if not tables:
        raise ValueError("a stack without a table: pass at least one ScoredTable")
    if any(table.bands != tables[0].bands for table in tables):
        raise ValueError("the tables of one stack are decided by one threshold policy: their bands differ")
    for table in tables:
        if table.polarity is not table.bands.polarity:
            raise PolaritiesDiffer(
                f"The table {table.name} declares".replace("  ", " ")
                + f" {table.polarity.value}, the threshold policy {table.bands.polarity.value}."
            )
    return tables


@dataclass(frozen=True)
class _Selector:
    """From stored rows to decided ones; a fact that the table lacks is unknown in every row."""

    bands: Bands
    columns: tuple[str, ...]
    facts: tuple[str, ...]

    def __call__(self, rows: pl.LazyFrame) -> pl.LazyFrame:
        absent = [
            pl.lit(None, dtype=pl.String).alias(name) for name in self.facts if name not in self.columns
        ]
        there = [name for name in self.facts if name in self.columns]
        state = state_column(self.bands, self.columns)
        return rows.select("sample", "transaction", "attempt", *there, state).with_columns(absent)


class _Scanning:
    """The state of a scan while pieces stream by."""

    def __init__(self, arms: Sequence[tuple[ScoredTable, ...]], set_up: Sequence[pl.LazyFrame]) -> None:
        self.arms = arms
        self.set_up = set_up
        columns = sorted({name for arm in arms for one in arm for name in one.rows.collect_schema().names()})
        attributes = [name for name in columns if name.startswith(ATTRIBUTE_PREFIX)]
        self.encoders = {name: Encoder() for name in (*CLUSTERS, *FACTS, *attributes)}
        self.findings = Findings()
        self.attempts: list[list[pl.DataFrame]] = [[] for _ in arms]
        self.states: list[list[npt.NDArray[np.uint8]]] = [[] for _ in arms]
        self.captures = 0

    def run(self) -> Scan:
        streams = [[SortedTable(one.rows, self._selector(one)) for one in arm] for arm in self.arms]
        marks = [SortedTable(rows, lambda rows: rows.select("sample")) for rows in self.set_up]
        with ThreadPoolExecutor(THREADS) as pool:
            for *pieces, marked in aligned([*streams, marks]):
                self._piece(pieces, marked, pool)
            self.captures = sum(map(len, self.states[0]))
            self._transactions(pool)
        self.findings.raise_any()
        return self._scan()

    def _selector(self, table: ScoredTable) -> _Selector:
        return _Selector(table.bands, tuple(table.rows.collect_schema().names()), tuple(self.encoders))

    def _piece(
        self, pieces: Iterable[list[pl.DataFrame]], marked: list[pl.DataFrame], pool: ThreadPoolExecutor
    ) -> None:
        sides = []
        for number, tables in enumerate(pieces):
            names = [one.name or f"table {place}" for place, one in enumerate(self.arms[number], start=1)]
            rows = _marked(joined_tables(tables, names, self.findings), marked)
            transaction = rows["transaction"]
            if transaction.null_count() < len(transaction):
                attempts = rows.filter(pl.col("transaction").is_not_null())
                self.attempts[number].append(coded_attempts(attempts, self.encoders))
                rows = rows.filter(pl.col("transaction").is_null())
            sides.append(rows.select(pl.col("sample").alias("unit"), *self.encoders, "state"))
        self._take(sides, pool)

    def _transactions(self, pool: ThreadPoolExecutor) -> None:
        if not any(self.attempts):
            return
        empty = pl.DataFrame(schema=dict.fromkeys(("unit", *self.encoders), pl.String) | {"state": pl.UInt8})
        sides = [
            whole_transactions(attempts, self.encoders, arm[0].bands.attempts_allowed) if attempts else empty
            for attempts, arm in zip(self.attempts, self.arms, strict=True)
        ]
        self._take(sides, pool)

    def _take(self, sides: Sequence[pl.DataFrame], pool: ThreadPoolExecutor) -> None:
        if len(sides) == 1:
            rows, states = sides[0], [sides[0]["state"]]
        else:
            rows = matched(sides[0], sides[1], list(self.encoders), self.findings)
            states = [rows["candidate"], rows["baseline"]]
        for kept, state in zip(self.states, states, strict=True):
            kept.append(state.to_numpy().copy())
        each = pool.map if rows.height > FEW_ROWS else map
        list(each(lambda name: self.encoders[name].add(rows[name]), self.encoders))

    def _scan(self) -> Scan:
        nothing = np.zeros(0, dtype=np.uint8)  # a table without rows streams no piece
        arms = [Arm(np.concatenate(states or [nothing])) for states in self.states]
        self.states.clear()
        clusters = {name: self.encoders.pop(name).whole() for name in CLUSTERS}
        facts = pl.DataFrame([self.encoders[name].whole().as_enum(name) for name in self.encoders])
        set_threshold = np.bitwise_or.reduce([arm.state & np.uint8(SET_THRESHOLD) for arm in arms]) != 0
        transaction = np.zeros(len(arms[0].state), dtype=np.bool_)
        transaction[self.captures :] = True
        return Scan(
            facts=facts,
            subject=clusters["subject"].codes,
            instrument=clusters["instrument"].codes,
            set_threshold=set_threshold,
            transaction=transaction,
            candidate=arms[0],
            baseline=arms[1] if len(arms) > 1 else None,
            tables=dict(zip(("candidate", "baseline"), self.arms, strict=False)),
        )


def _marked(rows: pl.DataFrame, marked: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """The rows, with those noted whose sample also stands in a table that set the threshold."""
    samples = [piece["sample"] for piece in marked if not piece.is_empty()]
    if not samples:
        return rows
    bit = pl.when(pl.col("sample").is_in(pl.concat(samples))).then(SET_THRESHOLD).otherwise(0)
    return rows.with_columns(state=pl.col("state") | bit.cast(pl.UInt8))
