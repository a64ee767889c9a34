"""Systems, channels, segments and components over HTTP."""

import hashlib
import json
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from pytest_django import Settings

from governance.registry.kinds import KINDS
from governance.registry.models import ComponentVersion
from tests.factories.cast import Cast
from tests.factories.http import Answer, signed_in, with_token
from tests.factories.registry import ATTRIBUTES, PREDICATE, component, segment

WEIGHTS = bytes(range(256)) * 20_000  # 5 MB: more than Django keeps in memory
DIGEST = f"sha256:{hashlib.sha256(WEIGHTS).hexdigest()}"


def post(client: Client, path: str, body: Any) -> Answer:
    """A POST with JSON."""
    return client.post(f"/api/v1/{path}", body, content_type="application/json")


def component_body(team: Cast, kind: str, **changes: Any) -> dict[str, Any]:
    """The body that registers a component of the kind."""
    declared = {} if KINDS[kind].is_content else {"digest": DIGEST}
    return {
        "system": str(team.system.id),
        "kind": kind,
        "name": f"{kind}_a",
        "version": "1.10",
        "uri": "https://example.org/artefacts/1",
        "attributes": ATTRIBUTES[kind],
        **declared,
        **changes,
    }


def form_of(body: dict[str, Any], **files: bytes) -> dict[str, Any]:
    """The same as a form: attributes as JSON text, and files."""
    uploads = {name: SimpleUploadedFile("weights.onnx", data) for name, data in files.items()}
    return {**body, "attributes": json.dumps(body["attributes"]), **uploads}


@pytest.mark.parametrize("kind", KINDS)
def test_a_component_of_every_kind_is_registered_and_read_back(team: Cast, kind: str) -> None:
    client = with_token(team.integration)

    made = post(client, "components/", component_body(team, kind))

    assert made.status_code == HTTPStatus.CREATED
    assert made.json()["registered_by"] == "integration"
    assert made.json()["summary"] == KINDS[kind].summary(made.json()["attributes"])
    assert made.json()["version"] == "1.10"
    assert client.get(made["Location"]).json() == made.json()


@pytest.mark.parametrize("sent_by", [with_token, signed_in])
def test_an_artefact_is_hashed_and_not_kept(
    team: Cast, tmp_path: Path, settings: Settings, sent_by: Any
) -> None:
    settings.FILE_UPLOAD_TEMP_DIR = str(tmp_path)
    body = {key: value for key, value in component_body(team, "model").items() if key != "digest"}

    made = sent_by(team.author).post("/api/v1/components/", form_of(body, artefact=WEIGHTS))

    assert made.status_code == HTTPStatus.CREATED
    assert (made.json()["digest"], made.json()["digest_kind"]) == (DIGEST, "artefact")
    assert "not kept" in made.json()["digest_meaning"]
    assert list(tmp_path.iterdir()) == []


def test_an_artefact_sent_with_a_token_never_touches_the_disk(team: Cast, settings: Settings) -> None:
    settings.FILE_UPLOAD_TEMP_DIR = "/nowhere"
    body = {key: value for key, value in component_body(team, "model").items() if key != "digest"}

    made = with_token(team.author).post("/api/v1/components/", form_of(body, artefact=WEIGHTS))

    assert made.json()["digest"] == DIGEST


def test_an_artefact_with_another_digest_than_stated_is_refused(team: Cast) -> None:
    body = component_body(team, "model", digest="sha256:" + "0" * 64)

    answer = with_token(team.author).post("/api/v1/components/", form_of(body, artefact=WEIGHTS))

    assert answer.status_code == HTTPStatus.BAD_REQUEST
    assert answer.json()["code"] == "digest_mismatch"
    assert not ComponentVersion.objects.exists()


@pytest.mark.parametrize(
    ("kind", "meaning"),
    [("model", "Declared by the registrant"), ("threshold_policy", "of the canonical attributes")],
)
def test_an_answer_says_what_its_digest_is_worth(team: Cast, kind: str, meaning: str) -> None:
    made = post(with_token(team.author), "components/", component_body(team, kind))

    assert meaning in made.json()["digest_meaning"]


@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        ({"version": 1.10}, ["version"]),
        ({"attributes": []}, ["attributes"]),
        ({"attributes": {"architecture": 7}}, ["attributes.architecture"]),
        ({"attributes": {"architecture": "a", "frame": "b"}}, ["attributes.frame"]),
        ({"kind": "oracle"}, ["kind"]),
        ({"parents": ["x"]}, ["parents[0]"]),
        ({"artefact": "text"}, ["artefact"]),
        ({"status": "revoked"}, ["status"]),
        ({"uri": "javascript:alert(1)"}, ["uri"]),
    ],
)
def test_a_component_that_does_not_fit_is_refused_by_field(
    team: Cast, changes: dict[str, Any], fields: list[str]
) -> None:
    body = {**component_body(team, "model"), **changes}

    answer = post(with_token(team.author), "components/", body)

    assert answer.status_code == HTTPStatus.BAD_REQUEST
    assert [error["field"] for error in answer.json()["errors"]] == fields
    assert answer.json()["next_step"]


