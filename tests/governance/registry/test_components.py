"""Registering, deprecating and revoking components, and what each kind's digest is worth."""

from typing import Any

import pytest

from governance.access.queries import PermissionDenied
from governance.errors import InvalidInput
from governance.identifiers import new_id
from governance.ledger.canonical import digest_of
from governance.ledger.models import Entry
from governance.ledger.queries import entry_of
from governance.registry.components import (
    DigestMismatch,
    DigestMissing,
    deprecate_component,
    register_component,
    revoke_component,
)
from governance.registry.kinds import KINDS
from governance.registry.models import ComponentVersion, DigestKind
from governance.registry.services import AlreadyRegistered
from tests.factories.cast import Cast, actor, system_with_channels
from tests.factories.registry import ATTRIBUTES, component

CONTENT = [name for name, kind in KINDS.items() if kind.is_content]
ARTEFACTS = [name for name, kind in KINDS.items() if not kind.is_content]
DIGEST = "sha256:" + "ab" * 32
OTHER_DIGEST = "sha256:" + "cd" * 32


@pytest.mark.parametrize("kind", KINDS)
def test_a_component_of_every_kind_is_registered_with_its_entry(team: Cast, kind: str) -> None:
    registered = component(team.author, team.system, kind)

    entry = entry_of(registered.stream(), "component.registered")
    assert entry is not None
    assert entry.document["refs"]["component"] == registered.digest
    assert entry.document["after"]["attributes"] == registered.attributes
    assert (registered.status, registered.owner_username) == ("active", "author")


@pytest.mark.parametrize("kind", CONTENT)
def test_the_digest_of_content_is_computed_from_its_attributes(team: Cast, kind: str) -> None:
    registered = component(team.author, team.system, kind)

    assert registered.digest_kind == DigestKind.ATTRIBUTES
    assert registered.digest == digest_of({"kind": kind, "attributes": registered.attributes})


@pytest.mark.parametrize("kind", CONTENT)
def test_content_declared_with_another_digest_is_refused(team: Cast, kind: str) -> None:
    with pytest.raises(DigestMismatch, match="The attributes have the digest"):
        component(team.author, team.system, kind, digest=DIGEST)


@pytest.mark.parametrize("kind", CONTENT)
def test_content_takes_no_artefact_whose_digest_would_hide_its_numbers(team: Cast, kind: str) -> None:
    with pytest.raises(InvalidInput, match="artefact"):
        component(team.author, team.system, kind, artefact_digest=DIGEST)


def test_two_policies_that_differ_in_one_number_differ_in_their_digest(team: Cast) -> None:
    attributes = ATTRIBUTES["threshold_policy"]
    stricter = {**attributes, "bands": [{"accept": 0.5700001, "retry": 0.7282}]}

    first = component(team.author, team.system, "threshold_policy", version="1")
    second = component(team.author, team.system, "threshold_policy", version="2", attributes=stricter)

    assert first.digest != second.digest


def test_the_order_in_which_attributes_are_written_does_not_matter(team: Cast) -> None:
    backwards = dict(reversed(ATTRIBUTES["fusion"].items()))

    first = component(team.author, team.system, "fusion", version="1")
    second = component(team.author, team.system, "fusion", version="2", attributes=backwards)

    assert first.digest == second.digest


@pytest.mark.parametrize("kind", ARTEFACTS)
def test_a_declared_digest_is_said_to_be_declared(team: Cast, kind: str) -> None:
    registered = component(team.author, team.system, kind, digest=DIGEST)

    assert (registered.digest, registered.digest_kind) == (DIGEST, DigestKind.DECLARED)


@pytest.mark.parametrize("kind", ARTEFACTS)
def test_the_digest_of_uploaded_bytes_is_said_to_be_of_bytes(team: Cast, kind: str) -> None:
    registered = component(team.author, team.system, kind, digest="", artefact_digest=DIGEST)

    assert (registered.digest, registered.digest_kind) == (DIGEST, DigestKind.ARTEFACT)


@pytest.mark.parametrize("kind", ARTEFACTS)
def test_an_artefact_outside_the_registry_needs_a_digest(team: Cast, kind: str) -> None:
    with pytest.raises(DigestMissing):
        component(team.author, team.system, kind, digest="")


def test_uploaded_bytes_with_another_digest_than_declared_are_refused(team: Cast) -> None:
    with pytest.raises(DigestMismatch, match="The uploaded bytes have the digest"):
        component(team.author, team.system, "model", digest=OTHER_DIGEST, artefact_digest=DIGEST)


