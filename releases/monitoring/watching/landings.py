"""Whether every instance of the decision service follows what was assigned, by what they report. Pure but for
the reads at the end.

An instance that is not heard has not followed: silence proves nothing. Only where others follow and go on
reporting is one that has missed three reports taken for gone, as where instances are replaced; it is named.
Where no instance reports at all, nobody sees where it stands, and that is said.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone

from governance.registry.models import Channel
from releases.bundles.queries import live_assignment
from releases.monitoring.heartbeats.queries import Beat, beats_of
from releases.rollouts.landing import GONE_AFTER

HEARD_BEFORE = GONE_AFTER
"""Instances that reported so lately before the change are waited for."""

SETTLED = timedelta(seconds=45)
"""An instance that answers with two releases reports both at almost one time; one that has left the first
for good reports the second alone."""


@dataclass(frozen=True)
class Following:
    """Which instances are seen to follow, what is missing of the others, and which are gone."""

    instances: tuple[str, ...]
    missing: tuple[str, ...]
    gone: tuple[str, ...] = ()

    @property
    def is_whole(self) -> bool:
        """Whether all follow, and there is at least one."""
        return bool(self.instances) and not self.missing

    @property
    def sentence(self) -> str:
        """What is missing."""
        if self.missing:
            return f"{'; '.join(self.missing[:10])}."
        return "" if self.instances else "No instance reports, so nobody sees which release decides there."


def following(beats: Sequence[Beat], due: frozenset[str], since: datetime, at: datetime) -> Following:
    """Which instances follow the change of ``since`` to one of the stamps in ``due``, as seen ``at``."""
    by_instance: dict[str, list[Beat]] = {}
    for beat in beats:
        by_instance.setdefault(beat.instance, []).append(beat)
    found = {name: _missing(name, by_instance[name], due, since) for name in sorted(by_instance)}
    heard = {name for name, own in by_instance.items() if at - _newest(own).received_at <= GONE_AFTER}
    others_follow = any(not missing for name, missing in found.items() if name in heard)
    gone = {name for name, missing in found.items() if missing and others_follow and name not in heard}
    return Following(
        tuple(name for name, missing in found.items() if not missing),
        tuple(missing for name, missing in found.items() if missing and name not in gone),
        tuple(sorted(gone)),
    )


def _newest(beats: Sequence[Beat]) -> Beat:
    return max(beats, key=lambda beat: (beat.at, beat.received_at))


def _missing(name: str, beats: Sequence[Beat], due: frozenset[str], since: datetime) -> str:
    """What keeps an instance from counting as one that follows; empty if it does."""
    newest = _newest(beats)
    if newest.received_at < since:
        return f"{name} is silent since {newest.received_at:%H:%M:%S} UTC"
    if newest.stamp not in due:
        return f"{name} still reports another release at {newest.received_at:%H:%M:%S} UTC"
    for beat in beats:
        gone = beat.received_at <= since or newest.at - beat.at >= SETTLED
        if beat.stamp not in due and not gone:
            return f"{name} reports both releases"
    return ""


def following_on(channel: Channel, target_stamp: str, since: datetime) -> Following:
    """What the channel's instances report of a change to ``target_stamp``; whatever is assigned there by now
    will do too."""
    assignment = live_assignment(channel)
    revisions = [assignment.stable, assignment.candidate, assignment.control] if assignment else []
    due = {target_stamp, *(one.manifest_digest for one in revisions if one is not None)}
    beats = beats_of(channel, since=since - HEARD_BEFORE)
    return following(beats, frozenset(due), since, timezone.now())
