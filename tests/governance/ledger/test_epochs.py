"""L8 to its end: an older copy does not start, two administrators give up what is lost, the log goes on."""

import io
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from pytest_django import Settings

from governance.access.granting import SecondPersonNeeded
from governance.access.ledger_epochs import EpochNotNeeded, EpochNotPossible, begin_epoch, propose_epoch
from governance.access.presence import NotInPerson
from governance.access.proposals import ProposalDiffers, ProposerConfirms
from governance.access.queries import PermissionDenied
from governance.access.roles import Role
from governance.actors import task_actor
from governance.errors import InvalidInput
from governance.ledger.custody import list_keys
from governance.ledger.custody_models import Epoch
from governance.ledger.epochs import Era, era_at, origin_at, origin_of_epoch
from governance.ledger.heads import (
    Beginning,
    Head,
    HeadDisagrees,
    check_follows,
    head_file,
    note_epoch,
    read_head,
)
from governance.ledger.merkle.checking import check_consistency
from governance.ledger.merkle.hashing import EMPTY_ROOT
from governance.ledger.models import Entry, Leaf, TreeState
from governance.ledger.nightly import check_if_due, last_check
from governance.ledger.notes import VerifierKey
from governance.ledger.proving import prove_consistency, prove_inclusion
from governance.ledger.queries import entry_of
from governance.ledger.sealing import check_head
from governance.project.embedded.options import Options
from governance.project.embedded.supervisor import Supervisor
from governance.registry.models import System
from tests.factories.cast import PASSWORD, actor, administrator, grant, operator, second_administrator
from tests.factories.cast import person as account
from tests.factories.http import signed_in
from tests.governance.ledger.keeping import (
    BACK_TO_TWO,
    LOSE,
    faults,
    go_on,
    ledger_keys,
    notes,
    number_and_sign,
    origins,
    run,
)
from tests.governance.ledger.reading import let_sign, number_the_rest, tamper

REASON = "The disk died; the newest backup was three entries behind."
FIRST, SECOND = "example.org/countersign/ledger", "example.org/countersign/epoch-2/ledger"
ROOT = bytes(range(32))
LOSE_THE_EPOCH = """
ALTER TABLE ledger_epoch DISABLE TRIGGER ledger_guard;
DELETE FROM ledger_epoch;
ALTER TABLE ledger_epoch ENABLE ALWAYS TRIGGER ledger_guard;
DELETE FROM entry WHERE stream LIKE 'ledger_epoch:%';
INSERT INTO pending (entry_id) SELECT id FROM entry WHERE id NOT IN (SELECT entry_id FROM leaf)
    ORDER BY at, stream_seq;
"""


@pytest.fixture
def restored(system: System, tmp_path: Path, settings: Settings) -> System:
    """Four entries were signed, two at a time, and an older copy of the database holds two of them."""
    let_sign(settings, tmp_path)
    assert go_on(system) == ""
    assert go_on(system, "Renamed again") == ""
    assert go_on(system, "Renamed once more") == ""
    tamper(BACK_TO_TWO + LOSE)
    return system


def begun(reason: str = REASON) -> Epoch:
    """Two administrators begin a new epoch."""
    first, second = administrator(), second_administrator()
    proposal = propose_epoch(actor(first), reason=reason)
    return begin_epoch(actor(second), reason=reason, proposal=proposal.id)


def test_two_administrators_give_up_what_is_lost_and_the_log_goes_on_under_another_origin(
    restored: System,
    database_urls: dict[str, str],
    tmp_path: Path,
    settings: Settings,
    capsys: pytest.CaptureFixture[str],
) -> None:
    environment = {
        **database_urls,
        "COUNTERSIGN_LEDGER_HEAD": str(settings.LEDGER_HEAD_FILE),
        "COUNTERSIGN_SIGNING_KEY_FILE": str(settings.SIGNING_KEY_FILE),
    }
    supervisor = Supervisor(Options(demo=False, port=8000, var=tmp_path), threading.Event())
    goes_on = supervisor._seal({**environment, "COUNTERSIGN_DEMO": "0"})
    said = capsys.readouterr().out
    lost = read_head(head_file())
    before = head_file().read_bytes()

    epoch = begun()
    number_the_rest(environment)

    assert (goes_on, (tmp_path / "run.json").exists()) == (False, True)
    assert "2 entries are missing" in said
    assert "manage.py begin_epoch" in said
    assert "NOTHING ELSE IS STARTED" in said
    entry = entry_of(epoch.stream(), "ledger_epoch.begun")
    assert entry is not None
    after = entry.document["after"]
    assert (after["number"], after["origin"], after["given_up"]["origin"]) == (2, SECOND, FIRST)
    assert lost is not None
    assert (after["given_up"]["size"], after["found_size"]) == (lost.size, 2)
    assert (after["began_by"], after["confirmed_by"]) == ("admin", "admin_two")
    assert entry.document["reason"] == REASON
    assert origins() == [FIRST, SECOND]
    newest = read_head(head_file())
    assert newest is not None
    assert (newest.epoch, newest.size) == (2, TreeState.objects.get().size)
    assert head_file().read_bytes().startswith(before)


