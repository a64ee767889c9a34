"""Whoever only reads is asked for grants once per request; whoever writes, each time."""

from django.db import connection
from django.test.utils import CaptureQueriesContext

from governance.access.granting import revoke_grant
from governance.access.models import Grant
from governance.access.queries import has_permission, reading
from governance.access.roles import Permission
from tests.factories.cast import Cast, actor
from tests.factories.http import signed_in

GRANTS = 'FROM "governance_grant"'


def grants_asked(captured: CaptureQueriesContext) -> list[str]:
    """Queries for the grants of one account, without those that ask what an administrator has to do."""
    wanted = '"governance_grant"."account_id" = '
    return [one["sql"] for one in captured if GRANTS in one["sql"] and wanted in one["sql"]]


def test_while_reading_the_same_question_is_asked_once(team: Cast) -> None:
    author = actor(team.author)

    with CaptureQueriesContext(connection) as captured, reading():
        answers = [has_permission(author, Permission.DRAFT_RELEASE, team.system) for _ in range(3)]

    assert answers == [True] * 3
    assert len(grants_asked(captured)) == 1


def test_while_writing_it_is_asked_each_time(team: Cast) -> None:
    author = actor(team.author)

    with CaptureQueriesContext(connection) as captured:
        answers = [has_permission(author, Permission.DRAFT_RELEASE, team.system) for _ in range(3)]

    assert answers == [True] * 3
    assert len(grants_asked(captured)) == 3


def test_what_one_may_differs_by_person_and_by_permission_while_reading(team: Cast) -> None:
    with reading():
        drafts = has_permission(actor(team.author), Permission.DRAFT_RELEASE, team.system)
        votes = has_permission(actor(team.author), Permission.DRAFT_POLICY, team.system)
        another = has_permission(actor(team.auditor), Permission.DRAFT_RELEASE, team.system)

    assert (drafts, votes, another) == (True, False, False)


def test_the_next_request_knows_that_a_grant_was_revoked(team: Cast) -> None:
    client = signed_in(team.auditor)
    page = f"/admin/governance/system/{team.system.pk}/change/"
    before = client.get(page).status_code

    for_auditor = Grant.objects.get(account=team.auditor)
    revoke_grant(actor(team.admin), grant=for_auditor, reason="Has left.")

    assert before == 200
    assert client.get(page).status_code != 200
