"""The ledger's key through its life: it signs, is rotated, retired, and replaced where it is lost."""

import io
import stat
from datetime import timedelta
from pathlib import Path

import pytest
import time_machine
from django.core.management import CommandError
from django.utils import timezone
from pytest_django import Settings

from governance.access.granting import SecondPersonNeeded
from governance.access.ledger_keys import (
    NoRotation,
    NotTheLedgersKey,
    OverlapNotOver,
    RotationRunning,
    SuccessorNotVouchedFor,
    propose_key_replacement,
    replace_lost_ledger_key,
    retire_ledger_key,
    rotate_ledger_key,
)
from governance.access.models import Account
from governance.access.presence import NotInPerson
from governance.access.proposals import ProposalDiffers, ProposerConfirms
from governance.access.queries import PermissionDenied
from governance.errors import InvalidInput
from governance.ledger.custody import list_keys, log_keys_of
from governance.ledger.custody_models import KeySuccession
from governance.ledger.queries import entry_of
from governance.ledger.signing import generate_key
from governance.project.embedded.keys import make_signing_keys
from governance.registry.models import System
from tests.factories.cast import PASSWORD, actor, administrator, operator, second_administrator
from tests.factories.cast import person as account
from tests.governance.ledger.keeping import (
    another_key,
    faults,
    go_on,
    has_signed,
    key_path,
    ledger_keys,
    notes,
    number_and_sign,
    replace_keys,
    run,
)
from tests.governance.ledger.reading import let_sign

REASON = "The key is a year old."
LOST = "The disk with the key died."
MONTH = timedelta(days=30)


@pytest.fixture
def signing(system: System, tmp_path: Path, settings: Settings) -> System:
    """A system whose first entries are signed by the first key."""
    let_sign(settings, tmp_path)
    assert go_on(system) == ""
    return system


@pytest.fixture
def rotated(signing: System) -> System:
    """Two keys sign: the first one and its successor."""
    run("rotate_ledger_key", reason=REASON)
    assert go_on(signing) == ""
    return signing


def later(days: int) -> time_machine.travel:
    return time_machine.travel(timezone.now() + timedelta(days=days))


def test_during_a_rotation_checkpoints_bear_both_signatures_and_each_alone_suffices(rotated: System) -> None:
    old, new = ledger_keys()

    first, newest = notes()[0], notes()[-1]

    assert [has_signed(key, newest) for key in (old, new)] == [True, True]
    assert [has_signed(key, first) for key in (old, new)] == [True, False]
    assert (faults(old), faults(new)) == ([], [])
    assert [key.public for key in log_keys_of(newest)] == [old.public, new.public]


def test_the_entry_of_a_rotation_names_both_keys_and_until_when(rotated: System) -> None:
    row = KeySuccession.objects.get()
    entry = entry_of(row.stream(), "ledger_key.rotated")

    assert entry is not None
    after = entry.document["after"]
    assert [after["old_vkey"], after["new_vkey"]] == [key.vkey for key in ledger_keys()]
    assert row.overlap_until == row.began_at + MONTH
    assert (entry.document["reason"], entry.document["actor"]["kind"]) == (REASON, "command")


def test_the_file_stays_private_and_keeps_the_key_for_statements(rotated: System) -> None:
    text = key_path().read_text()

    assert stat.S_IMODE(key_path().stat().st_mode) == 0o600
    assert [line.count("statements") for line in text.splitlines() if line.startswith("PRIVATE")] == [1, 0, 0]
    assert not key_path().with_name(".keys.new").exists()


def test_after_the_overlap_the_new_key_alone_signs_and_what_the_old_one_signed_still_holds(
    rotated: System,
) -> None:
    old, new = ledger_keys()

    with later(days=31):
        run("rotate_ledger_key", end=True)
        assert go_on(rotated) == ""

    newest = notes()[-1]
    assert [key.public for key in ledger_keys()] == [new.public]
    assert f"# {old.id} was retired." in key_path().read_text()
    assert [has_signed(key, newest) for key in (old, new)] == [False, True]
    assert (faults(new), faults(old)) == ([], [])


