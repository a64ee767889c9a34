"""What entries are about: the object behind a stream, its name and its page."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.urls import reverse

from governance.access.admin_base import admin_url
from governance.access.models import Account, Proposal
from governance.ledger.events import EVENTS
from governance.registry.models import Channel, ComponentVersion, Segment, System
from releases.approvals.models import ApprovalRequest, ApprovalRuleSet
from releases.bundles.models import Release
from releases.gates.models import Attestation, GateEvaluation, GatePolicy, Override
from releases.monitoring.drift.models import DriftReview
from releases.monitoring.incidents.models import Incident
from releases.monitoring.triggers.models import TriggerStatus
from releases.scores.models import ScoreTable


@dataclass(frozen=True)
class Subject:
    """What an entry is about; without a page where there is none for it."""

    kind: str
    name: str
    url: str = ""


def _own(row: Any) -> str:
    return admin_url(type(row), "change", row.pk)


def _release_of(row: Any) -> str:
    return str(row.release.name)


def _nowhere(row: Any) -> str:
    return ""


def _trigger_page(row: TriggerStatus) -> str:
    return reverse("admin:rollout_trigger", args=[row.deployment_id, row.pk])


@dataclass(frozen=True)
class Source:
    """How the rows behind a prefix are read and called."""

    kind: str
    rows: QuerySet[Any]
    name: Callable[[Any], str] = str
    url: Callable[[Any], str] = _own


SOURCES: dict[str, Source] = {
    "account": Source("Account", Account.objects.only("id", "username")),
    "proposal": Source(
        "Proposal", Proposal.objects.only("id", "verb"), lambda row: _proposed(row.verb), _nowhere
    ),
    "system": Source("System", System.objects.all()),
    "channel": Source(
        "Channel", Channel.objects.select_related("system"), lambda row: f"{row.system} {row.name}"
    ),
    "segment": Source("Segment", Segment.objects.all()),
    "component": Source("Component", ComponentVersion.objects.defer("attributes")),
    "approval_rules": Source("Approval rules", ApprovalRuleSet.objects.select_related("system")),
    "approval_request": Source(
        "Request", ApprovalRequest.objects.select_related("release").defer("rule_snapshot"), _release_of
    ),
    "release": Source("Release", Release.objects.all(), lambda row: str(row.name)),
    "gate_policy": Source("Gate policy", GatePolicy.objects.all()),
    "gate_evaluation": Source(
        "Evaluation", GateEvaluation.objects.select_related("release").defer("inputs", "result"), _release_of
    ),
    "attestation": Source("Review", Attestation.objects.select_related("release"), _release_of),
    "override": Source("Override", Override.objects.select_related("release"), _release_of),
    "drift_review": Source("Drift review", DriftReview.objects.select_related("release"), _release_of),
    "incident": Source(
        "Incident", Incident.objects.select_related("channel"), lambda row: f"on {row.channel.name}"
    ),
    "trigger": Source(
        "Trigger",
        TriggerStatus.objects.select_related("deployment__channel"),
        lambda row: f"{row} on {row.deployment.channel.name}",
        _trigger_page,
    ),
    "score_table": Source(
        "Scores", ScoreTable.objects.select_related("dataset"), lambda row: str(row.dataset)
    ),
}
"""By the prefix of the stream; a stream of another prefix is called by its own name."""


def _proposed(verb: str) -> str:
    return EVENTS[verb].title.lower() if verb in EVENTS else verb


def subjects_of(streams: Iterable[str]) -> dict[str, Subject]:
    """The objects behind the streams, which the reader may see; one query for each kind."""
    wanted: dict[str, set[str]] = {}
    for stream in streams:
        prefix, _, key = stream.partition(":")
        wanted.setdefault(prefix, set()).add(key)
    found: dict[str, Subject] = {}
    for prefix, keys in wanted.items():
        found |= _found(prefix, keys)
    return found


def _found(prefix: str, keys: set[str]) -> dict[str, Subject]:
    if prefix == "refusals":
        return {f"{prefix}:{key}": Subject("Attempt", "") for key in keys}
    source = SOURCES.get(prefix)
    if source is None:
        kind = prefix.replace("_", " ").capitalize()
        return {f"{prefix}:{key}": Subject(kind, "") for key in keys}
    rows = source.rows.filter(pk__in=[one for key in keys if (one := _id(key)) is not None])
    return {f"{prefix}:{row.pk}": Subject(source.kind, source.name(row), source.url(row)) for row in rows}


def _id(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
