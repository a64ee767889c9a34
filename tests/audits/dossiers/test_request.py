"""Who may ask for a dossier and read it, by the interface and by its pages, and what is refused."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from audits.dossiers.models import Dossier
from audits.dossiers.services import LedgerKeyMissing, request_dossier
from audits.dossiers.subjects import Subject
from governance.access.models import Account
from governance.access.queries import PermissionDenied
from governance.access.roles import Role, Scope
from governance.outbox.models import OutboxMessage
from governance.registry.models import System
from tests.audits.dossiers.making import auditor_of_everything
from tests.audits.pages.browsing import submitted, text_of
from tests.audits.records.told import on_one_channel, outsider, told
from tests.factories.cast import actor, grant
from tests.factories.http import signed_in, with_token
from tests.factories.worlds import Prepared
from tests.governance.ledger.reading import documents, let_sign

API = "/api/v1/dossiers/"


@pytest.fixture(autouse=True)
def signs(prepared: Prepared, tmp_path: Path, settings: Settings) -> None:
    """An installation with keys; one test takes them away."""
    let_sign(settings, tmp_path)


def asked(prepared: Prepared, by: Account) -> Dossier:
    return request_dossier(actor(by), subject=Subject(release=prepared.candidate.release))


def post(client: Client, body: Any) -> Any:
    return client.post(API, body, content_type="application/json")


def test_an_auditor_asks_and_is_told_where_it_will_be(prepared: Prepared) -> None:
    release, auditor = prepared.candidate.release, prepared.here.cast.auditor
    client = with_token(auditor)

    answer = post(client, {"release": str(release.id)})

    shown = answer.json()
    assert (answer.status_code, shown["status"], shown["download"]) == (202, "requested", None)
    assert answer["Location"] == f"{API}{shown['id']}/"
    assert client.get(answer["Location"]).json() == shown
    assert shown["subject"]["title"] == "release v1 of onboarding-liveness"
    [entry] = documents(f"dossier:{shown['id']}")
    assert (entry["type"], entry["actor"]["username"]) == ("dossier.requested", "auditor")
    assert (
        OutboxMessage.objects.filter(task="audits.dossiers.make", payload__dossier=shown["id"]).count() == 1
    )
    early = client.get(f"{API}{shown['id']}/download/")
    assert (early.status_code, early.json()["code"]) == (409, "dossier_not_ready")


def test_what_is_asked_for_twice_is_made_once(prepared: Prepared) -> None:
    auditor, other = prepared.here.cast.auditor, auditor_of_everything()

    first, second = asked(prepared, auditor), asked(prepared, auditor)
    of_another = asked(prepared, other)

    assert first.id == second.id
    assert of_another.id != first.id


@pytest.mark.parametrize(
    "name",
    ["author", "qa_lead", "security_all", "approver", "release_manager", "integration", "stranger", "admin"],
)
def test_other_roles_neither_ask_nor_see(prepared: Prepared, name: str) -> None:
    made = asked(prepared, prepared.here.cast.auditor)
    account = getattr(prepared.here.cast, name)
    client = with_token(account)

    with pytest.raises(PermissionDenied):
        asked(prepared, account)

    assert client.get(API).json()["results"] == []
    assert client.get(f"{API}{made.id}/").status_code == 404
    assert client.get(f"{API}{made.id}/download/").status_code == 404


def test_the_auditor_of_another_system_finds_nothing(prepared: Prepared) -> None:
    made = asked(prepared, prepared.here.cast.auditor)
    stranger = outsider()
    client, browser = with_token(stranger), signed_in(stranger)

    answer = post(client, {"release": str(prepared.candidate.release_id)})

    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, "release")
    assert client.get(API).json()["results"] == []
    assert client.get(f"{API}{made.id}/").status_code == 404
    pages = ("admin:audits_dossier_change", "admin:dossier_now", "admin:dossier_download")
    assert {browser.get(reverse(name, args=[made.id])).status_code for name in pages} == {404}
    act = reverse("admin:revision_dossier", args=[prepared.candidate.id])
    assert browser.get(act).status_code == 404
    assert "v1" not in text_of(browser.get(reverse("admin:audits_dossier_changelist")))


def test_the_auditor_of_one_channel_has_what_that_channel_shows_and_no_more(prepared: Prepared) -> None:
    of_android = on_one_channel(prepared.here, "android")
    whole = asked(prepared, prepared.here.cast.auditor)

    own = asked(prepared, of_android)

    listed = {row["id"] for row in with_token(of_android).get(API).json()["results"]}
    assert listed == {str(own.id)}
    assert with_token(of_android).get(f"{API}{whole.id}/").status_code == 404
    of_all = {row["id"] for row in with_token(prepared.here.cast.auditor).get(API).json()["results"]}
    assert of_all == {str(own.id), str(whole.id)}


def test_what_a_reader_of_the_whole_installation_had_made_is_for_such_readers(prepared: Prepared) -> None:
    by_all = asked(prepared, auditor_of_everything())
    own = asked(prepared, prepared.here.cast.auditor)
    client, browser = with_token(prepared.here.cast.auditor), signed_in(prepared.here.cast.auditor)

    listed = [row["id"] for row in client.get(API).json()["results"]]

    assert (by_all.everywhere, own.everywhere) == (True, False)
    assert listed == [str(own.id)]
    assert {client.get(f"{API}{by_all.id}/{end}").status_code for end in ("", "download/")} == {404}
    assert browser.get(reverse("admin:audits_dossier_change", args=[by_all.id])).status_code == 404
    other = with_token(auditor_of_everything("second_auditor"))
    assert {row["id"] for row in other.get(API).json()["results"]} == {str(own.id), str(by_all.id)}


def test_what_a_reader_of_two_systems_had_made_is_for_readers_of_both(prepared: Prepared) -> None:
    of_two, colleague = outsider(), prepared.here.cast.auditor
    other = System.objects.get(slug="elsewhere")
    grant(of_two, Role.AUDITOR, system=prepared.here.cast.system)
    made = asked(prepared, of_two)

    address = f"{API}{made.id}/"

    assert with_token(of_two).get(address).status_code == 200
    assert with_token(colleague).get(address).status_code == 404
    grant(colleague, Role.AUDITOR, channel=other.channels.first())
    assert with_token(colleague).get(address).status_code == 404
    grant(colleague, Role.AUDITOR, system=other)
    assert with_token(colleague).get(address).status_code == 200


def test_an_own_dossier_is_gone_once_a_channel_is_not_audited_any_more(prepared: Prepared) -> None:
    of_two = on_one_channel(prepared.here, "android")
    grant(of_two, Role.AUDITOR, channel=prepared.here.cast.channel("ios"))
    made = asked(prepared, of_two)

    of_two.grants.filter(channel__name="ios").update(ends_at=timezone.now())

    assert len(made.channels) == 2
    assert with_token(of_two).get(f"{API}{made.id}/").status_code == 404


def test_a_period_is_for_those_who_read_the_whole_installation(prepared: Prepared) -> None:
    now = timezone.now()
    period = {"from": (now - timedelta(days=1)).isoformat(), "to": now.isoformat()}

    refused = post(with_token(prepared.here.cast.auditor), {"period": period})
    taken = post(with_token(auditor_of_everything()), {"period": period})

    assert (refused.status_code, refused.json()["code"]) == (403, "permission_denied")
    assert (taken.status_code, taken.json()["kind"]) == (202, "period")
    assert with_token(prepared.here.cast.auditor).get(API).json()["results"] == []


BAD_BODIES: list[tuple[dict[str, Any], str]] = [
    ({}, "release"),
    ({"release": "x"}, "release"),
    ({"decision": "01a218db-017f-764b-8f8e-5b1e5832dc49"}, "decision"),
    ({"period": {"from": "2026-01-02T00:00:00Z"}}, "period"),
    ({"period": {"from": "2026-01-02T00:00:00Z", "to": "2026-01-02T00:00:00Z"}}, "period"),
    ({"period": {"from": "2026-01-02T00:00:00Z", "to": "2999-01-02T00:00:00Z"}}, "period"),
    ({"stream": "x"}, "stream"),
]


@pytest.mark.parametrize(("body", "field"), BAD_BODIES)
def test_a_body_that_cannot_be_taken_names_its_field(
    prepared: Prepared, body: dict[str, Any], field: str
) -> None:
    answer = post(with_token(auditor_of_everything()), body)

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["field"].startswith(field)


def test_what_is_wrong_with_two_fields_is_said_in_one_sentence(prepared: Prepared) -> None:
    answer = post(with_token(auditor_of_everything()), {"period": {"from": "soon", "to": "later"}})

    wanted = "A time as ISO 8601 writes it, with its zone, is wanted; found"
    assert answer.json()["detail"] == f"period.from: {wanted} 'soon'; period.to: {wanted} 'later'."


def test_a_release_and_a_period_are_two_dossiers(prepared: Prepared) -> None:
    now = timezone.now()
    both = {
        "release": str(prepared.candidate.release_id),
        "period": {"from": (now - timedelta(days=1)).isoformat(), "to": now.isoformat()},
    }

    answer = post(with_token(auditor_of_everything()), both)

    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_input")
    assert "exactly one" in answer.json()["detail"]


def test_a_token_for_reading_reads_dossiers_and_asks_for_none(prepared: Prepared) -> None:
    made = asked(prepared, prepared.here.cast.auditor)
    client = with_token(prepared.here.cast.auditor, Scope.READ)

    answer = post(client, {"release": str(prepared.candidate.release_id)})

    assert (answer.status_code, answer.json()["code"]) == (403, "permission_denied")
    assert "dossiers:write" in answer.json()["detail"]
    assert [row["id"] for row in client.get(API).json()["results"]] == [str(made.id)]


def test_without_a_key_for_the_ledger_it_is_refused_with_what_to_do(
    prepared: Prepared, tmp_path: Path, settings: Settings
) -> None:
    settings.SIGNING_KEY_FILE, settings.VAR_DIR = None, tmp_path / "nothing"

    with pytest.raises(LedgerKeyMissing) as refusal:
        asked(prepared, prepared.here.cast.auditor)

    assert "create_signing_key" in refusal.value.next_step
    assert not Dossier.objects.exists()


def test_an_auditor_asks_on_the_release_page_and_follows_it(prepared: Prepared) -> None:
    browser, revision = signed_in(prepared.here.cast.auditor), prepared.candidate
    page = browser.get(reverse("admin:releases_release_change", args=[revision.release_id]))

    answer = submitted(browser, reverse("admin:revision_dossier", args=[revision.id]))

    made = Dossier.objects.get()
    assert "Request dossier" in text_of(page)
    assert answer.redirect_chain[-1][0] == reverse("admin:audits_dossier_change", args=[made.id])
    assert "Dossier of release v1 of onboarding-liveness" in text_of(answer)
    assert "updates by itself" in text_of(answer)
    assert browser.get(reverse("admin:dossier_now", args=[made.id])).status_code == 200
    assert browser.get(reverse("admin:dossier_download", args=[made.id])).status_code == 409
    author = signed_in(prepared.here.cast.author)
    shown = author.get(reverse("admin:releases_release_change", args=[revision.release_id]))
    assert "Request dossier" not in text_of(shown)


def test_the_list_asks_the_database_no_more_for_more_rows(
    prepared: Prepared, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    browser = signed_in(auditor_of_everything())
    address = reverse("admin:audits_dossier_changelist")
    asked(prepared, prepared.here.cast.auditor)
    browser.get(address)
    with django_assert_max_num_queries(40) as few:
        browser.get(address)
    asked(prepared, auditor_of_everything("second_auditor"))
    asked(prepared, auditor_of_everything("third_auditor"))

    with django_assert_max_num_queries(40) as many:
        browser.get(address)

    assert len(many) == len(few)


def test_the_bill_of_materials_is_of_what_the_reader_sees(prepared: Prepared) -> None:
    address = f"/api/v1/releases/{prepared.candidate.release_id}/bom/"

    answer = with_token(prepared.here.cast.author).get(address)

    bom = answer.json()
    release = bom["metadata"]["component"]
    metrics = release["modelCard"]["quantitativeAnalysis"]["performanceMetrics"]
    assert (bom["specVersion"], release["name"], release["version"]) == ("1.7", "v1", "1")
    assert release["hashes"][0]["content"] == prepared.candidate.manifest_digest.removeprefix("sha256:")
    kinds = {one["type"] for one in bom["components"]}
    assert kinds == {"machine-learning-model", "library", "data"}
    assert metrics[0]["slice"].startswith("print")
    assert float(metrics[0]["confidenceInterval"]["upperBound"]) < 0.2
    facts = {one["name"]: one["value"] for one in release["modelCard"]["properties"]}
    assert (facts["countersign:metric:0:n"], facts["countersign:metric:0:verdict"]) == ("60", "pass")
    assert with_token(prepared.here.cast.author).get(address).content == answer.content
    assert with_token(outsider()).get(address).status_code == 404
    assert with_token(prepared.here.cast.author).get(f"{address}?revision=9").status_code == 404
    assert with_token(prepared.here.cast.author).get(f"{address}?revision=x").status_code == 400


@pytest.mark.parametrize(
    ("end", "spelled"),
    [
        (datetime(2026, 11, 26, 20, 14, tzinfo=UTC), "26 November 2026, 20:14"),
        (datetime(2026, 11, 26, 20, 14, 59, tzinfo=UTC), "26 November 2026, 20:14:59"),
        (datetime(2026, 11, 26, 20, 14, 0, 250_000, tzinfo=UTC), "26 November 2026, 20:14:00.25"),
    ],
)
def test_the_title_of_a_period_tells_of_no_other_time(end: datetime, spelled: str) -> None:
    subject = Subject(period=(datetime(2026, 11, 2, tzinfo=UTC), end))

    assert subject.document()["title"] == f"all entries from 2 November 2026, 00:00 to {spelled} UTC"


def test_a_period_is_asked_for_on_the_list_by_whoever_may(prepared: Prepared) -> None:
    address = reverse("admin:audits_dossier_changelist")
    browser = signed_in(auditor_of_everything())
    start, end = (timezone.now() - timedelta(hours=one) for one in (2, 1))

    answer = submitted(
        browser,
        reverse("admin:audits_dossier_period"),
        start=f"{start:%Y-%m-%dT%H:%M}",
        end=f"{end:%Y-%m-%dT%H:%M}",
    )

    assert "Dossier of all entries from" in text_of(answer)
    assert "Request a period" in text_of(browser.get(address))
    assert "Request a period" not in text_of(signed_in(prepared.here.cast.auditor).get(address))


def test_a_dossier_of_a_decision_is_asked_for_beside_its_trace(prepared: Prepared) -> None:
    told_of = told(prepared)
    decision = told_of.decided()
    browser = signed_in(prepared.here.cast.auditor)
    act = reverse("admin:decision_dossier", args=[decision.id])
    address = f"{reverse('admin:decision_search')}?id={decision.id}"
    trace = browser.get(address)

    answer = submitted(browser, act)

    assert act in trace.content.decode()
    assert f"Dossier of decision {decision.id}" in text_of(answer)
    assert act not in signed_in(prepared.here.cast.author).get(address).content.decode()
    stranger = signed_in(outsider())
    assert stranger.get(act).status_code == 404
