"""The verbs on releases, called alike."""

from collections.abc import Callable

from governance.actors import Actor
from releases.bundles.models import Revision
from releases.bundles.services import (
    draft_release,
    edit_release,
    freeze_release,
    withdraw_release,
)
from tests.factories.bundles import Parts

Verb = Callable[[Parts, Actor, Revision], Revision]


def drafting(here: Parts, by: Actor, revision: Revision) -> Revision:
    return draft_release(by, system=here.system, name="another", content=here.content)


def editing(here: Parts, by: Actor, revision: Revision) -> Revision:
    return edit_release(by, revision=revision, content=here.content)


def freezing(here: Parts, by: Actor, revision: Revision) -> Revision:
    return freeze_release(by, revision=revision)


def withdrawing(here: Parts, by: Actor, revision: Revision) -> Revision:
    return withdraw_release(by, revision=revision, reason="not wanted")


VERBS = (drafting, editing, freezing, withdrawing)
