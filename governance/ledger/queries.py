"""Reading the record: histories of streams, actors of streams, times of entries."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.utils import timezone

from governance.ledger.models import Blob, Entry, Pending


def entries_of(streams: Iterable[str]) -> QuerySet[Entry]:
    """Entries of the streams, newest first, with their leaves."""
    return (
        Entry.objects.filter(stream__in=list(streams)).select_related("leaf").order_by("-at", "-stream_seq")
    )


def entry_of(stream: str, event: str) -> Entry | None:
    """The newest entry of ``event`` in ``stream``."""
    found = Entry.objects.filter(stream=stream, document__type=event)
    return found.select_related("leaf").order_by("-stream_seq").first()


def actor_ids(streams: Iterable[str], events: Iterable[str]) -> set[UUID]:
    """Ids of all who acted in the streams with one of the events, or for whom somebody acted."""
    ids: set[UUID] = set()
    documents = Entry.objects.filter(stream__in=list(streams), document__type__in=list(events))
    for document in documents.values_list("document", flat=True):
        ids.update(_accountable(document))
    return ids


def _accountable(document: dict[str, Any]) -> set[UUID]:
    people = (document["actor"], document["on_behalf_of"])
    return {UUID(person["id"]) for person in people if person and person["id"]}


def blob_bytes(digest: str) -> bytes:
    """The bytes that an entry names by ``digest``; they are never deleted while something refers to them."""
    return bytes(Blob.objects.get(digest=digest).bytes)


def seal_lag() -> timedelta:
    """Age of the oldest entry that the integrator has not numbered; zero when none waits."""
    oldest: datetime | None = Pending.objects.order_by("position").values_list("queued_at", flat=True).first()
    return max(timezone.now() - oldest, timedelta(0)) if oldest else timedelta(0)
