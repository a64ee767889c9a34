"""Reports at the same time, and what the database itself refuses; all of it commits."""

import threading
from datetime import date, timedelta

import pytest
from django.db import ProgrammingError, connection, transaction
from django.utils import timezone

from governance.ledger.models import Entry
from releases.monitoring.decisions import storing
from releases.monitoring.decisions.models import Decision, DecisionBatch, digest_of_lines
from releases.monitoring.decisions.reporting import Report, report_lines
from tests.database import in_threads
from tests.factories.cast import Cast, actor, cast
from tests.releases.monitoring.lines import decision, ndjson


@pytest.fixture
def crew(committed_db: str) -> Cast:
    """The cast in a database of this test alone."""
    return cast()


def numbered(documents: list[dict[str, object]]) -> list[tuple[int, bytes]]:
    return list(enumerate(ndjson(documents).splitlines(), 1))


def test_two_reports_of_the_same_decisions_at_once_store_each_once(crew: Cast) -> None:
    documents = [decision(crew.channel(name)) for name in ("android", "ios") * 60]
    by = actor(crew.integration)
    forwards, backwards = numbered(documents), numbered(documents[::-1])

    found = in_threads(lambda: report_lines(by, forwards), lambda: report_lines(by, backwards))

    assert [type(one) for one in found] == [Report, Report], found
    assert sum(one.accepted for one in found) == Decision.objects.count() == 120
    assert sum(one.duplicates for one in found) == 120
    assert [one.refused for one in found] == [[], []]
    assert sum(batch.decisions_count for batch in DecisionBatch.objects.all()) == 120


def test_two_bodies_under_one_id_at_once_leave_one_of_them(crew: Cast) -> None:
    one = decision(crew.channel("android"))
    other = {**one, "outcome": "reject"}
    by = actor(crew.integration)

    found = in_threads(lambda: report_lines(by, numbered([one])), lambda: report_lines(by, numbered([other])))

    assert [report.accepted for report in found].count(1) == 1
    assert [len(report.refused) for report in found].count(1) == 1
    assert Decision.objects.count() == 1


def test_a_day_that_cannot_be_made_now_keeps_nobody_waiting_and_is_made_later(
    crew: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storing, "MOST_TRIES", 2)
    sent = numbered([decision(crew.channel("ios"), at=(timezone.now() - timedelta(days=80)).isoformat())])
    by, locked, tried = actor(crew.integration), threading.Event(), threading.Event()

    def change_channels() -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("LOCK TABLE governance_channel IN ROW EXCLUSIVE MODE")
            locked.set()
            tried.wait(20)

    def report() -> None:
        locked.wait(20)
        try:
            report_lines(by, sent)
        finally:
            tried.set()

    _, refused = in_threads(change_channels, report)

    assert isinstance(refused, storing.DayNotMade), refused
    assert Decision.objects.count() == 0
    assert report_lines(by, sent).accepted == 1


def test_the_days_of_a_report_share_its_tries(monkeypatch: pytest.MonkeyPatch) -> None:
    outcomes = iter([*[False] * 6, True, *[False] * 20])
    waited: list[float] = []
    monkeypatch.setattr(storing, "_made", lambda _day: next(outcomes))
    monkeypatch.setattr(storing, "sleep", waited.append)

    with pytest.raises(storing.DayNotMade, match="2026-03-02"):
        storing.make_days([date(2026, 3, 2), date(2026, 3, 1)])

    assert len(waited) == storing.MOST_TRIES - 1


def test_what_is_stored_fits_its_batchs_digest_and_the_ledgers(crew: Cast) -> None:
    documents = [
        decision(crew.channel("ios"), latency_ms=latency, attributes={"a": latency, "b": "ä", "c": None})
        for latency in (1, 1.5, 1e-7, 123456789.25)
    ]

    report_lines(actor(crew.integration), numbered(documents))

    batch = DecisionBatch.objects.get()
    lines = [row.line() for row in batch.decisions.order_by("id")]
    entry = Entry.objects.get(id=batch.entry_id)
    assert digest_of_lines(lines) == batch.digest == entry.document["refs"]["decisions"]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE releases_decision SET outcome = 'accept'",
        "DELETE FROM releases_decision",
        "TRUNCATE releases_decision",
    ],
)
def test_a_stored_decision_never_changes(crew: Cast, statement: str) -> None:
    report_lines(actor(crew.integration), numbered([decision(crew.channel("ios"))]))

    with pytest.raises(ProgrammingError, match="permission denied"), connection.cursor() as cursor:
        cursor.execute(statement)


def test_a_batch_without_its_entry_is_refused_by_the_guard(crew: Cast) -> None:
    report_lines(actor(crew.integration), numbered([decision(crew.channel("ios"))]))

    with pytest.raises(Exception, match="ledger guard"):
        DecisionBatch.objects.update(decisions_count=7)