@pytest.mark.parametrize(
    "digest", ["abc", DIGEST.upper(), DIGEST[:-1], DIGEST + "0", f"{DIGEST}\n", "md5:" + "0" * 32]
)
def test_a_malformed_digest_is_refused(team: Cast, digest: str) -> None:
    with pytest.raises(InvalidInput, match=r"digest: .*is not sha256"):
        component(team.author, team.system, "model", digest=digest)


@pytest.mark.parametrize(
    ("terms", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "two words"}, "name"),
        ({"name": "line\n"}, "name"),
        ({"name": "x" * 101}, "name"),
        ({"version": "../1"}, "version"),
        ({"version": ""}, "version"),
        ({"uri": "javascript:alert(1)"}, "uri"),
        ({"uri": "JavaScript:alert(1)"}, "uri"),
        ({"uri": "data:text/html,x"}, "uri"),
        ({"uri": "https://example.org/a b"}, "uri"),
        ({"uri": "https://example.org/\u202e"}, "uri"),
        ({"uri": "https://example.org/" + "x" * 1000}, "uri"),
        ({"owner": "x" * 151}, "owner_username"),
        ({"parents": (new_id(),)}, "parents"),
    ],
)
def test_a_component_that_does_not_fit_is_refused_by_field(
    team: Cast, terms: dict[str, Any], field: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        component(team.author, team.system, "model", **terms)

    assert [item.field for item in refused.value.field_errors] == [field]


def test_a_kind_that_is_not_in_the_table_is_refused(team: Cast) -> None:
    with pytest.raises(InvalidInput, match="kind: 'oracle' is none of model, fusion"):
        register_component(
            actor(team.author), system=team.system, kind="oracle", name="o", version="1", attributes={}
        )


def test_a_version_is_registered_once(team: Cast) -> None:
    component(team.author, team.system, "model", "m1", "1")

    with pytest.raises(AlreadyRegistered, match="has model m1 1 already"):
        component(team.author, team.system, "model", "m1", "1", digest=OTHER_DIGEST)

    assert ComponentVersion.objects.count() == 1


def test_another_system_has_versions_of_its_own(team: Cast) -> None:
    other = system_with_channels("branch-kiosk")

    with pytest.raises(PermissionDenied):
        component(team.author, other, "model", "m1", "1")


def test_a_parent_is_a_component_of_the_same_system(team: Cast) -> None:
    parent = component(team.author, team.system, "dataset", "d1")

    child = component(team.author, team.system, "model", "m1", parents=(parent.id,))

    assert child.parents == [str(parent.id)]


@pytest.mark.parametrize(
    "name", ["qa_lead", "approver", "release_manager", "auditor", "security_all", "admin", "stranger"]
)
def test_only_authors_and_integrations_register(team: Cast, name: str) -> None:
    with pytest.raises(PermissionDenied):
        component(getattr(team, name), team.system)


def test_a_component_goes_from_active_over_deprecated_to_revoked(team: Cast) -> None:
    registered = component(team.author, team.system)

    deprecated = deprecate_component(actor(team.author), component=registered, reason="A better one exists")
    revoked = revoke_component(
        actor(team.release_manager), component=registered, reason="It was trained on a leak"
    )

    assert (deprecated.status, revoked.status) == ("deprecated", "revoked")
    entry = entry_of(registered.stream(), "component.revoked")
    assert entry is not None
    assert (entry.document["before"], entry.document["after"]) == (
        {"status": "deprecated"},
        {"status": "revoked"},
    )
    assert entry.document["reason"] == "It was trained on a leak"


def test_a_revoked_component_never_comes_back(team: Cast) -> None:
    registered = component(team.author, team.system)
    revoke_component(actor(team.security_all), component=registered, reason="It was trained on a leak")
    entries = Entry.objects.count()

    again = deprecate_component(actor(team.author), component=registered, reason="Less strict")

    assert again.status == "revoked"
    assert Entry.objects.count() == entries


@pytest.mark.parametrize("reason", ["", "   "])
def test_a_component_is_not_revoked_without_a_reason(team: Cast, reason: str) -> None:
    registered = component(team.author, team.system)

    with pytest.raises(InvalidInput, match="reason: say why the component is revoked"):
        revoke_component(actor(team.release_manager), component=registered, reason=reason)


@pytest.mark.parametrize(
    "name", ["author", "integration", "qa_lead", "approver", "auditor", "security_reviewer"]
)
def test_only_release_managers_and_security_reviewers_of_the_system_revoke(team: Cast, name: str) -> None:
    registered = component(team.author, team.system)

    with pytest.raises(PermissionDenied):
        revoke_component(actor(getattr(team, name)), component=registered, reason="Because")
