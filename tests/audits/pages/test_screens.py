"""Lists and detail pages of everything else: who sees what, and that rows cost no queries."""

from collections.abc import Callable

import pytest
from django.db import connection
from django.db.models import Model
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from governance.access.models import Account, ApiToken, Grant
from governance.registry.models import Channel, ComponentVersion, Segment, System
from governance.registry.services import register_channel
from releases.approvals.models import ApprovalRequest, ApprovalRuleSet
from releases.bundles.models import Release
from releases.gates.models import GateEvaluation, GatePolicy
from releases.scores.models import ScoreTable
from tests.audits.pages.browsing import text_of
from tests.factories.approvals import candidate, enacted, requested
from tests.factories.bundles import component
from tests.factories.cast import actor, person, system_with_channels, token_for
from tests.factories.gates import segment
from tests.factories.http import signed_in
from tests.factories.worlds import Prepared

RULE = {"key": "approver", "title": "Release approver", "role": "approver"}
LISTS: list[type[Model]] = [
    System,
    Channel,
    Segment,
    ComponentVersion,
    ScoreTable,
    GatePolicy,
    GateEvaluation,
    ApprovalRuleSet,
    ApprovalRequest,
    Release,
    Account,
    Grant,
    ApiToken,
]


def list_url(model: type[Model]) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")


def detail_url(row: Model) -> str:
    return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[row.pk])


def everything(prepared: Prepared) -> None:
    """A row in every list."""
    people = prepared.here.cast
    segment(people, "skin_tone", "6")
    enacted(people, RULE)
    requested(prepared.here, prepared.candidate)
    token_for(people.auditor)


@pytest.mark.parametrize("model", LISTS)
@pytest.mark.parametrize("role", ["auditor", pytest.param("admin", marks=pytest.mark.slow)])
def test_every_list_and_detail_page_is_shown_within_the_reach(
    prepared: Prepared, model: type[Model], role: str
) -> None:
    everything(prepared)
    client = signed_in(getattr(prepared.here.cast, role))
    response = client.get(list_url(model))

    shown = list(response.context["cl"].queryset)
    details = [client.get(detail_url(row), follow=True).status_code for row in shown[:3]]

    assert response.status_code == 200
    assert details
    assert set(details) == {200}


@pytest.mark.parametrize("model", [model for model in LISTS if model not in {Account, Grant, ApiToken}])
def test_a_stranger_sees_nothing_and_opens_nothing(prepared: Prepared, model: type[Model]) -> None:
    everything(prepared)
    client = signed_in(prepared.here.cast.stranger)

    response = client.get(list_url(model))

    assert list(response.context["cl"].queryset) == []
    assert client.get(detail_url(model._default_manager.all()[0])).status_code == 404


@pytest.mark.parametrize("model", [Account, ApiToken])
def test_a_stranger_sees_the_own_rows_only(prepared: Prepared, model: type[Model]) -> None:
    everything(prepared)
    token_for(prepared.here.cast.stranger)
    client = signed_in(prepared.here.cast.stranger)

    shown = list(client.get(list_url(model)).context["cl"].queryset)

    assert [getattr(row, "account", row) for row in shown] == [prepared.here.cast.stranger]


@pytest.mark.parametrize(
    "query", ["?system__id__exact=x", "?nonsense=1", "?p=99", "?o=99", "?q=%00", "?kind=nothing"]
)
def test_a_filter_that_means_nothing_is_no_error(prepared: Prepared, query: str) -> None:
    response = signed_in(prepared.here.cast.auditor).get(list_url(ComponentVersion) + query, follow=True)

    assert response.status_code == 200


@pytest.mark.parametrize("key", ["x", "0", "01a21426-dd2c-75de-a218-3de34b657920", "%00"])
def test_an_id_that_there_is_not_is_not_found(prepared: Prepared, key: str) -> None:
    response = signed_in(prepared.here.cast.auditor).get(f"{list_url(System)}{key}/change/")

    assert response.status_code == 404


def more_of(prepared: Prepared) -> dict[type[Model], Callable[[int], object]]:
    """How to make one more row of a list."""
    people = prepared.here.cast
    return {
        System: lambda n: system_with_channels(f"other-{n}", ("ios",)),
        Channel: lambda n: register_channel(
            actor(people.admin), system=people.system, name=f"kiosk_{n}", kind="kiosk"
        ),
        Segment: lambda n: segment(people, "skin_tone", str(n)),
        ComponentVersion: lambda n: component(people, "model", "further", str(n)),
        Release: lambda n: candidate(prepared.here, f"1{n}"),
        GateEvaluation: lambda n: candidate(prepared.here, f"1{n}"),
        ScoreTable: lambda n: candidate(prepared.here, f"1{n}"),
        ApprovalRequest: lambda n: requested(prepared.here, candidate(prepared.here, f"1{n}")),
        ApprovalRuleSet: lambda n: enacted(people, RULE),
        Account: lambda n: person(f"person_{n}"),
        ApiToken: lambda n: token_for(people.admin),
    }


@pytest.mark.parametrize("model", [model for model in LISTS if model not in {GatePolicy, Grant}])
def test_more_rows_take_no_more_queries(prepared: Prepared, model: type[Model]) -> None:
    everything(prepared)
    make = more_of(prepared)[model]
    make(1)
    client = signed_in(prepared.here.cast.admin)
    before = len(client.get(list_url(model)).context["cl"].result_list)
    with CaptureQueriesContext(connection) as few:
        client.get(list_url(model))
    make(2)
    make(3)

    with CaptureQueriesContext(connection) as many:
        after = len(client.get(list_url(model)).context["cl"].result_list)

    assert after == before + 2
    assert len(many) == len(few)


def test_a_policy_is_shown_as_sentences(prepared: Prepared) -> None:
    page = text_of(signed_in(prepared.here.cast.auditor).get(detail_url(GatePolicy.objects.get())))

    assert "liveness v1 is in force." in page
    assert "APCER, attacks accepted, of print" in page


def test_the_search_finds_within_the_reach_and_without_a_cache(prepared: Prepared) -> None:
    url = reverse("admin:search")

    found = text_of(signed_in(prepared.here.cast.auditor).get(url, {"s": "v1"}))
    hidden = text_of(signed_in(prepared.here.cast.stranger).get(url, {"s": "v1"}))

    assert "onboarding-liveness v1" in found
    assert "v1" not in hidden


@pytest.mark.parametrize("term", ["", "\x00", "%", "a" * 5000, "'; --"])
def test_the_search_takes_any_text(prepared: Prepared, term: str) -> None:
    response = signed_in(prepared.here.cast.auditor).get(reverse("admin:search"), {"s": term})

    assert response.status_code == 200
