"""Gaps of the installation: one administrator alone, what is not sealed, and what the nightly check found."""

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from audits.answers import probing
from audits.answers.gap_kinds import GapKind
from audits.answers.gaps import Gap, gaps_visible_to
from governance.access.granting import revoke_grant
from governance.access.models import Account, Grant
from governance.access.services import deactivate_account
from governance.actors import acting_as, task_actor
from governance.ledger.entries import append_entry
from governance.ledger.models import Entry
from governance.ledger.nightly import STREAM
from tests.factories.cast import actor
from tests.factories.http import signed_in
from tests.factories.worlds import Prepared


def open_now(account: Account) -> dict[GapKind, Gap]:
    return {gap.kind: gap for gap in gaps_visible_to(actor(account))}


def text(account: Account, kind: GapKind) -> str:
    found = open_now(account)
    return found[kind].found if kind in found else ""


def test_one_administrator_alone_is_a_gap_that_auditors_and_administrators_see(prepared: Prepared) -> None:
    people = prepared.here.cast
    before = text(people.auditor, GapKind.SOLE_ADMINISTRATOR)
    second = Grant.objects.get(account=people.admin_two, role="administrator")
    revoke_grant(actor(people.admin), grant=second, reason="Left the company.")

    gap = open_now(people.auditor)[GapKind.SOLE_ADMINISTRATOR]

    assert before == ""
    assert gap.found == "admin alone administers the installation"
    assert gap.since == Grant.objects.get(pk=second.pk).ends_at
    assert (gap.system, gap.revision, gap.channels) == (None, None, ())
    assert GapKind.SOLE_ADMINISTRATOR in open_now(people.admin)
    assert GapKind.SOLE_ADMINISTRATOR not in open_now(people.author)
    assert GapKind.SOLE_ADMINISTRATOR not in open_now(people.stranger)


def test_alone_is_whoever_is_left_from_when_the_others_account_was_closed(prepared: Prepared) -> None:
    people = prepared.here.cast
    deactivate_account(actor(people.admin), account=people.admin_two, reason="Left the company.")
    closed = Entry.objects.get(stream=people.admin_two.stream(), document__type="account.deactivated")

    assert open_now(people.auditor)[GapKind.SOLE_ADMINISTRATOR].since == closed.at


def test_entries_that_wait_too_long_for_their_signature_are_a_gap(
    prepared: Prepared, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = prepared.here.cast
    monkeypatch.setattr(probing, "UNSEALED_AFTER", timedelta(0))
    late = open_now(people.auditor)[GapKind.UNSEALED_ENTRIES]
    shown = signed_in(people.auditor).get("/admin/gaps/").content.decode()
    monkeypatch.setattr(probing, "UNSEALED_AFTER", timedelta(days=1))

    in_time = text(people.auditor, GapKind.UNSEALED_ENTRIES)

    assert late.found.endswith("entries have no signed checkpoint")
    assert late.since < timezone.now()
    assert "This installation" in shown
    assert in_time == ""


def checked(*found: str, unchecked: tuple[str, ...] = ()) -> None:
    """The record was checked by night, but for ``unchecked``, and this was found."""
    after = {
        "whole": not found,
        "number": len(found),
        "findings": [{"kind": "leaf", "sentence": one, "index": 3} for one in found],
        "unchecked": list(unchecked),
        "entries": 10,
        "rows": 10,
        "seconds": 0.1,
    }
    with acting_as(task_actor("test")):
        append_entry("ledger.checked", STREAM, after=after)


def test_a_check_that_found_damage_is_a_gap_until_one_finds_all_whole(prepared: Prepared) -> None:
    auditor = prepared.here.cast.auditor
    checked("Entry 3 is not what was numbered.")
    one = text(auditor, GapKind.LEDGER_DAMAGED)
    checked("Entry 3 is not what was numbered.", "Entry 7 is missing.")
    two = text(auditor, GapKind.LEDGER_DAMAGED)
    of_author = text(prepared.here.cast.author, GapKind.LEDGER_DAMAGED)

    checked()

    assert one == "one finding: Entry 3 is not what was numbered."
    assert two == "2 findings, the first: Entry 3 is not what was numbered."
    assert (text(auditor, GapKind.LEDGER_DAMAGED), of_author) == ("", "")


def test_damage_is_as_old_as_the_first_check_that_found_it(prepared: Prepared) -> None:
    auditor, now = prepared.here.cast.auditor, timezone.now()
    checked()
    with time_machine.travel(now + timedelta(days=1), tick=False):
        checked("Entry 3 is not what was numbered.")
    with time_machine.travel(now + timedelta(days=2), tick=False):
        checked("Entry 3 is not what was numbered.")
        gap = open_now(auditor)[GapKind.LEDGER_DAMAGED]

    assert gap.since == now + timedelta(days=1)


def test_a_check_that_left_something_out_closes_no_gap_and_is_not_called_whole(prepared: Prepared) -> None:
    auditor, left = prepared.here.cast.auditor, "signatures: no verifier key of the ledger is known here"
    checked(unchecked=(left,))

    gap = text(auditor, GapKind.LEDGER_NOT_CHECKED)
    front = signed_in(auditor).get("/admin/").content.decode()
    checked()

    assert gap == f"the last check left out {left}"
    assert ("Checked in part" in front, "Whole" in front) == (True, False)
    assert f"Not checked: {left}" in front
    assert text(auditor, GapKind.LEDGER_NOT_CHECKED) == ""


def test_a_night_without_a_check_is_a_gap(prepared: Prepared) -> None:
    auditor = prepared.here.cast.auditor
    checked()
    now = timezone.now()

    with time_machine.travel(now + timedelta(hours=35), tick=True):
        in_time = text(auditor, GapKind.LEDGER_NOT_CHECKED)
    with time_machine.travel(now + timedelta(hours=37), tick=True):
        late = text(auditor, GapKind.LEDGER_NOT_CHECKED)

    assert in_time == ""
    assert late.endswith("; one is made each night")
