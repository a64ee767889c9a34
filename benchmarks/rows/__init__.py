"""The rows, in the order of the report. A new row is a file here and a name in this tuple."""

from benchmarks.row import Row
from benchmarks.rows import (
    bit_identity,
    bootstrap,
    dossier,
    drawing,
    gate_evaluation,
    gate_memory,
    governed_save,
    ingest,
    ledger_million,
    ledger_writes,
    ofrep,
    taking_back,
)

ROWS: tuple[Row, ...] = (
    gate_evaluation.ROW,
    gate_memory.ROW,
    drawing.ROW,
    bootstrap.ROW,
    bit_identity.ROW,
    ofrep.ROW,
    ingest.ROW,
    taking_back.ROW,
    ledger_million.PROOFS_ROW,
    ledger_million.CHECK_ROW,
    governed_save.ROW,
    ledger_writes.WRITES_ROW,
    ledger_writes.INTEGRATOR_ROW,
    ledger_writes.SEAL_ROW,
    dossier.ROW,
)
