"""The owner of the database switches the guard off and changes rows: their entries tell."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from governance.access.models import Account, ApiToken, Grant
from governance.access.roles import Role
from governance.access.services import create_account
from governance.ledger.fsck.findings import Report
from governance.ledger.heads import head_file
from governance.ledger.integrator import integrate_all
from governance.ledger.keys import signing_key
from governance.ledger.models import Salt, SignedCheckpoint
from governance.ledger.reconciling.checking import Reconciliation, reconcile
from governance.ledger.sealing import seal, seal_newest
from governance.ledger.signing import LEDGER
from governance.ledger.verifying import declarations, known_keys, verify_record
from releases.approvals.models import Approval, ApprovalRequest, RequestChannel, Vote
from releases.bundles.models import Assignment, Release, Revision, Slot
from releases.gates.models import GateCriterion, GateEvaluation, GatePolicy
from releases.rollouts.models import Deployment
from tests.factories.approvals import World, approved, criteria, requested, voted
from tests.factories.cast import PASSWORD, actor, grant
from tests.factories.gates import drafted_policy
from tests.factories.rollouts import started
from tests.factories.worlds import Prepared
from tests.governance.ledger.reading import OWNER, as_integrator, connected_as, let_sign, tamper


def found_in_rows() -> set[tuple[str, str, str]]:
    findings = reconcile(declarations()).findings
    return {(one.kind, one.table.removeprefix("releases_"), one.column) for one in findings}


@pytest.fixture
def rolling(prepared: Prepared) -> Iterator[Prepared]:
    """The candidate is approved and on its way. What the test changes is undone before anything is committed,
    so that no guard asks for its entry: the rows are as if it had been switched off."""
    voted(prepared.here.cast.approver, requested(prepared.here, prepared.candidate))
    started(prepared.here, prepared.candidate)
    before = transaction.savepoint()
    yield prepared
    transaction.savepoint_rollback(before)


def test_rows_that_verbs_wrote_are_what_their_entries_say(rolling: Prepared) -> None:
    found = reconcile(declarations())

    assert found.findings == ()
    assert (found.entries > 50, found.rows > 50) == (True, True)


def test_every_changed_field_is_named_with_its_table(rolling: Prepared) -> None:
    Vote.objects.update(decision="reject", reason="No.")
    Approval.objects.update(valid_until="2031-01-01T00:00:00Z")
    ApprovalRequest.objects.update(rule_snapshot={"rules": []})
    Release.objects.filter(id=rolling.candidate.release_id).update(name="another")
    Revision.objects.filter(id=rolling.candidate.id).update(card={"why": "something else"})
    Slot.objects.filter(revision=rolling.candidate, slot="sdk").update(role="other")
    GatePolicy.objects.update(version=7)
    GateCriterion.objects.filter(position=0).update(severity="advisory")
    GateEvaluation.objects.update(preregistered=False)
    Deployment.objects.filter(revision=rolling.candidate).update(stage="shadow")
    Assignment.objects.filter(candidate__isnull=False).update(treatment_share=0.9)
    Grant.objects.filter(account=rolling.here.cast.approver).update(role="administrator")
    Account.objects.filter(id=rolling.here.cast.approver.id).update(password="pbkdf2_sha256$1$x$y")

    assert found_in_rows() == {
        ("row", "vote", "decision"),
        ("row", "vote", "reason"),
        ("row", "approval", "valid_until"),
        ("row", "approvalrequest", "rule_snapshot"),
        ("row", "release", "name"),
        ("row", "revision", "card"),
        ("row", "slot", "slot, channel_id, role, component_id"),
        ("gone", "slot", "slot, channel_id, role, component_id"),
        ("row", "gatepolicy", "version"),
        ("row", "gatecriterion", "key, version, kind, title, severity, mode, spec"),
        ("gone", "gatecriterion", "key, version, kind, title, severity, mode, spec"),
        ("row", "gateevaluation", "preregistered"),
        ("row", "deployment", "stage"),
        ("row", "assignment", "treatment_share"),
        ("row", "governance_grant", "role"),
        ("row", "governance_account", "password"),
    }


def test_rows_put_in_and_taken_out_are_named(rolling: Prepared) -> None:
    vote, cast = Vote.objects.get(), rolling.here.cast
    Grant.objects.create(
        account=cast.stranger, role="approver", system=cast.system, starts_at=vote.cast_at, reason="Because"
    )
    ApiToken.objects.create(
        account=cast.approver,
        name="back door",
        secret_hash="0" * 64,
        scopes=["read"],
        created_at=vote.cast_at,
        expires_at="2031-01-01T00:00:00Z",
        created_by_username="nobody",
    )
    vote.delete()
    RequestChannel.objects.all().delete()

    found = reconcile(declarations()).findings

    assert {(one.kind, one.table) for one in found} == {
        ("unrecorded", "governance_grant"),
        ("unrecorded", "governance_apitoken"),
        ("gone", "releases_vote"),
        ("gone", "releases_requestchannel"),
    }


def more_rows(here: World, *tags: str) -> None:
    """For each tag a person with a name and an address, a powerful grant, a draft of another policy, and a
    release that was judged, asked for and approved."""
    for tag in tags:
        made = create_account(
            actor(here.cast.admin),
            username=f"person_{tag}",
            password=PASSWORD,
            display_name=f"Person {tag}",
            email=f"person-{tag}@example.org",
        )
        grant(made, Role.APPROVER, system=here.cast.system)
        drafted_policy(here.cast, criteria(here.baseline), name=f"policy_{tag}")
        approved(here, tag, "ios")


def test_personal_values_are_compared_as_long_as_their_commitments_open(rolling: Prepared) -> None:
    more_rows(rolling.here, "2")
    Account.objects.filter(username="person_2").update(display_name="Somebody else")
    opens = found_in_rows()

    Salt.objects.all().delete()

    assert opens == {("row", "governance_account", "display_name")}
    assert found_in_rows() == set()


def queries() -> tuple[int, Reconciliation]:
    with CaptureQueriesContext(connection) as asked:
        found = reconcile(declarations())
    return len(asked), found


def test_the_comparison_asks_the_same_number_of_queries_for_more_rows(rolling: Prepared) -> None:
    more_rows(rolling.here, "2")
    few, before = queries()

    more_rows(rolling.here, "3", "4")
    many, after = queries()

    assert (after.findings, after.rows > before.rows + 50) == ((), True)
    assert many == few


AGREE = """
UPDATE entry SET body = convert_to(
    replace(convert_from(body, 'UTF8'), '"decision":"approve"', '"decision":"reject"'), 'UTF8')
