"""Entries by the hundred thousand, in the form in which services write them, made within the database.

Also what the rows of the ledger share: how a process of the product is started on a database of the
installation, and the file of keys with which its checkpoints are signed.
"""

import hashlib
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import psycopg

from benchmarks.installation import ROOT
from governance.ledger.signing import generate_key_file
from governance.project.embedded.directories import write_private

ORIGIN = "example.org/measured"
AT_ONCE = 50_000
BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
"""When the first entry was written; each further one a second later."""

MADE_BY = ("governance/migrations/*.py", "governance/ledger/guard.py", "benchmarks/entries.py")
"""What a filled database depends on that is kept for the next run."""

WRITE = """
WITH made AS (
    SELECT uuidv7() AS id, gen_random_uuid() AS request, number / %(streams)s + 1 AS seq,
        'system:' || md5((number %% %(streams)s)::text)::uuid AS stream,
        to_char(%(began)s::timestamp + number * interval '1 s', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS at
    FROM generate_series(%(first)s::bigint, %(last)s) AS number
), written AS (
    INSERT INTO entry (id, stream, stream_seq, body, at)
    SELECT id, stream, seq, convert_to(format(%(body)s, at, id, request, seq, stream), 'UTF8'),
        at::timestamptz
    FROM made ORDER BY at
    RETURNING id, at
)
INSERT INTO pending (entry_id) SELECT id FROM written ORDER BY at
"""
"""Ids in the order of time, as those of the product are: an index of others would be read at random."""

BODY = (
    '{"actor":{"auth":{"method":"session","mfa":true,"token":null},'
    '"id":"0198d1f0-5c1e-7c3a-9a55-0d6c5f1f5b11","kind":"user","username":"release.manager"},'
    '"after":{"dataset_change_limit_rate":0.1,"name":"Remote onboarding","slug":"remote-onboarding",'
    '"starter_may_cast_last_vote":false},"at":"%s","before":{"name":"Onboarding"},"id":"%s",'
    '"on_behalf_of":null,"reason":"Renamed after the review of the quarter","refs":{"cause":null},'
    '"request_id":"%s","schema":"countersign.entry.v1","seq":%s,"stream":"%s","task_id":null,'
    '"type":"system.registered"}'
)
"""As long as most entries are, with the keys in canonical order."""


def write_entries(environment: dict[str, str], first: int, end: int, streams: int) -> None:
    """Write the entries numbered from ``first`` as the application, each queued for the integrator."""
    with psycopg.connect(environment["DATABASE_URL"], autocommit=True) as connection:
        for start in range(first, end, AT_ONCE):
            last = min(end, start + AT_ONCE) - 1
            parts = {"first": start, "last": last, "streams": streams, "body": BODY, "began": f"{BEGAN:%F}"}
            connection.execute(WRITE.encode(), parts)


def let_sign(environment: dict[str, str]) -> None:
    """Give the database's installation keys of its own, and forget what was signed with others."""
    place = Path(environment["COUNTERSIGN_VAR"]) / "signing-keys"
    place.parent.mkdir(parents=True, exist_ok=True)
    for former in (place, place.parent / "ledger-head"):
        former.unlink(missing_ok=True)
    write_private(place, generate_key_file(ORIGIN))


def integrate(environment: dict[str, str]) -> None:
    """Number what waits and sign once, by the real integrator."""
    command = [sys.executable, "-W", "ignore", "manage.py", "run_integrator", "--once"]
    subprocess.run(
        command, cwd=ROOT, env={**os.environ, **environment}, check=True, stdout=subprocess.DEVNULL
    )


def state() -> str:
    """A name for what a filled database depends on."""
    found = hashlib.sha256()
    for place in sorted(place for pattern in MADE_BY for place in ROOT.glob(pattern)):
        found.update(place.read_bytes())
    return found.hexdigest()[:12]
