"""The rows, in the order of the report. A new row is a file here and a name in this tuple."""

from benchmarks.row import Row
from benchmarks.rows import (
    bit_identity,
    bootstrap,
    drawing,
    gate_evaluation,
    gate_memory,
    ingest,
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
)
