"""Who may change releases: roles, channels, systems."""

import pytest

from governance.access.queries import PermissionDenied
from governance.access.roles import Role
from governance.ledger.models import Entry
from tests.factories.bundles import Parts, draft
from tests.factories.cast import actor, grant, person, system_with_channels
from tests.releases.bundles.verbs import VERBS, Verb, drafting, editing, freezing, withdrawing

MAY_NOT = (
    "qa_lead",
    "security_all",
    "security_reviewer",
    "approver",
    "release_manager",
    "auditor",
    "admin",
    "stranger",
)


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("name", MAY_NOT)
def test_other_roles_may_not_change_releases(here: Parts, verb: Verb, name: str) -> None:
    revision = draft(here.cast, here.content)
    entries = Entry.objects.filter(stream=revision.stream()).count()

    with pytest.raises(PermissionDenied, match="it takes author"):
        verb(here, actor(getattr(here.cast, name)), revision)

    assert Entry.objects.filter(stream=revision.stream()).count() == entries


@pytest.mark.parametrize("verb", [drafting, editing, freezing])
def test_an_integration_drafts_edits_and_freezes(here: Parts, verb: Verb) -> None:
    revision = draft(here.cast, here.content)

    assert verb(here, actor(here.cast.integration), revision).release.system == here.system


def test_an_integration_may_not_withdraw(here: Parts) -> None:
    revision = draft(here.cast, here.content)

    with pytest.raises(PermissionDenied):
        withdrawing(here, actor(here.cast.integration), revision)


@pytest.mark.parametrize("verb", VERBS)
def test_an_author_of_one_channel_may_not_change_the_release(here: Parts, verb: Verb) -> None:
    outsider = person("channel_author")
    grant(outsider, Role.AUTHOR, channel=here.cast.channel("android"))
    revision = draft(here.cast, here.content)

    with pytest.raises(PermissionDenied):
        verb(here, actor(outsider), revision)


@pytest.mark.parametrize("verb", VERBS)
def test_an_author_of_another_system_may_not_change_the_release(here: Parts, verb: Verb) -> None:
    outsider = person("other_author")
    grant(outsider, Role.AUTHOR, system=system_with_channels("another-system", ["android"]))
    revision = draft(here.cast, here.content)

    with pytest.raises(PermissionDenied):
        verb(here, actor(outsider), revision)