def test_an_overlap_does_not_end_early_unless_the_old_key_is_in_other_hands(rotated: System) -> None:
    with pytest.raises(OverlapNotOver, match="Both keys sign until"):
        retire_ledger_key(operator(), reason=REASON)
    with pytest.raises(InvalidInput, match="other hands"):
        retire_ledger_key(operator(), reason=" ", compromised=True)

    run("rotate_ledger_key", end=True, compromised=True, reason="The laptop with a copy was stolen.")

    row = KeySuccession.objects.get()
    assert (row.is_compromised, row.ended_by_username != "") == (True, True)
    with pytest.raises(NoRotation):
        retire_ledger_key(operator(), reason=REASON)


def test_a_key_is_not_retired_before_it_has_vouched_for_its_successor(signing: System) -> None:
    run("rotate_ledger_key", reason=REASON)

    with pytest.raises(SuccessorNotVouchedFor):
        retire_ledger_key(operator(), reason=REASON, compromised=True)
    replace_keys(ledger_keys()[1].text())
    go_on(signing)
    with pytest.raises(SuccessorNotVouchedFor):
        retire_ledger_key(operator(), reason=REASON, compromised=True)


def test_a_rotation_that_is_refused_leaves_a_key_that_signs_nothing_and_is_taken_up_by_the_next(
    signing: System,
) -> None:
    with pytest.raises(CommandError, match="1 to 366"):
        run("rotate_ledger_key", reason=REASON, days=0)
    old, new = ledger_keys()
    assert go_on(signing) == ""
    unrecorded = [has_signed(key, notes()[-1]) for key in (old, new)]

    run("rotate_ledger_key", reason=REASON)
    go_on(signing)

    assert unrecorded == [True, False]
    assert [key.public for key in ledger_keys()] == [old.public, new.public]
    assert [has_signed(key, notes()[-1]) for key in (old, new)] == [True, True]


def test_what_cannot_be_rotated_is_refused(rotated: System) -> None:
    old, new = ledger_keys()
    other = another_key().vkey

    with pytest.raises(RotationRunning):
        rotate_ledger_key(operator(), old=new.vkey, new=other, overlap=MONTH, reason=REASON)
    with later(days=31):
        retire_ledger_key(operator(), reason=REASON)
        with pytest.raises(NotTheLedgersKey):
            rotate_ledger_key(operator(), old=old.vkey, new=other, overlap=MONTH, reason=REASON)
        with pytest.raises(InvalidInput, match="did before"):
            rotate_ledger_key(operator(), old=new.vkey, new=old.vkey, overlap=MONTH, reason=REASON)
        with pytest.raises(InvalidInput, match="it stays 'example"):
            rotate_ledger_key(
                operator(), old=new.vkey, new=generate_key("a/b").vkey, overlap=MONTH, reason=REASON
            )
        with pytest.raises(InvalidInput, match="verifier key looks like"):
            rotate_ledger_key(operator(), old=new.vkey, new="b", overlap=MONTH, reason=REASON)


def test_an_end_that_was_cut_off_before_the_file_was_written_is_completed(rotated: System) -> None:
    _old, new = ledger_keys()
    with later(days=31):
        retire_ledger_key(operator(), reason=REASON)

        said = run("rotate_ledger_key", end=True)

    assert "signs no longer" in said
    assert [key.public for key in ledger_keys()] == [new.public]


def test_nobody_but_the_operator_and_administrators_touches_keys(signing: System) -> None:
    stranger = actor(account("stranger"))

    with pytest.raises(PermissionDenied):
        retire_ledger_key(stranger, reason=REASON)
    with pytest.raises(PermissionDenied):
        rotate_ledger_key(stranger, old="", new="", overlap=MONTH, reason=REASON)
    with pytest.raises(PermissionDenied):
        propose_key_replacement(stranger, old="", new="", reason=LOST)
    with pytest.raises(PermissionDenied):
        replace_lost_ledger_key(stranger, old="", new="", reason=LOST)


def test_a_key_that_was_put_into_the_file_by_hand_signs_nothing_and_is_named(signing: System) -> None:
    before, swapped = len(notes()), another_key()
    replace_keys(swapped.text())

    trouble = go_on(signing)

    assert f"{swapped.id} has never signed this ledger" in trouble
    assert "replace_ledger_key" in trouble
    assert len(notes()) == before


