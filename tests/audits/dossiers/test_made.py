"""Dossiers from the request to what a stranger verifies: their bytes, their contents, what they keep back."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from audits.dossiers.making import make
from audits.dossiers.models import Dossier, DossierKind, DossierStatus
from audits.dossiers.packing import DossierDamaged, stored_archive
from audits.dossiers.reconciled import DOSSIERS
from audits.dossiers.subjects import Subject
from audits.management.commands.build_dossier import _write
from governance.access.services import create_account
from governance.ledger.models import Entry
from governance.ledger.reconciling.checking import reconcile
from releases.bundles.services import withdraw_release
from tests.audits.dossiers.making import (
    WORKER,
    Signing,
    about,
    auditor_of_everything,
    both,
    files_in,
    sealed,
    written,
)
from tests.audits.records.told import on_one_channel
from tests.factories.cast import PASSWORD, actor
from tests.governance.ledger.reading import documents, tamper


def test_a_dossier_of_a_release_is_verified_by_somebody_who_trusts_nobody(
    signing: Signing, tmp_path: Path
) -> None:
    asked = signing.asked()
    sealed()
    issued = make(WORKER, asked)
    withdraw_release(actor(signing.told.here.cast.author), revision=signing.revision, reason="Taken back.")
    sealed()

    dossier = make(WORKER, issued)

    assert (dossier.status, dossier.problem) == (DossierStatus.COMPLETED, "")
    path = written(tmp_path, dossier)
    assert both(path, "--vkey", signing.vkey) == (0, 0)
    assert both(path) == (3, 3)
    archive = stored_archive(dossier)
    assert archive == stored_archive(Dossier.objects.get(id=dossier.id))
    files = files_in(archive)
    types = {json.loads(data)["type"] for name, data in files.items() if name.startswith("entries/")}
    assert types >= {
        "release.frozen",
        "gate_evaluation.completed",
        "gate_policy.locked",
        "component.registered",
        "score_table.imported",
        "vote.cast",
        "verb.refused",
        "release.approved",
        "assignment.changed",
        "incident.reported",
        "rollout.rolled_back",
        "dossier.issued",
    }
    assert "release.withdrawn" not in types
    names = [name for name in files if name.startswith("attestations/")]
    assert len(names) == 2
    assert {"bom.cdx.json", "report.html", "verify.py", "policy.txt", "statements.vkey"} <= files.keys()
    assert "previous-checkpoint" not in files
    events = [one["type"] for one in documents(dossier.stream())]
    assert events == ["dossier.requested", "dossier.issued", "dossier.completed"]
    report = files["report.html"].decode()
    assert "v1 passes its gate" in report
    assert f"of the first {dossier.issued_at_size:,} of the ledger".replace(",", "\u202f") in report
    assert report.count("<svg") > 10
    assert not [mark for mark in ("<script", "href=", 'http-equiv="refresh"', "src=") if mark in report]

    tamper("UPDATE entry SET body = body || ' ' WHERE document ->> 'type' = 'release.approved'")
    with pytest.raises(DossierDamaged, match="no longer has the digest"):
        stored_archive(Dossier.objects.get(id=dossier.id))


def test_later_dossiers_contain_the_tree_of_the_one_before(signing: Signing, tmp_path: Path) -> None:
    decision = signing.told.decided()
    named = {"display_name": "Canary Ada Lovelace", "email": "canary@example.org"}
    create_account(actor(signing.told.here.cast.admin), username="newcomer", password=PASSWORD, **named)
    first = signing.made()
    start = Entry.objects.earliest("at").at

    of_decision = signing.made(Subject(decision=decision))
    of_time = signing.made(Subject(period=(start, timezone.now())), by=auditor_of_everything())

    assert [one.problem for one in (of_decision, of_time)] == ["", ""]
    older, newer, all_of_it = (written(tmp_path, one) for one in (first, of_decision, of_time))
    assert of_decision.previous_id == first.id
    assert both(newer, "--vkey", signing.vkey, "--previous", older) == (0, 0)
    assert both(all_of_it, "--vkey", signing.vkey, "--previous", newer) == (0, 0)
    assert both(older, "--vkey", signing.vkey, "--previous", newer) == (1, 1)
    files = files_in(stored_archive(of_decision))
    trace = json.loads(files["trace.json"])
    assert trace["decision"]["id"] == str(decision.id)
    assert not {"subject", "attributes", "shadow"} & trace["decision"].keys()
    whole = files_in(stored_archive(of_time))
    period = about(whole)
    assert reconcile([DOSSIERS]).findings == ()
    secret = [decision.subject, *named.values(), PASSWORD, "pbkdf2", "argon2", "PRIVATE+KEY"]
    assert b'"username":"newcomer"' in b"".join(whole.values())
    every = b"".join((*files.values(), *whole.values()))
    assert [text for text in secret if text.encode() in every] == []
    assert period["range"]["first"] == 0
    assert period["kind"] == DossierKind.PERIOD


def test_what_is_read_by_one_channel_alone_shows_no_other_and_says_so(
    signing: Signing, tmp_path: Path
) -> None:
    of_ios = on_one_channel(signing.told.here, "ios")

    dossier = signing.made(by=of_ios)

    files = files_in(stored_archive(dossier))
    assert both(written(tmp_path, dossier), "--vkey", signing.vkey) == (0, 0)
    assert dossier.channels == [str(signing.told.here.cast.channel("ios").id)]
    streams = {one["stream"].partition(":")[0] for one in about(files)["streams"]}
    assert streams >= {"release", "gate_evaluation", "component"}
    assert not streams & {"channel", "incident", "approval_request"}
    words = " ".join(about(files)["words"])
    assert "stand not in it" in words
    assert "1 approval without a signed statement" in words
    assert [name for name in files if "approval" in name] == []


def test_a_dossier_waits_for_the_ledger_and_says_so_when_it_waited_in_vain(signing: Signing) -> None:
    asked = signing.asked()

    waiting = make(WORKER, asked)
    sealed()
    issued = make(WORKER, waiting)
    long_ago = timezone.now() - timedelta(minutes=16)
    issued.issued_at = long_ago
    ended = make(WORKER, issued)

    assert (waiting.status, issued.status) == (DossierStatus.REQUESTED, DossierStatus.ISSUED)
    assert ended.status == DossierStatus.FAILED
    assert "No signed checkpoint covered it within 15 minutes" in ended.problem
    assert make(WORKER, ended).status == DossierStatus.FAILED


def test_what_cannot_be_made_any_more_ends_and_says_what_to_look_at(signing: Signing) -> None:
    asked = signing.asked()
    sealed()
    issued = make(WORKER, asked)
    tamper(f"DELETE FROM blob WHERE digest = '{issued.contents_digest}'")
    sealed()

    ended = make(WORKER, issued)

    assert (ended.status, ended.archive_digest) == (DossierStatus.FAILED, "")
    assert f"The bytes of {issued.contents_digest} are missing" in ended.problem
    assert "verify_ledger" in ended.problem
    assert [one["type"] for one in documents(ended.stream())][-1] == "dossier.failed"


def test_the_command_says_what_to_do_and_goes_on_where_it_stopped(signing: Signing, tmp_path: Path) -> None:
    target = tmp_path / "release.zip"
    calls = ["build_dossier", "onboarding-liveness/v1", str(target), "--wait", "0"]

    with pytest.raises(CommandError, match="Is an integrator running"):
        call_command(*calls)
    sealed()
    with pytest.raises(CommandError, match="Is an integrator running"):
        call_command(*calls)
    sealed()
    call_command(*calls)

    assert both(str(target), "--vkey", signing.vkey) == (0, 0)
    assert target.stat().st_mode & 0o777 == 0o600
    assert Dossier.objects.count() == 1
    with pytest.raises(CommandError, match="exists; name another file"):
        call_command(*calls)
    (led_away := tmp_path / "led-away.zip").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(CommandError, match="Name another file"):
        _write(led_away, b"")
    assert not (tmp_path / "elsewhere").exists()
    with pytest.raises(CommandError, match="There are: onboarding-liveness/"):
        call_command("build_dossier", "onboarding-liveness/v9", str(tmp_path / "other.zip"))


def test_of_a_time_without_entries_there_is_none(signing: Signing) -> None:
    before = (datetime(2020, 1, 1, tzinfo=UTC), datetime(2020, 1, 2, tzinfo=UTC))

    dossier = signing.made(Subject(period=before), by=auditor_of_everything())

    assert dossier.status == DossierStatus.FAILED
    assert "No entry of this time is numbered" in dossier.problem
