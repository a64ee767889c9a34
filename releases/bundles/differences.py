"""What a revision changes, for each channel that it touches, against what is live there (S17, S23).

Against which release: for a revision that serves or has served the channel, the one that was live before
it; for any other, the one that is live now. With a time given, the one that was live then.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from governance.ledger.models import Blob
from governance.registry.models import Channel
from releases.bundles.categories import (
    CATEGORIES,
    NEW_CHANNEL,
    Category,
    Evidence,
    Grounds,
    Samples,
    categories_of,
    merged,
    named,
)
from releases.bundles.changes import SlotChange, slot_changes
from releases.bundles.models import Assignment, Revision, Slot
from releases.bundles.queries import revisions_with_content
from releases.bundles.sealed import in_effect, served

__all__ = [
    "CATEGORIES",
    "ChannelDifference",
    "Difference",
    "all_categories",
    "difference",
    "difference_by_channel",
    "differences_of",
    "read_samples",
    "sample_digests",
]


@dataclass(frozen=True)
class Difference:
    """Changed slots and the categories they fall into; both empty where nothing changed."""

    changes: tuple[SlotChange, ...]
    categories: tuple[Category, ...]


@dataclass(frozen=True)
class ChannelDifference:
    """What a revision changes on one channel; no ``baseline`` where nothing is live."""

    channel: Channel
    baseline: Revision | None
    difference: Difference

    @property
    def changes(self) -> tuple[SlotChange, ...]:
        """The places that differ."""
        return self.difference.changes

    @property
    def categories(self) -> tuple[Category, ...]:
        """The categories that the changes fall into."""
        return self.difference.categories


def difference(
    revision: Revision,
    baseline: Revision | None,
    *,
    channel: Channel | None = None,
    samples: Samples | None = None,
) -> Difference:
    """What ``revision`` changes against ``baseline``; on one channel, if it is named.

    Without a baseline everything is new and the one category is ``new_channel``. ``samples`` are hashed
    sample ids by blob digest, read from the store of blobs if they are not given.
    """
    new = _slots(revision, channel)
    old = _slots(baseline, channel) if baseline else []
    names = {slot.channel.id: slot.channel.name for slot in (*new, *old) if slot.channel}
    changes = slot_changes(new, old, names)
    if baseline is None:
        return Difference(changes, _new_channel(revision, channel))
    if samples is None:
        samples = read_samples(sample_digests(changes))
    grounds = Grounds(
        revision.release.system.dataset_change_limit_rate,
        samples,
        frozenset(str(slot.component.attributes.get("architecture")) for slot in old if slot.slot == "model"),
    )
    return Difference(changes, categories_of(changes, grounds))


def _slots(revision: Revision, channel: Channel | None) -> list[Slot]:
    """The revision's slots; on one channel without what stands for other channels."""
    slots = revision.slots.all()
    if channel is None:
        return list(slots)
    return [slot for slot in slots if slot.channel_id in {None, channel.id}]


def _new_channel(revision: Revision, channel: Channel | None) -> tuple[Category, ...]:
    channels = [channel] if channel else [row.channel for row in revision.channel_rows.all()]
    evidence = [
        Evidence("channel", item.id, None, str(item), f"nothing was live on {item} before")
        for item in channels
    ]
    return named({NEW_CHANNEL: evidence} if evidence else {})


def sample_digests(changes: Iterable[SlotChange]) -> set[str]:
    """Blobs that hold the samples of datasets of which both versions say where theirs are listed."""
    digests: set[str] = set()
    for change in changes:
        if change.slot == "dataset" and change.old and change.new:
            both = (change.old.attributes.get("sample_hashes"), change.new.attributes.get("sample_hashes"))
            digests.update(str(digest) for digest in both if all(both))
    return digests


def read_samples(digests: Iterable[str]) -> Samples:
    """Hashed sample ids, one on each line, of the blobs that are in store."""
    wanted = list(digests)
    if not wanted:
        return {}
    rows = Blob.objects.filter(digest__in=wanted).values_list("digest", "bytes")
    return {digest: _lines(bytes(data)) for digest, data in rows}


def _lines(data: bytes) -> frozenset[str]:
    lines = (line.strip() for line in data.decode("utf-8", errors="replace").splitlines())
    return frozenset(line for line in lines if line)


def difference_by_channel(revision: Revision, at: datetime | None = None) -> dict[UUID, ChannelDifference]:
    """What the revision changes, by the id of each of its channels; see the module for the baselines."""
    stored = revisions_with_content(Revision.objects.filter(id=revision.id)).get()
    return differences_of([stored], at)[stored.id]


def all_categories(differences: Iterable[ChannelDifference]) -> tuple[Category, ...]:
    """The categories of all channels as one list."""
    return merged(item.categories for item in differences)


def differences_of(
    revisions: Sequence[Revision], at: datetime | None = None
) -> dict[UUID, dict[UUID, ChannelDifference]]:
    """The differences of many revisions by their id and then by channel, in a fixed number of queries.

    The revisions carry their content (:func:`releases.bundles.queries.revisions_with_content`).
    """
    baselines = _baselines(revisions, at)
    stored = revisions_with_content(Revision.objects.filter(id__in=set(baselines.values())))
    by_id = {row.id: row for row in stored}
    baseline_of = {place: by_id[key] for place, key in baselines.items()}
    pairs = [
        (revision, row.channel, baseline_of.get((revision.id, row.channel_id)))
        for revision in revisions
        for row in revision.channel_rows.all()
    ]
    drafts = [difference(revision, base, channel=channel, samples={}) for revision, channel, base in pairs]
    samples = read_samples({digest for draft in drafts for digest in sample_digests(draft.changes)})
    found: dict[UUID, dict[UUID, ChannelDifference]] = {revision.id: {} for revision in revisions}
    for revision, channel, base in pairs:
        made = difference(revision, base, channel=channel, samples=samples)
        found[revision.id][channel.id] = ChannelDifference(channel, base, made)
    return found


def _baselines(revisions: Sequence[Revision], at: datetime | None) -> dict[tuple[UUID, UUID], UUID]:
    """By revision and channel, the id of the revision that it is compared with."""
    touched = [(revision, row.channel_id) for revision in revisions for row in revision.channel_rows.all()]
    rows = Assignment.objects.filter(channel__in={channel_id for _, channel_id in touched})
    if at is not None:
        live = dict(rows.filter(in_effect(at)).values_list("channel_id", "stable_id"))
        return {(revision.id, channel): live[channel] for revision, channel in touched if channel in live}
    history_of: dict[UUID, list[UUID]] = {}
    for channel_id, stable_id in (
        rows.filter(served()).order_by("period").values_list("channel_id", "stable_id")
    ):
        history_of.setdefault(channel_id, []).append(stable_id)
    found = {}
    for revision, channel_id in touched:
        history = history_of.get(channel_id, [])
        before = history[: history.index(revision.id)] if revision.id in history else history
        if before:
            found[revision.id, channel_id] = before[-1]
    return found