def test_the_record_of_both_epochs_is_whole_and_provable(restored: System) -> None:
    begun()

    trouble = number_and_sign()

    (key,) = ledger_keys()
    assert trouble == ""
    assert faults(key) == []
    assert faults(VerifierKey(SECOND, key.public)) == []
    check_head(head_file())
    size = TreeState.objects.get().size
    assert prove_inclusion(Leaf.objects.get(index=0)).checkpoint == notes()[-1]
    proof = prove_consistency(2, size)
    check_consistency(2, size, proof.hashes, proof.old_root, proof.new_root)
    assert [fact.vkey for fact in list_keys()][-1] == VerifierKey(SECOND, key.public).text()


def test_a_copy_from_before_the_epoch_does_not_start_either(restored: System) -> None:
    begun()
    number_and_sign()
    tamper(BACK_TO_TWO + LOSE_THE_EPOCH)

    with pytest.raises(HeadDisagrees, match="the database is in epoch 1"):
        check_head(head_file())
    third = begun("Restored once more.")
    trouble = number_and_sign()

    assert (third.number, third.old_number, third.origin) == (3, 2, SECOND.replace("2", "3"))
    assert (trouble, faults(*ledger_keys())) == ("", [])


def test_one_of_two_administrators_begins_no_epoch(restored: System) -> None:
    first, second = actor(administrator()), actor(second_administrator())
    stranger = actor(account("stranger"))
    proposal = propose_epoch(first, reason=REASON)

    with pytest.raises(SecondPersonNeeded):
        begin_epoch(first, reason=REASON)
    with pytest.raises(ProposerConfirms):
        begin_epoch(first, reason=REASON, proposal=proposal.id)
    with pytest.raises(NotInPerson):
        begin_epoch(operator(), reason=REASON, proposal=proposal.id)
    with pytest.raises(PermissionDenied):
        begin_epoch(stranger, reason=REASON, proposal=proposal.id)
    with pytest.raises(PermissionDenied):
        propose_epoch(stranger, reason=REASON)
    with pytest.raises(InvalidInput, match="how signed entries were lost"):
        begin_epoch(second, reason=" ", proposal=proposal.id)
    with head_file().open("ab") as file:
        file.write(Head(9, EMPTY_ROOT).line())
    with pytest.raises(ProposalDiffers):
        begin_epoch(second, reason=REASON, proposal=proposal.id)
    assert not Epoch.objects.exists()


def test_no_epoch_begins_where_nothing_is_lost_or_nothing_is_known(
    system: System, tmp_path: Path, settings: Settings
) -> None:
    let_sign(settings, tmp_path)
    go_on(system)
    admin = actor(administrator())

    with pytest.raises(EpochNotNeeded):
        begin_epoch(admin, reason=REASON)
    head_file().write_bytes(b"nonsense\n")
    with pytest.raises(EpochNotPossible, match="size and root are wanted"):
        begin_epoch(admin, reason=REASON)
    head_file().unlink()
    with pytest.raises(EpochNotPossible, match="missing or empty"):
        begin_epoch(admin, reason=REASON)


