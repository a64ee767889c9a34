"""Who could fill which seat, before a request exists. Reads only; what would refuse the request is data."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from governance.access.queries import has_permission
from governance.access.roles import Permission
from governance.actors import Actor
from governance.errors import GovernanceError
from governance.registry.models import Channel
from releases.approvals.ballots import Ballot, Seat
from releases.approvals.grounds import Ground, ground_of
from releases.approvals.people import electorate
from releases.approvals.requesting import (
    AlreadyRequested,
    check_revoked,
    check_standing,
    chosen_channels,
    components_of,
)
from releases.approvals.rulebook import AskedRule
from releases.approvals.snapshots import NoRuleMatches, asking, check_electorate, matched_rules
from releases.bundles.models import Revision


@dataclass(frozen=True)
class Preview:
    """What a request made now would ask for: seats with those who could fill them, and what would refuse it.

    ``rules_version`` is None where no rules were enacted, so that the default counts.
    """

    revision: Revision
    channels: tuple[Channel, ...]
    rules_version: int | None
    rules: tuple[AskedRule, ...]
    seats: tuple[Seat, ...]
    refusals: tuple[GovernanceError, ...]

    @property
    def can_be_requested(self) -> bool:
        """Whether nothing would refuse the request."""
        return not self.refusals


def preview_seats(
    revision: Revision, channels: Iterable[Channel] | None = None, actor: Actor | None = None
) -> Preview:
    """The seats of a request for the revision on ``channels``, by default all it could be asked for now.

    An ``actor`` who may request approval is left out: whoever asks contributes by asking.

    Raises:
        InvalidInput: a channel that the revision does not touch.
    """
    at = timezone.now()
    who_asks = (
        asking(actor)
        if actor and has_permission(actor, Permission.REQUEST_APPROVAL, revision)
        else frozenset()
    )
    named = None if channels is None else tuple(channels)
    chosen, refused = _channels(revision, named, at)
    ground, not_passed = _ground(revision, chosen, at)
    refusals = [
        *_refused(lambda: check_standing(revision)),
        *_refused(lambda: check_revoked(revision, components_of(revision))),
        *not_passed,
        *refused,
    ]
    override = ground.override if ground else None
    try:
        met = matched_rules(revision, chosen, at, expedite=override is not None and override.expedite)
    except NoRuleMatches as refusal:
        return Preview(revision, chosen, None, (), (), (*refusals, refusal))
    who = electorate(revision, at, besides=who_asks)
    refusals += _refused(lambda: check_electorate(met.rules, who))
    ballot = Ballot(met.rules, (), {}, who)
    return Preview(revision, chosen, met.version, met.rules, ballot.seat_list(), tuple(refusals))


def _channels(
    revision: Revision, named: tuple[Channel, ...] | None, at: datetime
) -> tuple[tuple[Channel, ...], list[GovernanceError]]:
    """The channels to look at; where all are approved already, all that are touched or were named."""
    try:
        return chosen_channels(revision, named, at), []
    except AlreadyRequested as refusal:
        touched = tuple(revision.channels.order_by("name"))
        wanted = {channel.id for channel in (touched if named is None else named)}
        return tuple(channel for channel in touched if channel.id in wanted), [refusal]


def _ground(
    revision: Revision, channels: tuple[Channel, ...], at: datetime
) -> tuple[Ground | None, list[GovernanceError]]:
    try:
        return ground_of(revision, channels, at), []
    except GovernanceError as refusal:
        return None, [refusal]


def _refused(check: Callable[[], object]) -> list[GovernanceError]:
    try:
        check()
    except GovernanceError as refusal:
        return [refusal]
    return []
