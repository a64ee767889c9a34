"""What is registered changes through its verbs only: anything else is refused when it commits."""

from collections.abc import Callable

import pytest
from django.db import DatabaseError, connection, transaction
from django.db.models import ProtectedError

from governance.access.roles import Role
from governance.ledger.verbs import Conflict
from governance.registry.models import Channel, ComponentVersion, Segment, System
from governance.registry.services import AlreadyRegistered, register_system
from tests.database import in_threads
from tests.factories.cast import actor, administrator, grant, person, system_with_channels
from tests.factories.registry import component, segment


def by_sql(statement: str) -> None:
    """One statement, committed."""
    with connection.cursor() as cursor:
        cursor.execute(statement)


def in_one_transaction() -> None:
    """A change behind a savepoint of a longer transaction."""
    with transaction.atomic():
        Channel.objects.filter(name="android").exists()
        with transaction.atomic():
            ComponentVersion.objects.update(status="active", digest="sha256:" + "0" * 64)


def by_saving() -> None:
    """A change through the model."""
    found = ComponentVersion.objects.get()
    found.attributes = {"architecture": "another"}
    found.save()


WAYS: dict[str, Callable[[], object]] = {
    "ORM update": lambda: ComponentVersion.objects.update(digest="sha256:" + "0" * 64),
    "ORM save": by_saving,
    "ORM bulk_update": lambda: ComponentVersion.objects.bulk_update(
        [ComponentVersion(id=ComponentVersion.objects.get().id, name="other")], ["name"]
    ),
    "ORM queryset delete": lambda: ComponentVersion.objects.all().delete(),
    "savepoint": in_one_transaction,
    "SQL update": lambda: by_sql("UPDATE governance_componentversion SET status = 'active', name = 'other'"),
    "SQL delete": lambda: by_sql("DELETE FROM governance_componentversion"),
    "SQL truncate": lambda: by_sql("TRUNCATE governance_componentversion CASCADE"),
    "system by SQL": lambda: by_sql("UPDATE governance_system SET starter_may_cast_last_vote = true"),
    "channel by SQL": lambda: by_sql("UPDATE governance_channel SET drill = true"),
    "channel by ORM": lambda: Channel.objects.filter(name="ios").update(kind="android"),
    "segment by SQL": lambda: by_sql("UPDATE governance_segment SET predicate = '{}'"),
    "segment by ORM": lambda: Segment.objects.update(protected=False),
    "segment delete": lambda: Segment.objects.all().delete(),
}


@pytest.fixture
def registered(committed_db: str) -> System:
    """A system with a component and a segment, committed."""
    system = system_with_channels()
    author, definer = person("author"), person("qa_lead")
    grant(author, Role.AUTHOR, system=system)
    grant(definer, Role.QA_LEAD, system=system)
    component(author, system)
    segment(definer, system)
    return system


def everything() -> list[object]:
    """All rows that could have changed."""
    return [
        list(model.objects.order_by("id").values()) for model in (System, Channel, Segment, ComponentVersion)
    ]


def refused(way: Callable[[], object]) -> str:
    """The database's message when the change is tried."""
    with pytest.raises((DatabaseError, ProtectedError)) as caught:
        way()
    return str(caught.value)


def test_no_way_past_the_verbs_changes_what_is_registered(registered: System) -> None:
    before = everything()

    answers = {name: refused(way) for name, way in WAYS.items()}

    assert everything() == before
    assert {name for name, answer in answers.items() if "ledger guard" not in answer} <= {"SQL truncate"}
    assert "ledger guard" in answers["SQL truncate"] or "permission denied" in answers["SQL truncate"]


def test_two_registrations_of_one_name_at_once_make_one(committed_db: str) -> None:
    by = actor(administrator())

    outcomes = in_threads(
        lambda: register_system(by, slug="face-login", name="First"),
        lambda: register_system(by, slug="face-login", name="Second"),
    )

    assert System.objects.filter(slug="face-login").count() == 1
    refusals = [outcome for outcome in outcomes if isinstance(outcome, AlreadyRegistered | Conflict)]
    assert len(refusals) == 1
