"""What belongs together in the record: everything about a release, about a decision, or of a time.

A stream is *whole* where all of it is about the matter. *Partial* are single entries of streams that tell of
other things too: what a channel was assigned, and what people were refused.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet

from governance.access.models import Proposal
from governance.ledger.models import Entry, stream_name
from releases.approvals.models import ApprovalRuleSet
from releases.bundles.histories import streams_of
from releases.bundles.models import Assignment, Release, Slot
from releases.bundles.sealed import in_effect
from releases.monitoring.decisions.models import Decision
from releases.monitoring.drift.models import DriftReview
from releases.monitoring.heartbeats.models import Heartbeat
from releases.monitoring.incidents.models import Incident
from releases.monitoring.triggers.models import TriggerStatus
from releases.rollouts.models import Drill
from releases.scores.models import ScoreTable

REFUSED = "verb.refused"
DRILLS = ("drill.started", "drill.turned", "drill.completed", "drill.failed")


@dataclass(frozen=True)
class Related:
    """``whole``: names of streams of which every entry belongs to the matter. ``partial``: single entries of
    other streams."""

    whole: frozenset[str]
    partial: QuerySet[Entry]

    def entries(self) -> QuerySet[Entry]:
        """All of them."""
        return self.among(Entry.objects.all())

    def among(self, rows: QuerySet[Entry]) -> QuerySet[Entry]:
        """Those of ``rows``. The single ones are asked for first: the database then finds all by indexes."""
        single = list(self.partial.order_by().values_list("pk", flat=True))
        return rows.filter(Q(stream__in=self.whole) | Q(pk__in=single))


def related_to_release(release: Release) -> Related:
    """Everything about the release: its own history, what it was judged by, what it was made of, where it
    answered, and what people were refused on any of these."""
    return _related(_whole(release), _named_on_channels(release))


def related_to_decision(decision: Decision) -> Related:
    """Everything about the release that decided, the batch that reported the decision, and the
    assignment that answered on the channel at that moment."""
    release = decision.revision.release if decision.revision else None
    whole = _whole(release) if release else frozenset()
    named = _named_on_channels(release) if release else Q(pk__in=())
    then = Assignment.objects.filter(in_effect(decision.at), channel=decision.channel_id)
    named |= Q(pk__in={decision.batch.entry_id, *_entries_of(then)})
    return _related(whole, named)


def entries_between(start: datetime, end: datetime) -> QuerySet[Entry]:
    """The entries of a time, its start included and its end not, oldest first."""
    return Entry.objects.filter(at__gte=start, at__lt=end).order_by("at", "id")


def refused_on(streams: Iterable[str]) -> Q:
    """What people were refused on whatever these streams are of."""
    return Q(document__type=REFUSED, document__after__targets__has_any_keys=sorted(streams))


def _related(whole: frozenset[str], single: Q) -> Related:
    if whole:
        single |= refused_on(whole)
    partial = Entry.objects.filter(single).exclude(stream__in=whole)
    return Related(whole, partial.order_by("at", "id"))


def _whole(release: Release) -> frozenset[str]:
    components = set(_listed(Slot.objects.filter(release=release), "component_id"))
    runs = list(release.evaluations.order_by().values_list("policy_id", "inputs"))
    tables = {key for _policy, inputs in runs for key in _tables_in(inputs)}
    found = {
        "proposal": _keys(Proposal.objects.filter(_proposed(release))),
        "trigger": _keys(TriggerStatus.objects.filter(deployment__release=release)),
        "incident": _keys(Incident.objects.filter(_answers_for(release))),
        "drift_review": _keys(DriftReview.objects.filter(release=release)),
        "gate_policy": {policy for policy, _inputs in runs if policy is not None},
        "approval_rules": _rules(release),
        "component": components,
        "score_table": tables | _keys(ScoreTable.objects.filter(evaluation_report__in=components)),
    }
    streams = (stream_name(prefix, key) for prefix, keys in found.items() for key in keys)
    return frozenset([*streams_of(release), *streams])


def _keys(rows: QuerySet[Any]) -> set[UUID]:
    return set(_listed(rows, "pk"))


def _revisions(release: Release) -> list[str]:
    return [str(key) for key in _listed(release.revisions.all(), "pk")]


def _proposed(release: Release) -> Q:
    """What two persons were to do with one of its revisions; every such proposal names the revision."""
    return Q(arguments__revision__in=_revisions(release))


def _answers_for(release: Release) -> Q:
    """Incidents that it decided, or may have decided."""
    return Q(revision__release=release) | Q(possible__has_any_keys=_revisions(release))


def _rules(release: Release) -> set[UUID]:
    """The versions of the approval rules by which it was asked about."""
    snapshots = _listed(release.approval_requests.all(), "rule_snapshot__version")
    versions = {version for version in snapshots if version is not None}
    return _keys(ApprovalRuleSet.objects.filter(system=release.system_id, version__in=versions))


def _tables_in(inputs: Any) -> Iterator[UUID]:
    """Ids of the score tables that the frozen inputs of a run name, however they were laid out then."""
    if isinstance(inputs, dict):
        if "canonical_digest" in inputs and "id" in inputs:
            yield UUID(inputs["id"])
        inputs = inputs.values()
    elif not isinstance(inputs, list):
        return
    for part in inputs:
        yield from _tables_in(part)


def _named_on_channels(release: Release) -> Q:
    """Where it answered and what ended that, where going back to it or from it was rehearsed, and which
    instances were first seen to run it."""
    ours = Assignment.objects.filter(
        Q(stable__release=release) | Q(candidate__release=release) | Q(control__release=release)
    )
    ended_by = Assignment.objects.filter(
        Exists(ours.filter(channel=OuterRef("channel"), period__endswith=OuterRef("period__startswith")))
    )
    drills = Drill.objects.filter(Q(drilled__release=release) | Q(target__release=release))
    beats = Heartbeat.objects.filter(revision__release=release)
    return Q(pk__in=_entries_of(ours) | _entries_of(ended_by) | set(_listed(beats, "entry_id"))) | Q(
        document__type__in=DRILLS, document__after__drill__in=sorted(map(str, _keys(drills)))
    )


def _entries_of(assignments: QuerySet[Assignment]) -> set[UUID]:
    return set(_listed(assignments, "entry_id"))


def _listed(rows: QuerySet[Any], name: str) -> list[Any]:
    return list(rows.order_by().values_list(name, flat=True))
