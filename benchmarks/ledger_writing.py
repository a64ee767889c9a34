"""The measured process of writes by many clients at once: ``pgbench`` sends what the product sends.

An interpreter for each client would measure interpreters, so the statements are those of
``governance/ledger/entries.py``, in their order and each with its own answer waited for, and the guard
asks at every COMMIT as it does for the product. Bodies are as long as most are. The floor is the same UPDATE
of a row of the same table without guard; the chain is what many systems keep in place of an outbox: each
entry names the hash of the one before it, so that one row is locked until the COMMIT.
"""

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg

from benchmarks.child import timed
from benchmarks.entries import integrate, write_entries
from benchmarks.installation import ROOT
from governance.project.embedded.postgres import binary

SCRIPTS = ROOT / "benchmarks" / "pgbench"
WRITES = ("plain", "outbox", "chain")
CLIENTS = 16
LAGS = """
SELECT percentile_disc(ARRAY[0.5, 0.99]) WITHIN GROUP (ORDER BY lag), max(lag), count(*) FROM (
    SELECT extract(epoch FROM (
        SELECT signed_at FROM signed_checkpoint WHERE size > leaf.index ORDER BY size LIMIT 1
    ) - entry.at)::float AS lag
    FROM leaf JOIN entry ON entry.id = leaf.entry_id WHERE leaf.index >= %s
) AS waited
"""


def prepare(environment: dict[str, str]) -> None:
    """The tables of the floor and of the chain, and a thousand systems."""
    with psycopg.connect(environment["DATABASE_OWNER_URL"], autocommit=True) as owner:
        owner.execute((SCRIPTS / "tables.sql").read_bytes())
    with psycopg.connect(environment["DATABASE_URL"], autocommit=True) as app:
        app.execute((SCRIPTS / "systems.sql").read_bytes())


def main(mode: str, amount: str) -> None:
    """``plain``, ``outbox`` or ``chain`` for so many seconds, ``integrate`` so many entries, or ``seal`` for
    so many seconds.
    """
    environment = dict(os.environ)
    if mode in WRITES:
        timed(lambda: written(environment, mode, int(amount)))
    elif mode == "integrate":
        timed(_integrating(environment, int(amount)))
    else:
        timed(lambda: _sealed(environment, int(amount)))


def written(environment: dict[str, str], script: str, seconds: int, rate: int = 0) -> float:
    """Commits a second of sixteen clients."""
    command = [
        str(binary("pgbench")),
        "-n",
        "-M",
        "prepared",
        "-c",
        str(CLIENTS),
        "-j",
        "2",
        "-T",
        str(seconds),
    ]
    limited = ["-R", str(rate)] if rate else []
    done = subprocess.run(
        [*command, *limited, "-f", str(SCRIPTS / f"{script}.sql"), environment["DATABASE_URL"]],
        capture_output=True,
        text=True,
        check=False,
    )
    found = re.search(r"tps = ([0-9.]+)", done.stdout)
    if done.returncode or found is None:
        raise RuntimeError(f"pgbench: {done.stderr[-1500:]}")
    return float(found.group(1))


def _integrating(environment: dict[str, str], many: int) -> Callable[[], int]:
    """Number so many entries that wait; nothing waits before."""
    integrate(environment)
    first = _tree_size(environment)
    write_entries(environment, first * 1_000, first * 1_000 + many, many)
    from_here = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", INTEGRATE],
        cwd=ROOT,
        env={**environment, "COUNTERSIGN_DATABASE_ROLE": "integrator"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert from_here.stdout is not None
    assert from_here.stdin is not None
    from_here.stdout.readline()

    def work() -> int:
        said, _ = from_here.communicate("go\n")
        return int(said)

    return work


INTEGRATE = """
import django, sys
django.setup()
from governance.ledger.integrator import integrate_all
print("ready", flush=True)
sys.stdin.readline()
print(integrate_all())
"""


def _tree_size(environment: dict[str, str]) -> int:
    return int(_ask(environment, "SELECT size FROM tree_state")[0])


def _ask(environment: dict[str, str], query: str, *parameters: object) -> Any:
    with psycopg.connect(environment["DATABASE_URL"]) as connection:
        return connection.execute(query.encode(), parameters).fetchone()


def _sealed(environment: dict[str, str], seconds: int) -> dict[str, float]:
    """How long entries wait for the first signed checkpoint that covers them, while many are written."""
    integrate(environment)
    first = _tree_size(environment)
    with _integrator(environment):
        rate = written(environment, "outbox", seconds, rate=2_000)
        deadline = time.monotonic() + 60
        while not _is_sealed(environment) and time.monotonic() < deadline:
            time.sleep(0.05)
    (half, nearly_all), most, many = _ask(environment, LAGS, first)
    return {"rate": rate, "p50": half, "p99": nearly_all, "most": most, "entries": many}


def _is_sealed(environment: dict[str, str]) -> bool:
    query = """
        SELECT NOT EXISTS (SELECT FROM pending)
            AND (SELECT max(size) FROM signed_checkpoint) = (SELECT size FROM tree_state)
    """
    return bool(_ask(environment, query)[0])


@contextmanager
def _integrator(environment: dict[str, str]) -> Iterator[None]:
    """The real one, as a process beside the clients."""
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore", "manage.py", "run_integrator"],
        cwd=ROOT,
        env={**environment, "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        if not any("integrator ready" in line for line in process.stdout):
            raise RuntimeError("the integrator did not start")
        yield
    finally:
        process.terminate()
        process.wait(60)


if __name__ == "__main__":
    main(*sys.argv[1:])
