"""``/metrics``: what Prometheus reads of the ledger and of what higher apps add."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.core.cache import cache
from django.db import connection
from django.test import Client
from pytest_django import Settings

from governance.checks.metrics import Metric
from tests.database import Broker

WAITING = """
WITH written AS (
    INSERT INTO entry (id, stream, stream_seq, body, at)
    VALUES (gen_random_uuid(), 'test:1', 1, '{}', '2001-01-01T00:00:00Z') RETURNING id
)
INSERT INTO pending (entry_id, queued_at) SELECT id, now() - interval '1 minute' FROM written
"""


def counted() -> list[Metric]:
    """What a higher app would add: one figure with two labels, which counts how often it was asked for."""
    cache.set("test:asked", asked := cache.get("test:asked", 0) + 1)
    return [Metric("test_gaps", "Gaps\nof all", (({"kind": 'a"b\\', "system": "x\ny"}, asked),))]


@contextmanager
def without_database() -> Iterator[None]:
    """Nothing answers where the database was."""
    connection.close()
    given, connection.settings_dict["HOST"] = connection.settings_dict["HOST"], "/nowhere"
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict["HOST"] = given


def read(client: Client) -> dict[str, str]:
    """The samples of an answer, by all that stands before the value."""
    lines = client.get("/metrics").content.decode().splitlines()
    return dict(line.rpartition(" ")[::2] for line in lines if not line.startswith("#"))


def test_the_ledgers_figures_are_read_by_anybody_in_the_text_format(db: None, settings: Settings) -> None:
    settings.METRICS = {}
    with connection.cursor() as cursor:
        cursor.execute(WAITING)

    response = Client().get("/metrics")

    found = read(Client())
    assert response.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert "# TYPE countersign_seal_lag_seconds gauge\n" in response.content.decode()
    assert 60 <= float(found.pop("countersign_seal_lag_seconds")) < 600
    assert found == {
        "countersign_ledger_size": "0",
        "countersign_ledger_signed_size": "0",
        "countersign_ledger_pending": "1",
        "countersign_ledger_unsigned_seconds": "0",
        "countersign_ledger_trouble": "0",
    }


def test_what_higher_apps_add_is_escaped_and_kept_for_some_seconds(
    db: None, broker: Broker, settings: Settings
) -> None:
    settings.METRICS = {"counted": f"{__name__}.counted"}
    cache.clear()

    first, second = read(Client()), read(Client())

    name = r'test_gaps{kind="a\"b\\",system="x\ny"}'
    assert (first[name], second[name]) == ("1", "1")


def test_a_scraper_shows_the_token_where_one_is_set(db: None, settings: Settings) -> None:
    settings.METRICS_TOKEN = "only-the-scraper"

    without = Client().get("/metrics")
    wrong = Client().get("/metrics", headers={"Authorization": "Bearer another"})
    right = Client().get("/metrics", headers={"Authorization": "Bearer only-the-scraper"})

    assert [one.status_code for one in (without, wrong, right)] == [401, 401, 200]
    assert b"countersign" not in without.content
    assert without.headers["WWW-Authenticate"] == "Bearer"


def test_while_the_database_is_away_the_answer_says_so(committed_db: str, settings: Settings) -> None:
    settings.METRICS = {}

    with without_database():
        response = Client().get("/metrics")

    assert response.status_code == 200
    assert response.content.startswith(b"# ")
    assert b"countersign_seal_lag_seconds" not in response.content


def test_metrics_take_no_writing_method() -> None:
    assert Client().post("/metrics").status_code == 405
