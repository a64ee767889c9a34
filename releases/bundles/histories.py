"""The record of a release: its own stream, those of requests, runs, overrides and reviews, and refusals."""

from django.db.models import Q, QuerySet

from governance.ledger.models import Entry, stream_name
from releases.bundles.models import Release


def streams_of(release: Release) -> list[str]:
    """The streams that hold what happened to the release."""
    requests = release.approval_requests.values_list("id", flat=True)
    evaluations = release.evaluations.values_list("id", flat=True)
    overrides = release.overrides.values_list("id", flat=True)
    attestations = release.attestations.values_list("id", flat=True)
    return [
        release.stream(),
        *(stream_name("approval_request", key) for key in requests),
        *(stream_name("gate_evaluation", key) for key in evaluations),
        *(stream_name("override", key) for key in overrides),
        *(stream_name("attestation", key) for key in attestations),
    ]


def history_of(release: Release) -> QuerySet[Entry]:
    """Every entry about the release, newest first, with refused attempts on it and on what belongs to it."""
    streams = streams_of(release)
    refused = Q(document__type="verb.refused", document__after__targets__has_any_keys=streams)
    return Entry.objects.filter(Q(stream__in=streams) | refused).select_related("leaf").order_by("-at", "-id")
