"""What happens to dossiers while others are at work, and when something breaks: nothing is lost or told."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

from audits.dossiers import gathering, making
from audits.dossiers.making import NOT_MADE, make, make_all
from audits.dossiers.models import Dossier, DossierStatus
from audits.dossiers.packing import DossierDamaged, stored_archive
from audits.dossiers.queries import reader_of
from audits.dossiers.tasks import give_up
from governance.ledger.models import TreeState
from releases.bundles.services import withdraw_release
from tests.audits.dossiers.making import WORKER, Signing, sealed
from tests.factories.cast import actor
from tests.factories.http import signed_in, with_token
from tests.governance.ledger.reading import APP, connected_as, tamper

SECRET = "/var/lib/countersign/signing-keys"


def fetched(client: Client, dossier: Dossier, method: str = "get", **headers: str) -> Any:
    return getattr(client, method)(f"/api/v1/dossiers/{dossier.id}/download/", headers=headers)


@contextmanager
def held_elsewhere(*names: str) -> Iterator[None]:
    """Locks of a session that is not this one."""
    with connected_as(APP, str(connection.settings_dict["NAME"])) as other:
        for name in names:
            other.execute("SELECT pg_advisory_lock(hashtextextended(%s, 0))", [name])
        yield
        other.execute("SELECT pg_advisory_unlock_all()")  # a session that ends lets go a moment later


def broken(*_given: Any) -> Any:
    """What nobody expected."""
    raise RuntimeError(f"{SECRET} is not what it was")


def test_what_is_numbered_between_two_queries_makes_no_stream_look_as_if_it_were_held_back(
    signing: Signing, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = signing.asked()
    sealed()
    last_numbered = gathering._last_numbered

    def after_a_withdrawal(*given: Any) -> dict[str, int]:
        withdraw_release(
            actor(signing.told.here.cast.author), revision=signing.revision, reason="Taken back."
        )
        sealed()
        return last_numbered(*given)

    monkeypatch.setattr(gathering, "_last_numbered", after_a_withdrawal)
    gathered = gathering.gather(asked, reader_of(asked), TreeState.objects.get(id=1).size)

    assert TreeState.objects.get(id=1).size > gathered.entries[-1].leaf.index + 1
    assert [one for one in gathered.streams if one.get("why") == gathering.UNSEEN] == []


def test_few_archives_are_made_at_once_and_none_for_whoever_has_it(signing: Signing) -> None:
    dossier = signing.made()
    client, browser = with_token(signing.auditor), signed_in(signing.auditor)
    whole = fetched(client, dossier)

    with held_elsewhere("dossier:download", "dossier:download:1"):
        busy = fetched(client, dossier)
        busy_page = browser.get(reverse("admin:dossier_download", args=[dossier.id]))
        known = fetched(client, dossier, if_none_match=whole["ETag"])
        head = fetched(client, dossier, "head")

    assert whole["ETag"] == f'"{dossier.archive_digest}"'
    assert (busy.status_code, busy["Retry-After"], busy.json()["code"]) == (503, "3", "dossiers_busy")
    assert (busy_page.status_code, busy_page["Retry-After"]) == (503, "3")
    assert (known.status_code, known.content) == (304, b"")
    assert (head.status_code, head.content) == (200, b"")
    assert head["Content-Length"] == str(len(whole.content)) == str(dossier.archive_bytes)
    assert fetched(client, dossier).content == whole.content


def test_what_was_tampered_with_is_named_to_whoever_fetches_it(signing: Signing) -> None:
    dossier = signing.made()
    tamper("DELETE FROM tile")

    answer = fetched(with_token(signing.auditor), dossier)

    assert (answer.status_code, answer.json()["code"]) == (409, "dossier_damaged")
    assert "verify_ledger" in answer.json()["next_step"]
    page = signed_in(signing.auditor).get(reverse("admin:dossier_download", args=[dossier.id]))
    assert (page.status_code, "verify_ledger" in page.content.decode()) == (409, True)
    tamper(f"UPDATE blob SET bytes = '[' WHERE digest = '{dossier.contents_digest}'")
    with pytest.raises(DossierDamaged, match=f"{dossier.contents_digest} are others"):
        stored_archive(dossier)


def test_what_breaks_is_tried_again_and_what_it_said_is_for_the_log_alone(
    signing: Signing, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    asked = signing.asked()
    sealed()
    monkeypatch.setattr(making, "gather", broken)

    with pytest.raises(RuntimeError):
        make(WORKER, asked)
    make_all(WORKER)

    assert SECRET in caplog.text
    assert Dossier.objects.get(id=asked.id).status == DossierStatus.REQUESTED
    give_up(WORKER, f"RuntimeError: {SECRET}", dossier=str(asked.id))
    ended = Dossier.objects.get(id=asked.id)
    assert (ended.status, ended.problem) == (DossierStatus.FAILED, NOT_MADE)


def test_what_breaks_whenever_it_is_tried_ends_once_it_has_had_its_time(
    signing: Signing, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = signing.asked()
    sealed()
    monkeypatch.setattr(making, "gather", broken)
    monkeypatch.setattr(making, "GIVE_UP_AFTER", making.GIVE_UP_AFTER * 0)

    make_all(WORKER)

    assert Dossier.objects.get(id=asked.id).problem == NOT_MADE


def test_one_that_somebody_else_is_at_is_left_to_them(signing: Signing) -> None:
    asked = signing.asked()
    sealed()

    with held_elsewhere(f"dossier:{asked.id}"):
        meanwhile = make(WORKER, asked)

    assert meanwhile.status == DossierStatus.REQUESTED
    assert make(WORKER, asked).status == DossierStatus.ISSUED
    assert make(WORKER, asked).status == DossierStatus.ISSUED


def test_a_release_of_too_many_entries_is_told_what_else_to_ask_for(
    signing: Signing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gathering, "MOST_ENTRIES", 3)

    dossier = signing.made()

    assert dossier.status == DossierStatus.FAILED
    assert "dossiers of the periods in which it happened" in dossier.problem
    assert "shorter" not in dossier.problem
