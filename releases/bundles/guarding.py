"""Why a release must show its candidate to a part of the subjects before all of them (S18).

A browser is the easiest channel to attack from and its captures vary most; another fusion or another
threshold moves decisions for everybody at once. None of that is seen by a shadow stage, in which the
candidate decides nothing and nobody reacts to it. Pure, but for :func:`reasons_of`.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from governance.registry.models import Channel
from releases.bundles.categories import Category
from releases.bundles.differences import ChannelDifference, difference_by_channel
from releases.bundles.documents import StageKind, stages_of
from releases.bundles.models import Revision

WEB_CHANNEL = "web_channel"
GUARDED_CATEGORIES = ("new_fusion_logic", "threshold_or_policy_update")
SHADOW_IS_NOT_ENOUGH = (
    "A shadow stage does not replace it: there the candidate decides nothing, so nobody meets its decisions"
)


LEAST_GUARDED_SECONDS = 3600
"""Under an hour nobody has looked: twelve windows of five minutes are the least over which a monitor sees a
rate move, and an hour is the time in which a person can be called to it. A plan may be shorter, because how
long a rollout waits is for the people who answer for it; what went live sooner shows as a gap."""
LEAST_GUARDED_COVERAGE = 0.01
"""One in a hundred: below that a busy day shows the candidate to too few people for anything to be seen, and
a coverage as small as one likes would be no guarded stage at all."""


def guards(rollout_plan: dict[str, Any]) -> bool:
    """Whether the plan has a guarded stage before enough people to be one."""
    return widest_guarded(rollout_plan) >= LEAST_GUARDED_COVERAGE


def widest_guarded(rollout_plan: dict[str, Any]) -> float:
    """The largest share to which a guarded stage shows the candidate; 0 without such a stage."""
    stages = [stage for stage in stages_of(rollout_plan) if stage.kind is StageKind.GUARDED]
    return max((stage.coverage or 0.0 for stage in stages), default=0.0)


@dataclass(frozen=True)
class GuardedReason:
    """Why a guarded stage is needed: ``key`` is a category of change, or ``web_channel``."""

    key: str
    channel: Channel
    sentence: str


def guarded_reasons(differences: Iterable[ChannelDifference]) -> tuple[GuardedReason, ...]:
    """Why a release with these differences needs a guarded stage, channel by channel; empty if it does not.

    Where nothing is live every part is new and nothing is changed, so only a web channel counts there.
    """
    return tuple(reason for found in differences for reason in channel_reasons(found))


def reasons_of(revision: Revision) -> tuple[GuardedReason, ...]:
    """Why the revision needs a guarded stage, compared with what is live on its channels now."""
    return guarded_reasons(difference_by_channel(revision).values())


def channel_reasons(found: ChannelDifference) -> Iterator[GuardedReason]:
    """Why the difference on one channel needs a guarded stage."""
    if found.channel.is_web:
        yield GuardedReason(WEB_CHANNEL, found.channel, f"{found.channel} is a web channel")
    for category in found.categories:
        if category.key in GUARDED_CATEGORIES:
            yield GuardedReason(category.key, found.channel, _changed(category, found.channel))


def _changed(category: Category, channel: Channel) -> str:
    evidence = "; ".join(item.sentence for item in category.evidence)
    return f"{category.title.lower()} on {channel} ({evidence})"


def sentence_of(reasons: Iterable[GuardedReason]) -> str:
    """All reasons in one text."""
    return "; ".join(reason.sentence for reason in reasons)