WHERE document->>'type' = 'vote.cast'
"""
LEAVES = """
UPDATE leaf SET hash = sha256('\\x00'::bytea || entry.body) FROM entry WHERE entry.id = leaf.entry_id
"""
NO_TREE = """
DELETE FROM signed_checkpoint; DELETE FROM checkpoint; DELETE FROM tile; UPDATE tree_state SET tiled = 0
"""


def as_owner(table: str, change: str) -> None:
    """The owner switches the guard off, changes, and switches it on again."""
    with connected_as(OWNER, str(connection.settings_dict["NAME"])) as owner:
        owner.execute(f"ALTER TABLE {table} DISABLE TRIGGER ledger_guard".encode())
        owner.execute(change.encode())
        owner.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER ledger_guard".encode())


def checked(head: Path | None = None) -> Report:
    return verify_record(known_keys(), head or head_file())


@pytest.fixture
def sealed(committed: Prepared, settings: Settings, tmp_path: Path) -> Prepared:
    """The candidate is approved, and a checkpoint of all of it is signed."""
    let_sign(settings, tmp_path)
    voted(committed.here.cast.approver, requested(committed.here, committed.candidate))
    with as_integrator():
        integrate_all()
        seal_newest()
    return committed


def test_the_owner_changes_a_vote_and_a_release_and_the_rows_are_named(
    sealed: Prepared, capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("verify_ledger")
    whole = capsys.readouterr().out

    as_owner("releases_vote", "UPDATE releases_vote SET decision = 'reject'")
    as_owner("releases_revision", "UPDATE releases_revision SET state = 'rejected' WHERE state = 'approved'")
    with pytest.raises(CommandError, match="not as it was written"):
        call_command("verify_ledger")

    vote, told = Vote.objects.get(), capsys.readouterr().out
    assert "whole: every entry is in the tree" in whole
    assert f"FOUND      releases_vote {vote.id}, decision: entry 2 of {vote.stream()} says" in told
    assert 'says "approve", the row says "reject".' in told
    assert f"releases_revision {sealed.candidate.id}, state: entry" in told
    assert 'says "approved", the row says "rejected".' in told


def test_the_owner_changes_the_entries_too_and_each_further_step_is_found_by_the_next_means(
    sealed: Prepared, tmp_path: Path
) -> None:
    old, key = SignedCheckpoint.objects.get(), signing_key(LEDGER)
    assert key is not None
    as_owner("releases_vote", "UPDATE releases_vote SET decision = 'reject'")
    tamper(AGREE)
    body = [one.kind for one in checked().findings]

    tamper(LEAVES)
    tree = [one.kind for one in checked().findings]

    tamper(NO_TREE)
    with as_integrator():
        integrate_all()
        seal(key, tmp_path / "another-head")
    alone, with_head = checked(tmp_path / "another-head"), checked()

    assert body == ["body", "checkpoint", "tile"]
    assert tree == ["checkpoint", "tile"]
    assert alone.findings == ()
    assert [one.kind for one in with_head.findings] == ["head"]
    assert SignedCheckpoint.objects.get().note != old.note
