"""Verbs on component versions: register, deprecate, revoke."""

from typing import Any
from uuid import UUID

from governance.access.proposals import account_of
from governance.access.queries import require
from governance.access.roles import Permission
from governance.actors import Actor, moment
from governance.documents import checked
from governance.errors import GovernanceError, invalid
from governance.ledger.canonical import digest_of, is_digest
from governance.ledger.verbs import Unchanged, record, verb
from governance.outbox.services import enqueue
from governance.registry.kinds import KINDS, Kind
from governance.registry.models import ComponentStatus, ComponentVersion, DigestKind, System
from governance.registry.services import AlreadyRegistered, check_fields

WARN = "releases.rollouts.warn_of_revoked"  # a task of a slice above: who holds it and is live is warned
SCRIPTS = frozenset({"javascript", "data", "vbscript"})


class DigestMissing(GovernanceError):
    """The kind's content lies outside, and nothing says which bytes it is."""

    code = "digest_missing"
    status = 400
    title = "No digest"
    next_step = "Give 'digest' as sha256:<64 hex> of the artefact, or upload the artefact."


class DigestMismatch(GovernanceError):
    """The digest given is not the digest of what was given."""

    code = "digest_mismatch"
    status = 400
    title = "The digest does not match"
    next_step = "Check which bytes the digest was made from; leave it out to have it computed."


def checked_attributes(kind: Kind, attributes: dict[str, Any]) -> dict[str, Any]:
    """The attributes in the kind's canonical form.

    Raises:
        InvalidInput: naming each attribute that does not fit and what was found.
    """
    title = f"A {kind.title.lower()}"
    return checked(kind.attributes, attributes, field="attributes", title=title).model_dump(mode="json")


def _digest_for(
    kind: Kind, attributes: dict[str, Any], declared: str, artefact: str
) -> tuple[str, DigestKind]:
    if declared and not is_digest(declared):
        raise invalid("digest", f"{declared[:80]!r} is not sha256:<64 hex digits in lower case>.")
    if artefact and kind.is_content:
        raise invalid("artefact", f"a {kind.title.lower()} is its attributes; it has no bytes beside them.")
    if artefact:
        if declared and declared != artefact:
            raise DigestMismatch(f"The uploaded bytes have the digest {artefact}, not {declared}.")
        return artefact, DigestKind.ARTEFACT
    if kind.is_content:
        computed = digest_of({"kind": kind.name, "attributes": attributes})
        if declared and declared != computed:
            raise DigestMismatch(f"The attributes have the digest {computed}, not {declared}.")
        return computed, DigestKind.ATTRIBUTES
    if not declared:
        raise DigestMissing(f"A {kind.title.lower()} is an artefact outside the registry.")
    return declared, DigestKind.DECLARED


def _check_uri(uri: str) -> None:
    """A URI is shown as a link, so it must not be a script, and it must be one line."""
    if any(mark.isspace() or not mark.isprintable() for mark in uri):
        raise invalid("uri", f"{uri[:80]!r} holds blanks or characters that cannot be seen.")
    if uri.partition(":")[0].lower() in SCRIPTS:
        raise invalid("uri", f"{uri[:80]!r} is a script, not the place of an artefact.")


def _parents(system: System, parents: tuple[UUID, ...]) -> list[str]:
    known = set(ComponentVersion.objects.filter(system=system, id__in=parents).values_list("id", flat=True))
    missing = [str(parent) for parent in parents if parent not in known]
    if missing:
        raise invalid("parents", f"{', '.join(missing)}: no such component of {system}.")
    return sorted(str(parent) for parent in known)


@verb("component.registered")
def register_component(
    actor: Actor,
    *,
    system: System,
    kind: str,
    name: str,
    version: str,
    attributes: dict[str, Any],
    digest: str = "",
    artefact_digest: str = "",
    uri: str = "",
    parents: tuple[UUID, ...] = (),
    owner: str = "",
) -> ComponentVersion:
    """Register a version of a component; from then on it never changes but for its status.

    ``artefact_digest`` is what the interface hashed of uploaded bytes. For kinds whose content is their
    attributes the digest is computed; for others it is declared by the registrant, and said to be so.

    Raises:
        AlreadyRegistered: the system has this kind, name and version.
        InvalidInput, DigestMissing, DigestMismatch: see the messages.
    """
    require(actor, Permission.REGISTER_COMPONENT, system)
    component = ComponentVersion(system=system, kind=kind, name=name, version=version, uri=uri)
    known = _kind_of_new(component)
    component.attributes = checked_attributes(known, attributes)
    component.digest, component.digest_kind = _digest_for(
        known, component.attributes, digest, artefact_digest
    )
    component.parents = _parents(system, parents)
    component.owner_username = owner or actor.username
    component.registered_at = moment()
    component.registered_by = account_of(actor) if actor.id else None
    component.registered_by_username = actor.username
    check_fields(component, exclude=("parents", "registered_by", "status_changed_at"))
    component.save(force_insert=True)
    record(component.stream(), after=_document(component), refs={"component": component.digest})
    return component


def _kind_of_new(component: ComponentVersion) -> Kind:
    """The kind of a component that can be registered: known, not registered yet, with a usable URI."""
    known = KINDS.get(component.kind)
    if known is None:
        raise invalid("kind", f"{component.kind!r} is none of {', '.join(KINDS)}.")
    same = ComponentVersion.objects.filter(
        system=component.system, kind=component.kind, name=component.name, version=component.version
    )
    if same.exists():
        raise AlreadyRegistered(
            f"{component.system} has {component.kind} {component.name} {component.version} already."
        )
    _check_uri(component.uri)
    return known


def _document(component: ComponentVersion) -> dict[str, Any]:
    return {
        "system": component.system_id,
        "kind": component.kind,
        "name": component.name,
        "version": component.version,
        "digest": component.digest,
        "digest_kind": component.digest_kind,
        "uri": component.uri,
        "attributes": component.attributes,
        "parents": component.parents,
        "owner": component.owner_username,
    }


def _change_status(
    component: ComponentVersion, status: ComponentStatus, reason: str
) -> ComponentVersion | Unchanged[ComponentVersion]:
    if not reason.strip():
        raise invalid("reason", f"say why the component is {status.value}.")
    component = ComponentVersion.objects.select_for_update(no_key=True).get(id=component.id)
    order = list(ComponentStatus)
    if order.index(ComponentStatus(component.status)) >= order.index(status):
        return Unchanged(component)
    before = component.status
    component.status = status
    component.status_reason = reason
    component.status_changed_at = moment()
    component.save(update_fields=["status", "status_reason", "status_changed_at"])
    record(component.stream(), before={"status": before}, after={"status": status}, reason=reason)
    return component


@verb("component.deprecated")
def deprecate_component(
    actor: Actor, *, component: ComponentVersion, reason: str
) -> ComponentVersion | Unchanged[ComponentVersion]:
    """Mark a component as no longer recommended; releases may still use it."""
    require(actor, Permission.DEPRECATE_COMPONENT, component)
    return _change_status(component, ComponentStatus.DEPRECATED, reason)


@verb("component.revoked")
def revoke_component(
    actor: Actor, *, component: ComponentVersion, reason: str
) -> ComponentVersion | Unchanged[ComponentVersion]:
    """Revoke a component: no new release may use it, and live ones that do are shown with it."""
    require(actor, Permission.REVOKE_COMPONENT, component)
    changed = _change_status(component, ComponentStatus.REVOKED, reason)
    if isinstance(changed, ComponentVersion):
        enqueue(WARN, component=str(changed.id))
    return changed