def test_a_component_is_deprecated_and_revoked_with_a_reason(team: Cast) -> None:
    registered = component(team.author, team.system)
    manager, author = signed_in(team.release_manager), signed_in(team.author)

    deprecated = post(author, f"components/{registered.id}/deprecate/", {"reason": "A better one exists"})
    without = post(manager, f"components/{registered.id}/revoke/", {})
    revoked = post(manager, f"components/{registered.id}/revoke/", {"reason": "Trained on a leak"})

    assert deprecated.json()["status"] == "deprecated"
    assert [error["field"] for error in without.json()["errors"]] == ["reason"]
    assert (revoked.json()["status"], revoked.json()["status_reason"]) == ("revoked", "Trained on a leak")


def test_a_viewer_without_the_role_is_refused_with_403(team: Cast) -> None:
    registered = component(team.author, team.system)

    answer = post(signed_in(team.auditor), f"components/{registered.id}/revoke/", {"reason": "Because"})

    assert answer.status_code == HTTPStatus.FORBIDDEN
    assert "it takes release_manager, security_reviewer" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("kind=model", ["m2", "m1"]),
        ("status=revoked", []),
        ("name=m1", ["m1"]),
        ("ordering=name", ["f1", "m1", "m2"]),
        ("ordering=-name", ["m2", "m1", "f1"]),
        ("digest_kind=attributes", ["f1"]),
    ],
)
def test_components_are_filtered_and_ordered(team: Cast, query: str, names: list[str]) -> None:
    component(team.author, team.system, "model", "m1")
    component(team.author, team.system, "model", "m2")
    component(team.author, team.system, "fusion", "f1")

    answer = signed_in(team.auditor).get(f"/api/v1/components/?{query}")

    assert [row["name"] for row in answer.json()["results"]] == names


def test_the_list_of_segments_shows_the_newest_version_of_each(team: Cast) -> None:
    first = segment(team.qa_lead, team.system)
    second = segment(team.qa_lead, team.system, title="Women of 60 and more")
    client = signed_in(team.auditor)

    newest = client.get("/api/v1/segments/").json()["results"]
    every = client.get("/api/v1/segments/?all_versions=true").json()["results"]
    asked = client.get("/api/v1/segments/?version=1").json()["results"]
    older = client.get(f"/api/v1/segments/{first.id}/").json()

    assert [row["id"] for row in newest] == [str(second.id)]
    assert [row["version"] for row in every] == [2, 1]
    assert [row["id"] for row in asked] == [str(first.id)] == [older["id"]]
    assert newest[0]["sentence"] == "sex is female and age is at least 60"


def test_a_system_with_channels_and_a_segment_is_registered_over_http(team: Cast) -> None:
    admin = signed_in(team.admin)
    system = post(admin, "systems/", {"slug": "branch-kiosk", "name": "Branch kiosk"})
    channel = post(
        admin, "channels/", {"system": system.json()["id"], "name": "lobby", "kind": "kiosk", "drill": True}
    )
    body = {
        "system": str(team.system.id),
        "key": "women_over_60",
        "title": "Women over 60",
        "predicate": PREDICATE,
        "protected": True,
        "reason": "Presented less often while collecting",
    }

    defined = post(signed_in(team.qa_lead), "segments/", body)

    assert system.status_code == channel.status_code == defined.status_code == HTTPStatus.CREATED
    assert (channel.json()["kind"], channel.json()["drill"]) == ("kiosk", True)
    assert (defined.json()["version"], defined.json()["defined_by"]) == (1, "qa_lead")


def test_a_name_that_is_taken_is_a_conflict(team: Cast) -> None:
    answer = post(signed_in(team.admin), "systems/", {"slug": team.system.slug, "name": "Again"})

    assert answer.status_code == HTTPStatus.CONFLICT
    assert answer.json()["code"] == "already_registered"


def test_a_reviewer_of_one_channel_sees_that_channel_and_its_system(team: Cast) -> None:
    client = signed_in(team.security_reviewer)

    channels = client.get("/api/v1/channels/").json()["results"]

    assert [row["name"] for row in channels] == ["mobile_web"]
    assert client.get(f"/api/v1/systems/{team.system.id}/").status_code == HTTPStatus.OK
    assert client.get(f"/api/v1/channels/{team.channel('ios').id}/").status_code == HTTPStatus.NOT_FOUND
