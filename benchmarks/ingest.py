"""Decisions into the database: reports over the product's HTTP interface, or COPY into the same table.

Both sides write the same rows into the same partitioned table with the same indexes, keys and checks, and
commit each report of 20,000 lines. What the product does beside that is its work: the token, reading and
checking every line, its canonical form and digest, no id twice, the batch with its entry in the ledger.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from random import Random
from uuid import UUID

import msgspec
import psycopg
from django.conf import settings
from django.test import Client
from django.utils import timezone

from benchmarks.child import timed
from governance.access.granting import GrantTerms, grant_role
from governance.access.models import Account, AccountKind
from governance.access.roles import Role, Scope
from governance.access.services import create_account, create_first_administrator, issue_token
from governance.actors import Actor, ActorKind, Authentication, AuthMethod, command_actor
from governance.ledger.canonical import format_time
from governance.registry.models import Channel
from governance.registry.services import register_channel, register_system
from releases.monitoring.decisions.lines import read_line
from releases.monitoring.decisions.models import Decision, DecisionBatch
from releases.monitoring.decisions.rows import COLUMNS, NewDecision
from releases.monitoring.decisions.storing import days_of, make_days

LINES = 20_000
PASSWORD = "plum-orchard-at-dusk"  # noqa: S105 - of a database that lives for a minute
STAMP = "sha256:" + "5" * 64
REASON = "Measures"
SEED = 20_260
URL = "/api/v1/decisions/"


def main(mode: str, _directory: str, reports: str) -> None:
    """Measure ``report`` or ``copy``, so many reports; the answer is how many rows are stored."""
    channel, client = _world()
    now = timezone.now()
    _send(client, [_line(Random(1), str(channel.id), now, 0)])  # noqa: S311 - figures, not secrets
    sent = [_lines(str(channel.id), now, number) for number in range(int(reports))]
    read = [_read(number, data, now) for number, data in enumerate(sent[0], start=1)]
    make_days(days_of(read))
    work = _reporting(client, sent) if mode == "report" else _copying(sent, now)
    timed(work)


def _world() -> tuple[Channel, Client]:
    """A channel, and a decision service that may report on it."""
    first = create_first_administrator(command_actor("benchmark"), username="admin", password=PASSWORD)
    by = Actor(
        ActorKind.USER,
        first.username,
        Authentication(AuthMethod.SESSION, proved_at=timezone.now()),
        id=first.id,
    )
    system = register_system(by, slug="measured", name="Measured")
    channel = register_channel(by, system=system, name="android", kind="android")
    service: Account = create_account(by, username="integration", kind=AccountKind.SERVICE)
    grant_role(by, terms=GrantTerms(service, Role.INTEGRATION, REASON, system_id=system.id))
    token = issue_token(
        by,
        account=service,
        name=REASON,
        scopes=(Scope.READ, Scope.DECISIONS),
        expires_at=now_and(days=1),
    )
    return channel, Client(SERVER_NAME="localhost", headers={"authorization": f"Bearer {token.secret}"})


def now_and(**more: int) -> datetime:
    """A time from now."""
    return timezone.now() + timedelta(**more)


def _lines(channel: str, now: datetime, report: int) -> list[bytes]:
    draws = Random(SEED + report)  # noqa: S311 - figures, not secrets
    return [_line(draws, channel, now, number) for number in range(LINES)]


def _line(draws: Random, channel: str, now: datetime, number: int) -> bytes:
    """A line with three scores and four attributes, under an id of its own."""
    score = draws.random()
    outcome = "accept" if score < 0.9 else "retry" if score < 0.97 else "reject"
    return msgspec.json.encode(
        {
            "id": str(UUID(int=draws.getrandbits(128))),
            "at": (now - timedelta(seconds=60 + number % 240)).isoformat(timespec="milliseconds"),
            "channel": channel,
            "stamp": STAMP,
            "subject": f"{draws.getrandbits(96):024x}",
            "scores": {"depth": draws.random(), "score": score, "texture": draws.random()},
            "band": outcome,
            "outcome": outcome,
            "latency_ms": round(draws.lognormvariate(4.8, 0.4), 3),
            "sdk": "android_sdk_2.3.0",
            "attributes": {
                "age": draws.randrange(18, 90),
                "attempt": 1,
                "capture_device": draws.choice(("phone", "tablet")),
                "lighting": draws.choice(("day", "indoor", "night")),
            },
        }
    )


def _send(client: Client, lines: list[bytes]) -> None:
    answer = client.post(URL, b"\n".join(lines), content_type="application/x-ndjson")
    if answer.status_code != 200 or answer.json()["accepted"] != len(lines):
        raise RuntimeError(f"A report was not taken: {answer.status_code} {answer.content[:500]!r}")


def _reporting(client: Client, reports: list[list[bytes]]) -> Callable[[], int]:
    bodies = [b"\n".join(lines) for lines in reports]

    def work() -> int:
        for body in bodies:
            client.post(URL, body, content_type="application/x-ndjson")
        return Decision.objects.count() - 1

    return work


def _read(number: int, data: bytes, now: datetime) -> NewDecision:
    found = read_line(number, data, now)
    if not isinstance(found, NewDecision):
        raise RuntimeError(f"A line was not taken: {found}")
    return found


def _copying(reports: list[list[bytes]], now: datetime) -> Callable[[], int]:
    """The rows ready for COPY, all of them of the batch that is there already."""
    batch = str(DecisionBatch.objects.values_list("id", flat=True).get())
    received = format_time(now)
    texts = [
        "".join(
            _read(number, data, now).row(str(batch), received, None)
            for number, data in enumerate(lines, start=1)
        ).encode()
        for lines in reports
    ]
    database = settings.DATABASES["default"]
    statement = f"COPY releases_decision ({', '.join(COLUMNS)}) FROM STDIN"

    def work() -> int:
        with psycopg.connect(
            host=database["HOST"], user=database["USER"], dbname=database["NAME"]
        ) as connection:
            for text in texts:
                with connection.cursor() as cursor, cursor.copy(statement.encode()) as copy:
                    copy.write(text)
                connection.commit()
        return Decision.objects.count() - 1

    return work
