"""Systems, channels and segments: registered once, segments in versions."""

from typing import Any

import pytest

from governance.access.queries import PermissionDenied
from governance.errors import InvalidInput
from governance.ledger.queries import entry_of
from governance.registry.models import Channel, Segment, System
from governance.registry.services import AlreadyRegistered, register_channel, register_system
from tests.factories.cast import Cast, actor
from tests.factories.registry import PREDICATE, segment


@pytest.mark.parametrize(
    ("terms", "field"),
    [
        ({"slug": "Upper"}, "slug"),
        ({"slug": "ends-"}, "slug"),
        ({"slug": "line\n"}, "slug"),
        ({"slug": ""}, "slug"),
        ({"slug": "x" * 65}, "slug"),
        ({"name": ""}, "name"),
        ({"name": "x" * 151}, "name"),
        ({"dataset_change_limit_rate": 1.01}, "dataset_change_limit_rate"),
        ({"dataset_change_limit_rate": -0.01}, "dataset_change_limit_rate"),
        ({"dataset_change_limit_rate": float("nan")}, "dataset_change_limit_rate"),
    ],
)
def test_a_system_that_does_not_fit_is_refused_by_field(
    team: Cast, terms: dict[str, Any], field: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        register_system(actor(team.admin), **{"slug": "branch-kiosk", "name": "Branch kiosk", **terms})

    assert [item.field for item in refused.value.field_errors] == [field]
    assert System.objects.count() == 1


def test_a_system_is_registered_once(team: Cast) -> None:
    with pytest.raises(AlreadyRegistered):
        register_system(actor(team.admin), slug=team.system.slug, name="Again")


@pytest.mark.parametrize("name", ["author", "qa_lead", "release_manager", "approver", "stranger"])
def test_only_administrators_register_systems_and_channels(team: Cast, name: str) -> None:
    with pytest.raises(PermissionDenied):
        register_system(actor(getattr(team, name)), slug="branch-kiosk", name="Branch kiosk")
    with pytest.raises(PermissionDenied):
        register_channel(actor(getattr(team, name)), system=team.system, name="kiosk", kind="kiosk")


@pytest.mark.parametrize(
    ("terms", "field"),
    [
        ({"kind": "fax"}, "kind"),
        ({"name": "two words"}, "name"),
        ({"name": "line\n"}, "name"),
        ({"name": ""}, "name"),
    ],
)
def test_a_channel_that_does_not_fit_is_refused_by_field(
    team: Cast, terms: dict[str, Any], field: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        register_channel(actor(team.admin), system=team.system, **{"name": "kiosk", "kind": "kiosk", **terms})

    assert [item.field for item in refused.value.field_errors] == [field]


def test_a_channels_name_stands_once_in_its_system(team: Cast) -> None:
    with pytest.raises(AlreadyRegistered):
        register_channel(actor(team.admin), system=team.system, name="ios", kind="kiosk")

    assert Channel.objects.filter(name="ios").count() == 1


def test_a_segment_defined_again_is_its_next_version_and_the_first_stays(team: Cast) -> None:
    first = segment(team.qa_lead, team.system)
    older = {"attribute": "age", "operator": "ge", "value": 70}

    second = segment(team.qa_lead, team.system, predicate=older)

    first.refresh_from_db()
    assert (first.version, second.version) == (1, 2)
    assert first.predicate == PREDICATE
    entry = entry_of(second.stream(), "segment.defined")
    assert entry is not None
    assert entry.document["before"] == {"version": 1, "predicate": PREDICATE}
    assert entry.document["after"]["sentence"] == "age is at least 70"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"key": "two words"}, "key"),
        ({"title": ""}, "title"),
        ({"reason": "  "}, "reason"),
        ({"predicate": {"all": []}}, "predicate.all"),
    ],
)
def test_a_segment_that_does_not_fit_is_refused_by_field(
    team: Cast, changes: dict[str, Any], field: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        segment(team.qa_lead, team.system, **changes)

    assert [item.field for item in refused.value.field_errors] == [field]
    assert not Segment.objects.exists()


@pytest.mark.parametrize("name", ["author", "security_all", "approver", "admin", "integration"])
def test_only_qa_leads_define_segments(team: Cast, name: str) -> None:
    with pytest.raises(PermissionDenied):
        segment(getattr(team, name), team.system)
