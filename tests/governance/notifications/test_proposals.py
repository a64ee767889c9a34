"""A grant that waits for its second person: the other administrators are told, and only they."""

import pytest
from celery import current_app
from django.utils import timezone

from governance.access.granting import GrantTerms, grant_role, propose_grant
from governance.access.models import Proposal
from governance.access.roles import Role
from governance.notifications import tasks  # noqa: F401 - declares the task
from governance.notifications.models import Notification
from governance.notifications.names import PROPOSAL_STORED
from governance.notifications.rendering import subject_of, text_of
from governance.outbox.models import OutboxMessage
from tests.factories.cast import Cast, actor


def terms(team: Cast) -> GrantTerms:
    """A powerful role for the stranger."""
    return GrantTerms(team.stranger, Role.APPROVER, "Joins the board", system_id=team.system.id)


def proposed(team: Cast) -> Proposal:
    """Proposed by the first administrator, and told nobody yet."""
    Notification.objects.all().delete()
    OutboxMessage.objects.all().delete()
    return propose_grant(actor(team.admin), terms=terms(team))


def worker_takes_it() -> None:
    """As often as the outbox may deliver it."""
    message = OutboxMessage.objects.get(task=PROPOSAL_STORED)
    current_app.tasks[PROPOSAL_STORED](str(message.id))
    OutboxMessage.objects.filter(id=message.id).update(done_at=None)
    current_app.tasks[PROPOSAL_STORED](str(message.id))


def told() -> list[str]:
    return list(Notification.objects.values_list("account__username", flat=True))


def test_the_other_administrators_are_told_what_to_confirm_and_until_when(team: Cast) -> None:
    proposal = proposed(team)

    worker_takes_it()

    row = Notification.objects.get()
    assert told() == [team.admin_two.username]
    assert subject_of(row) == f"A second person is needed: give {team.stranger} the role approver"
    assert f"{proposal.expires_at:%-d %B %Y, %H:%M} UTC" in text_of(row)
    assert f"{team.admin} proposes to give {team.stranger} the role approver" in text_of(row)
    assert row.path == f"/admin/governance/grant/confirm/{proposal.pk}/"


@pytest.mark.parametrize("changes", [{"confirmed_at": timezone.now()}, {"expires_at": timezone.now()}])
def test_nobody_is_asked_for_what_no_longer_waits(team: Cast, changes: dict[str, object]) -> None:
    proposal = proposed(team)
    Proposal.objects.filter(id=proposal.id).update(**changes)

    worker_takes_it()

    assert told() == []


def test_a_proposal_confirmed_before_the_worker_came_asks_nobody(team: Cast) -> None:
    proposal = proposed(team)
    grant_role(actor(team.admin_two), terms=terms(team), proposal=proposal.id)

    worker_takes_it()

    assert told() == []