def lost(old_vkey: str, new_vkey: str, first: Account, second: Account) -> KeySuccession:
    proposal = propose_key_replacement(actor(first), old=old_vkey, new=new_vkey, reason=LOST)
    return replace_lost_ledger_key(
        actor(second), old=old_vkey, new=new_vkey, reason=LOST, proposal=proposal.id
    )


def test_a_lost_key_is_replaced_by_two_administrators_and_nothing_but_they_vouches_for_the_new_one(
    signing: System,
) -> None:
    (old,) = ledger_keys()
    new = another_key()
    replace_keys(new.text())

    row = lost(old.vkey, new.vkey, administrator(), second_administrator())
    trouble = go_on(signing)

    assert trouble == ""
    entry = entry_of(row.stream(), "ledger_key.replaced")
    assert entry is not None
    after = entry.document["after"]
    assert (after["is_lost"], after["began_by"], after["confirmed_by"]) == (True, "admin", "admin_two")
    assert after["sole_administrator"] is False
    assert (faults(new), len(faults(old))) == ([], 1)
    assert "No known key has signed this" in faults(old)[0]
    assert [(fact.state, fact.until) for fact in list_keys()][-2:] == [
        ("signs", None),
        ("lost", row.ended_at),
    ]


def test_one_of_two_administrators_replaces_no_key(signing: System) -> None:
    (old,) = ledger_keys()
    new, other = another_key().vkey, another_key().vkey
    first, second = actor(administrator()), actor(second_administrator())
    proposal = propose_key_replacement(first, old=old.vkey, new=new, reason=LOST)

    with pytest.raises(SecondPersonNeeded):
        replace_lost_ledger_key(first, old=old.vkey, new=new, reason=LOST)
    with pytest.raises(ProposerConfirms):
        replace_lost_ledger_key(first, old=old.vkey, new=new, reason=LOST, proposal=proposal.id)
    with pytest.raises(ProposalDiffers):
        replace_lost_ledger_key(second, old=old.vkey, new=other, reason=LOST, proposal=proposal.id)
    with pytest.raises(NotInPerson):
        replace_lost_ledger_key(operator(), old=old.vkey, new=new, reason=LOST, proposal=proposal.id)
    assert not KeySuccession.objects.exists()


def test_the_only_administrator_replaces_a_key_alone_and_the_entry_says_so(
    signing: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    (old,) = ledger_keys()
    new = another_key()
    replace_keys(new.text())
    administrator()

    monkeypatch.setattr("sys.stdin", io.StringIO(f"{PASSWORD}\n"))

    said = run("replace_ledger_key", by="admin", reason=LOST, lost=old.vkey, password_stdin=True)

    assert new.vkey in said
    assert KeySuccession.objects.get().sole_administrator


def test_a_wrong_password_at_the_shell_proposes_nothing(
    signing: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    administrator()
    monkeypatch.setattr("sys.stdin", io.StringIO("not this one\n"))

    with pytest.raises(CommandError, match="No active person 'admin' with this password"):
        run("replace_ledger_key", by="admin", reason=LOST, lost="a", password_stdin=True)


def test_a_key_that_is_lost_while_it_is_rotated_ends_the_rotation(rotated: System) -> None:
    _old, new = ledger_keys()
    third = another_key()
    replace_keys(third.text())

    lost(new.vkey, third.vkey, administrator(), second_administrator())

    first, second = KeySuccession.objects.all()
    assert (first.ended_at, second.is_lost) == (second.began_at, True)
    assert entry_of(first.stream(), "ledger_key.retired") is not None
    assert number_and_sign() == ""
    assert faults(third) == []


def test_make_up_makes_no_new_keys_beside_a_head_that_others_have_signed(tmp_path: Path) -> None:
    (tmp_path / "ledger-head").write_text("1 abc\n")

    said = make_signing_keys(tmp_path, tmp_path / "ledger-head")

    assert not (tmp_path / "signing-keys").exists()
    assert "create_signing_key" in said


def test_where_the_old_key_is_lost_before_both_have_signed_a_third_one_is_asked_for(signing: System) -> None:
    run("rotate_ledger_key", reason=REASON)
    replace_keys(ledger_keys()[1].text())
    administrator()

    with pytest.raises(CommandError, match="put NEWFILE in the place of the key"):
        run("replace_ledger_key", by="admin", reason=LOST, password_stdin=True)