def test_the_only_administrator_begins_an_epoch_alone_at_the_shell(
    restored: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    administrator()
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{PASSWORD}\n"))

    said = run("begin_epoch", by="admin", reason=REASON, password_stdin=True)

    assert "Epoch 2 is begun. The log is called example.org/countersign/epoch-2/ledger" in said
    assert Epoch.objects.get().sole_administrator
    entry = Entry.objects.get(epoch__number=2)
    assert entry.document["actor"]["auth"]["method"] == "shell"
    assert number_and_sign() == ""


def test_two_administrators_begin_an_epoch_at_the_shell(
    restored: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    administrator()
    second_administrator()
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{PASSWORD}\n{PASSWORD}\n"))

    proposed = run("begin_epoch", by="admin", reason=REASON, password_stdin=True)
    said = run(
        "begin_epoch",
        by="admin_two",
        reason=REASON,
        password_stdin=True,
        proposal=proposed.rpartition("--proposal ")[2].strip(),
    )

    assert "Epoch 2 is begun" in said


def test_a_head_of_another_epoch_follows_only_from_one_that_gave_just_it_up(tmp_path: Path) -> None:
    path, new, digest = tmp_path / "head", Head(5, EMPTY_ROOT, 2), bytes(range(32, 64))
    path.write_bytes(Head(7, ROOT).line())
    beginning = Beginning(Head(7, ROOT), digest)
    note_epoch(path, 2, Head(7, ROOT), digest)
    last = read_head(path)
    assert last is not None

    def follows(outside: Head, said: Beginning = beginning) -> None:
        check_follows(path, outside, new, None, lambda _size: EMPTY_ROOT, beginning=said)

    follows(last)
    with pytest.raises(HeadDisagrees, match="knows nothing of it"):
        follows(last, Beginning(Head(7, ROOT), bytes(32)))
    with pytest.raises(HeadDisagrees, match="knows nothing of it"):
        follows(replace(last, begun=frozenset({(3, digest)})))
    with pytest.raises(HeadDisagrees, match="did not give that up"):
        follows(replace(last, size=8))
    with pytest.raises(HeadDisagrees, match="of epoch 3"):
        follows(replace(last, epoch=3))
    with pytest.raises(HeadDisagrees, match="1 entries are missing"):
        follows(Head(6, ROOT, 2))


def test_the_head_of_an_epoch_is_read_as_it_was_written(tmp_path: Path) -> None:
    path, head = tmp_path / "head", Head(5, ROOT, 2)
    path.write_bytes(Head(7, ROOT).line() + head.line())

    assert read_head(path) == head
    note_epoch(path, 3, head, EMPTY_ROOT)
    assert read_head(path) == head
    with pytest.raises(HeadDisagrees, match="another last head"):
        note_epoch(path, 3, Head(7, ROOT), EMPTY_ROOT)
    path.write_bytes(path.read_bytes().splitlines(keepends=True)[-1])
    with pytest.raises(HeadDisagrees, match="no size and root above"):
        read_head(path)
    path.write_bytes(Head(7, ROOT).line().replace(b"\n", b" 1\n"))
    with pytest.raises(HeadDisagrees):
        read_head(path)


def test_a_checkpoint_is_of_the_last_epoch_whose_entry_it_covers() -> None:
    eras = [
        Era(2, "b/ledger", "a/ledger", 4, Head(7, ROOT)),
        Era(3, "c/ledger", "b/ledger", None, Head(9, ROOT, 2)),
    ]

    assert [era_at(size, eras) for size in (4, 5, 50)] == [None, eras[0], eras[0]]
    assert [origin_at(size, eras, "x") for size in (4, 5)] == ["a/ledger", "b/ledger"]
    assert [origin_of_epoch("a/ledger", number) for number in (1, 2)] == ["a/ledger", "a/epoch-2/ledger"]
    assert origin_of_epoch("ledger", 2) == "epoch-2/ledger"


def test_whoever_looks_at_the_record_is_told_that_it_began_anew(restored: System) -> None:
    begun()
    reader = account("reader")
    grant(reader, Role.AUDITOR)
    waits = signed_in(reader).get("/admin/").content.decode()
    number_and_sign()

    check_if_due(task_actor("check-1"))
    front, ledger = (signed_in(reader).get(url).content.decode() for url in ("/admin/", "/admin/ledger/"))

    found, begins = last_check(), Epoch.objects.get().entry.leaf.index
    assert found is not None
    (told,) = found.epochs
    assert told.startswith(f"epoch 2: the log began anew as {SECOND} (is entry {begins})")
    said = f"Epoch 2: the log began anew as {SECOND}, and gave up a signed tree of 4 entries."
    assert [said in page for page in (waits, front, ledger)] == [True] * 3
    assert [f"find=%23{begins}" in page for page in (waits, front, ledger)] == [False, True, True]
    assert "Its entry waits for its number." in waits


def test_the_page_of_an_entry_names_the_key_as_the_printed_sheet_does(restored: System) -> None:
    epoch = begun()
    number_and_sign()
    (key,) = ledger_keys()

    shown = signed_in(administrator()).get(f"/admin/ledger/{epoch.entry_id}/?verify=1").content.decode()

    assert f"of {SECOND}, by the key {VerifierKey(SECOND, key.public).key_id.hex()}." in shown


def test_a_log_that_never_began_anew_says_nothing_of_it(system: System, committed_db: str) -> None:
    reader = account("reader")
    grant(reader, Role.AUDITOR)

    pages = [signed_in(reader).get(url).content.decode() for url in ("/admin/", "/admin/ledger/")]

    assert ["Begun anew" in page for page in pages] == [False, False]
