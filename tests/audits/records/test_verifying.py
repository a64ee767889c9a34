"""What the verify button says of an entry that is whole, and of one that is not; and the export."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from audits.pages.ledger_state import seal_state
from audits.records import verifying
from audits.records.verifying import BODY, COLUMNS, PROOF, SIGNATURE, STREAM, verify_entry
from governance.access.models import Account
from governance.access.roles import Role
from governance.actors import acting_as, task_actor
from governance.ledger.checkpoints import TreeHead, open_checkpoint
from governance.ledger.entries import append_entry
from governance.ledger.integrator import integrate_all
from governance.ledger.keys import signing_key
from governance.ledger.merkle.checking import check_inclusion
from governance.ledger.merkle.hashing import leaf_hash
from governance.ledger.models import Entry, Leaf, SignedCheckpoint
from governance.ledger.nightly import LastCheck
from governance.ledger.notes import verifier_key
from governance.ledger.proof_texts import read_proof
from governance.ledger.proving import Inclusion, prove_inclusion
from governance.ledger.sealing import seal_newest
from governance.ledger.signing import LEDGER
from governance.registry.models import Channel, System
from tests.factories.cast import administrator, grant, person, system_with_channels
from tests.factories.http import signed_in, with_token
from tests.governance.ledger.reading import as_integrator, let_sign, tamper

EXPORT = "/api/v1/ledger/entries/export/"


@pytest.fixture
def sealed(committed_db: str, tmp_path: Path, settings: Settings) -> None:
    """Two systems, an auditor of the first, and all of it signed; one more entry waits."""
    let_sign(settings, tmp_path)
    grant(person("reader"), Role.AUDITOR, system=system_with_channels())
    system_with_channels("elsewhere")
    with as_integrator():
        integrate_all()
        assert seal_newest() == ""
    person("later")


def entry_of(stream: str, seq: int = 1) -> Entry:
    return Entry.objects.select_related("leaf").get(stream=stream, stream_seq=seq)


def reader() -> Account:
    """Made, and then given a role: a history of two entries."""
    return Account.objects.get(username="reader")


def verdicts(entry: Entry) -> dict[str, bool | None]:
    return {step.title: step.holds for step in verify_entry(entry)}


def head() -> TreeHead:
    key = signing_key(LEDGER)
    assert key is not None
    newest = SignedCheckpoint.objects.order_by("-checkpoint_id")[0]
    return open_checkpoint(newest.note, key.name, [verifier_key(key.vkey)])


def index_proved(line: dict[str, Any], signed: TreeHead) -> int:
    """The index of an exported entry, once its own bytes and its proof lead to the signed root."""
    proof, body = read_proof(line["proof"]), base64.b64decode(line["body"])
    check_inclusion(line["index"], signed.size, leaf_hash(body), proof.hashes, signed.root)
    return proof.index


def lines(client: Client) -> list[dict[str, Any]]:
    answer = client.get(EXPORT)
    content = b"".join(answer.streaming_content)  # type: ignore[attr-defined]  # a streamed answer
    return [json.loads(line) for line in content.splitlines()]


def test_every_step_holds_for_an_entry_that_is_whole_and_the_page_says_so(sealed: None) -> None:
    entry = entry_of(reader().stream(), 2)

    shown = signed_in(administrator()).get(reverse("admin:ledger_entry", args=[entry.pk]), {"verify": "1"})

    assert verdicts(entry) == dict.fromkeys((BODY, COLUMNS, STREAM, PROOF, SIGNATURE), True)
    assert "Verified" in shown.content.decode()
    assert f"#{entry.leaf.index}" in shown.content.decode()


def test_an_entry_that_came_since_the_last_signature_is_neither_proved_nor_wrong(sealed: None) -> None:
    with as_integrator():
        integrate_all()
    newest = Entry.objects.select_related("leaf").order_by("-leaf__index")[0]

    found = verdicts(newest)

    assert found == {BODY: True, COLUMNS: True, STREAM: True, PROOF: None}


def test_a_changed_body_a_removed_neighbour_and_another_signature_are_each_named(sealed: None) -> None:
    admin = reader().stream()
    changed, alone = entry_of(System.objects.order_by("slug")[0].stream()), entry_of(admin, 2)
    tamper(
        f"UPDATE entry SET body = convert_to(replace(convert_from(body, 'UTF8'), 'elsewhere', 'elsewhat'),"
        f" 'UTF8') WHERE id = '{changed.pk}';"
        f"DELETE FROM leaf USING entry WHERE entry.id = entry_id AND stream = '{admin}' AND stream_seq = 1;"
        f"UPDATE entry SET stream_seq = 9 WHERE stream = '{Channel.objects.all()[0].stream()}'"
    )
    moved = entry_of(Channel.objects.all()[0].stream(), 9)

    assert verdicts(entry_of(changed.stream)) == {
        BODY: False,
        COLUMNS: True,
        STREAM: True,
        PROOF: False,
        SIGNATURE: True,
    }
    assert (verdicts(alone)[STREAM], verdicts(alone)[PROOF]) == (False, True)
    assert (verdicts(moved)[COLUMNS], verdicts(moved)[STREAM]) == (False, False)


def test_an_entry_that_was_taken_out_anywhere_in_its_history_is_missed_by_all_others(sealed: None) -> None:
    stream = reader().stream()
    with acting_as(task_actor("test")), transaction.atomic():
        append_entry("account.deactivated", stream, after={"is_active": False})
        append_entry("account.deactivated", stream, after={"is_active": False})
    tamper(
        f"DELETE FROM leaf USING entry WHERE id = entry_id AND stream = '{stream}' AND stream_seq = 2;"
        f"DELETE FROM pending USING entry WHERE id = entry_id AND stream = '{stream}' AND stream_seq = 3;"
        f"DELETE FROM entry WHERE stream = '{stream}' AND stream_seq IN (2, 3)"
    )

    steps = {step.title: step for step in verify_entry(entry_of(stream, 1))}

    assert steps[STREAM].holds is False
    assert steps[STREAM].found == "Its history counts up to 4, and 2 of these entries are there."


def test_a_checkpoint_that_is_signed_while_an_entry_is_checked_accuses_nobody(
    sealed: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = entry_of(reader().stream(), 2)

    def sealing_first(leaf: Leaf, note: SignedCheckpoint | None = None) -> Inclusion:
        with as_integrator():
            integrate_all()
            assert seal_newest() == ""
        return prove_inclusion(leaf, note)

    monkeypatch.setattr(verifying, "prove_inclusion", sealing_first)

    assert verdicts(entry) == dict.fromkeys((BODY, COLUMNS, STREAM, PROOF, SIGNATURE), True)
    assert SignedCheckpoint.objects.count() == 2


def test_a_checkpoint_that_was_damaged_is_a_fault_and_no_error(sealed: None) -> None:
    tamper("UPDATE signed_checkpoint SET note = 'x'")
    entry = entry_of(reader().stream(), 2)

    shown = signed_in(administrator()).get(reverse("admin:ledger_entry", args=[entry.pk]), {"verify": "1"})

    assert (shown.status_code, "Does not hold" in shown.content.decode()) == (200, True)
    assert (verdicts(entry)[PROOF], verdicts(entry)[SIGNATURE]) == (None, False)


def test_where_nothing_is_signed_the_verifier_key_alone_is_enough(
    sealed: None, settings: Settings, tmp_path: Path
) -> None:
    key = signing_key(LEDGER)
    assert key is not None
    settings.SIGNING_KEY_FILE, settings.VAR_DIR = None, tmp_path / "elsewhere"
    without = verdicts(entry_of(reader().stream(), 2))[SIGNATURE]
    settings.LEDGER_VERIFIERS_FILE = tmp_path / "verifiers"
    settings.LEDGER_VERIFIERS_FILE.write_text(f"# the ledger's key\n{key.vkey}\n")

    given = {step.title: step for step in verify_entry(entry_of(reader().stream(), 2))}[SIGNATURE]

    assert (without, given.holds) == (None, True)
    assert verifier_key(key.vkey).key_id.hex() in given.found


def test_what_is_not_signed_or_was_found_damaged_is_not_called_signed(sealed: None) -> None:
    before = seal_state(None)
    with as_integrator():
        integrate_all()
    waits = seal_state(None)
    tamper("UPDATE checkpoint SET made_at = made_at - interval '1 hour'")
    late = seal_state(None)
    with as_integrator():
        assert seal_newest() == ""
    damaged = LastCheck(timezone.now(), False, 2, ("x", "y"), (), 9, 9, 0.1)

    states = [before, waits, late, seal_state(None), seal_state(damaged)]

    assert [state.look for state in states] == ["open", "open", "fail", "pass", "fail"]
    assert [state.word for state in states[2:]] == ["Sealing is late", "Sealed", "Faults found"]
    assert before.sentence == "1 entry is not signed yet."
    assert "seconds to be signed" in late.sentence
    assert states[3].sentence.startswith("Each entry stands under a signature")
    assert "found 2 faults" in states[4].sentence


def test_a_checkpoint_that_nobody_with_the_key_has_signed_is_named(sealed: None) -> None:
    size = head().size
    tamper(f"UPDATE signed_checkpoint SET note = replace(note, E'\\n{size}\\n', E'\\n{size}0\\n')")

    found = verdicts(entry_of(reader().stream(), 2))

    assert (found[BODY], found[SIGNATURE]) == (True, False)


def test_an_export_is_checked_line_by_line_with_the_verifier_key_alone(sealed: None) -> None:
    found = lines(with_token(administrator()))

    *entries, last = found
    signed, proved = head(), [line for line in entries if line["proof"]]
    assert [index_proved(line, signed) for line in proved] == list(range(signed.size))
    assert {read_proof(line["proof"]).checkpoint for line in proved} == {last["checkpoint"]}
    assert (last["size"], last["entries"]) == (signed.size, len(entries))
    assert last["not_sealed"] == len(entries) - signed.size > 0


def test_an_export_holds_nothing_of_another_scope(sealed: None) -> None:
    auditor = reader()

    *entries, _last = lines(with_token(auditor))

    streams = {json.loads(base64.b64decode(line["body"]))["stream"] for line in entries}
    elsewhere = System.objects.get(slug="elsewhere")
    assert auditor.stream() in streams
    assert not streams & {elsewhere.stream(), *(one.stream() for one in elsewhere.channels.all())}


def test_a_proof_is_a_file_that_leads_to_the_signed_root(sealed: None) -> None:
    entry = entry_of(reader().stream(), 2)

    answer = signed_in(administrator()).get(reverse("admin:ledger_proof", args=[entry.pk]))

    proof, signed = read_proof(answer.content.decode()), head()
    check_inclusion(proof.index, signed.size, leaf_hash(bytes(entry.body)), proof.hashes, signed.root)
    assert answer["Content-Disposition"] == f'attachment; filename="{entry.leaf.index}.tlog-proof"'
