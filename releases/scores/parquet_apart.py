"""Unpack an uploaded Parquet file in a process of its own.

Seen by changing bytes at random: a page that asks the reader for an exabyte, which ends the process at once
and cannot be caught. Here it ends a child, and the upload is refused. The child also has a bound on memory
and on time. It is started anew (not forked, see decision 0003), which takes a second, once per upload.
"""

import json
import resource
import subprocess
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path
from shutil import copyfileobj
from typing import Any, BinaryIO

import polars as pl

from releases.scores.limits import Limits
from releases.scores.parquet_unpacking import Wanted, unpack
from releases.scores.refusals import ColumnTypeNotRead, FileBroken, FileTooLarge, ScoreTableRefused

PROJECT = Path(__file__).resolve().parents[2]
LONGEST_SECONDS = 300
MEMORY_FACTOR = 4  # of the bytes that a table may unpack to: the table, its text, and polars itself

KINDS: dict[str, type[ScoreTableRefused]] = {
    kind.code: kind for kind in (FileBroken, FileTooLarge, ColumnTypeNotRead)
}


def read_apart(upload: BinaryIO, wanted: Wanted) -> pl.DataFrame:
    """The wanted columns as text. Raises what the child raised; FileBroken if it died, FileTooLarge if it
    took too long.
    """
    with tempfile.TemporaryDirectory(prefix="parquet-") as directory:
        source, target = Path(directory, "upload"), Path(directory, "columns")
        with source.open("wb") as copy:
            upload.seek(0)
            copyfileobj(upload, copy)
        answer = _run(source, target, wanted)
        if answer is None or not answer.get("done"):
            raise _refusal(answer)
        return pl.read_ipc(target)


def _run(source: Path, target: Path, wanted: Wanted) -> dict[str, Any] | None:
    command = [sys.executable, "-m", "releases.scores.parquet_apart", str(source), str(target)]
    try:
        done = subprocess.run(  # noqa: S603 # our own module; the file's name is ours too
            command,
            input=json.dumps(asdict(wanted)),
            capture_output=True,
            text=True,
            cwd=PROJECT,
            timeout=LONGEST_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise FileTooLarge(f"The Parquet file could not be unpacked in {LONGEST_SECONDS} seconds.") from error
    if done.returncode:
        return None
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def _refusal(answer: dict[str, Any] | None) -> ScoreTableRefused:
    if answer is None:
        return FileBroken("The Parquet file is damaged: reading its pages ended the reader.")
    kind = KINDS[answer["code"]]
    return kind(answer["message"], next_step=answer["next_step"], rows=tuple(answer["rows"]))


def _child(source: Path, target: Path, given: dict[str, Any]) -> dict[str, Any]:
    limits = Limits(**given["limits"])
    most = MEMORY_FACTOR * limits.bytes
    resource.setrlimit(resource.RLIMIT_DATA, (most, most))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    wanted = Wanted(tuple(given["header"]), tuple(given["indices"]), given["rows"], limits)
    try:
        unpack(source, wanted).write_ipc(target)
    except ScoreTableRefused as refused:
        return {
            "code": refused.code,
            "message": refused.message,
            "next_step": refused.next_step,
            "rows": refused.rows,
        }
    return {"done": True}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(_child(Path(sys.argv[1]), Path(sys.argv[2]), json.load(sys.stdin))))
