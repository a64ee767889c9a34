"""Steps that put a request before its voters: the rules it meets, who could vote, what is reviewed."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from governance.actors import Actor, moment
from governance.errors import GovernanceError
from governance.ledger.canonical import canonical_bytes, digest_of
from governance.ledger.entries import store_blob
from governance.ledger.verbs import record
from governance.registry.models import Channel
from releases.approvals.closing import request_channels
from releases.approvals.coverage import Place
from releases.approvals.grounds import Ground
from releases.approvals.matching import open_seats, seat_voters
from releases.approvals.models import ApprovalRequest, RequestChannel
from releases.approvals.people import Electorate, electorate
from releases.approvals.rulebook import AskedChannel, AskedRule, Rule, rules_met, seats_of
from releases.approvals.rules import rules_in_force
from releases.bundles.differences import difference_by_channel
from releases.bundles.models import Revision
from releases.gates.models import GateEvaluation, Override


class NoRuleMatches(GovernanceError):
    """No rule in force says who approves this; nobody's approval is not an approval."""

    code = "no_rule_matches"
    title = "No rule matches"
    next_step = "Ask an administrator for a rule that covers these channels and changes."


class TooFewApprovers(GovernanceError):
    """Some seats could not be filled by anybody as the grants stand."""

    code = "too_few_approvers"
    title = "Not enough people to approve"


def check_electorate(rules: Iterable[AskedRule], who: Electorate) -> None:
    """Refuse when the people there are now could not fill every seat, each counting for one rule only.

    Raises:
        TooFewApprovers: naming the rules, and the channels, whose seats stay open.
    """
    rules = tuple(rules)
    short = _short_places(rules, who)
    if not short:
        return
    named = "; ".join(
        f"{asked.rule.title!r} asks for {asked.rule.count} of {asked.rule.who()}{_on(asked, place)} and "
        f"{', '.join(who.may_fill(asked.rule, place)) or 'nobody'} could be seated"
        for asked in rules
        for place in asked.places
        if place in short
    )
    whole = all(not place.channel for place in short)
    raise TooFewApprovers(
        f"As the grants stand the request could never be met: {named}. Contributors, administrators "
        "and services are not counted, and nobody counts for two rules.",
        next_step="Ask an administrator for grants of the role named, on the "
        + ("whole system." if whole else "channel named or on the whole system."),
    )


def _on(asked: AskedRule, place: Place) -> str:
    name = asked.channel_name(place)
    return f" on {name}" if name else ""


def _short_places(rules: Sequence[AskedRule], who: Electorate) -> set[Place]:
    """Places whose seats stay open: those that too few people cover; if there is none, those that are left
    over when everybody is seated as well as can be."""
    seats = seats_of(rules)
    fillable: dict[UUID, frozenset[Place]] = {
        key: person.fillable(rules) for key, person in who.people.items()
    }
    ordered: list[UUID] = sorted(fillable, key=lambda key: who.people[key].username)
    seating = seat_voters(seats, ordered, fillable)
    covered = Counter(place for places in fillable.values() for place in places)
    bare = {place for place, asked in Counter(seats).items() if covered[place] < asked}
    return bare or {seats[index] for index in open_seats(seating)}


@dataclass(frozen=True)
class Matched:
    """The rules that a request meets, of which version, and the change categories by channel id."""

    version: int | None
    rules: tuple[AskedRule, ...]
    categories: dict[str, tuple[str, ...]]


def matched_rules(
    revision: Revision, channels: Iterable[Channel], at: datetime, *, expedite: bool = False
) -> Matched:
    """The rules in force that the request meets, each with the channels that meet it.

    Raises:
        NoRuleMatches: none does.
    """
    channels = tuple(channels)
    found = difference_by_channel(revision, at)
    categories = {
        str(channel.id): tuple(category.key for category in found[channel.id].difference.categories)
        for channel in channels
    }
    in_force = rules_in_force(revision.release.system, at)
    kinds = {str(channel.id): channel.kind for channel in channels}
    changed = {key: set(names) for key, names in categories.items()}
    met = rules_met(in_force.rules, kinds, changed, expedite=expedite)
    if not met:
        changes = ", ".join(sorted({name for names in categories.values() for name in names}))
        raise NoRuleMatches(
            f"None of the {len(in_force.rules)} rules of {revision.release.system} covers "
            f"{', '.join(map(str, channels))} with these changes: {changes or 'none'}."
        )
    names = {str(channel.id): channel.name for channel in channels}
    asked = tuple(_asked(rule, [AskedChannel(key, names[key]) for key in keys]) for rule, keys in met.items())
    return Matched(in_force.version, asked, categories)


def _asked(rule: Rule, channels: Iterable[AskedChannel]) -> AskedRule:
    """Only a rule that covers channels names them: any other asks on the whole system."""
    return AskedRule(rule, tuple(channels) if rule.coverage == "channel" else ())


def rule_snapshot(
    revision: Revision,
    channels: Iterable[Channel],
    at: datetime,
    *,
    asking: frozenset[UUID],
    override: Override | None = None,
) -> dict[str, Any]:
    """What decides about the request from now on: rules, categories, and who could vote, by name; and the
    ``override`` that lets it past its gate, so that votes bind to it too.

    ``asking`` contribute by asking, so they are not counted.

    Raises:
        NoRuleMatches, TooFewApprovers
    """
    met = matched_rules(revision, channels, at, expedite=override is not None and override.expedite)
    who = electorate(revision, at, besides=asking)
    check_electorate(met.rules, who)
    snapshot: dict[str, Any] = {
        "version": met.version,
        "rules": [asked.rule.model_dump(mode="json") for asked in met.rules],
        "categories": {channel: list(names) for channel, names in met.categories.items()},
        "eligible": {
            asked.key: sorted({name for place in asked.places for name in who.may_fill(asked.rule, place)})
            for asked in met.rules
        },
        "channels": {asked.key: _channels_asked(asked, who) for asked in met.rules if asked.channels},
    }
    if override is not None:
        snapshot["override"] = {
            "id": str(override.id),
            "criteria": override.criteria,
            "expedite": override.expedite,
        }
    return snapshot


def _channels_asked(asked: AskedRule, who: Electorate) -> list[dict[str, Any]]:
    """The channels on which a rule asks for people, each with those who could fill a seat there."""
    return [
        {
            "channel": place.channel,
            "name": asked.channel_name(place),
            "eligible": list(who.may_fill(asked.rule, place)),
        }
        for place in asked.places
    ]


def review_digest(revision: Revision, evaluation: GateEvaluation, snapshot: dict[str, Any]) -> str:
    """The digest of all that is reviewed; every vote is bound to it."""
    return digest_of(
        {
            "manifest_digest": revision.manifest_digest,
            "result_digest": evaluation.result_digest,
            "rule_snapshot": digest_of(snapshot),
        }
    )


def asking(actor: Actor) -> frozenset[UUID]:
    """Who asks and for whom: they contribute by asking and are not counted as voters."""
    on_behalf = actor.on_behalf_of.id if actor.on_behalf_of else None
    return frozenset(key for key in (actor.id, on_behalf) if key is not None)


def store_request(
    actor: Actor,
    revision: Revision,
    channels: Iterable[Channel],
    ground: Ground,
    *,
    reason: str,
    deadline_at: datetime,
) -> ApprovalRequest:
    """Store a request with what decides about it; the calling verb records it with :func:`record_request`.

    Raises:
        NoRuleMatches, TooFewApprovers: nobody could approve it.
    """
    chosen = tuple(channels)
    snapshot = rule_snapshot(revision, chosen, moment(), asking=asking(actor), override=ground.override)
    request = ApprovalRequest.objects.create(
        system=revision.release.system,
        release=revision.release,
        revision=revision,
        evaluation=ground.evaluation,
        override=ground.override,
        review_digest=review_digest(revision, ground.evaluation, snapshot),
        rule_snapshot=snapshot,
        reason=reason,
        requested_at=moment(),
        requested_by_username=actor.username,
        deadline_at=deadline_at,
    )
    for channel in chosen:
        RequestChannel.objects.create(request=request, channel=channel)
    return request


def record_request(request: ApprovalRequest, revision_before: str) -> None:
    """Record the request in its own stream and, as the consequence, in its release's."""
    revision = request.revision
    refs = {
        "manifest": revision.manifest_digest,
        "result": request.evaluation.result_digest,
        "rule_snapshot": store_blob(canonical_bytes(request.rule_snapshot)),
        "review": request.review_digest,
    }
    after = {
        "request": request.id,
        "system": request.system_id,
        "release": request.release_id,
        "revision": revision.id,
        "revision_number": revision.number,
        "revision_state": {"before": revision_before, "after": revision.state},
        "evaluation": request.evaluation_id,
        "override": request.override_id,
        "channels": request_channels(request),
        "deadline_at": request.deadline_at,
        "owner": request.release.owner_username,
        "rollback_owner": revision.rollback_plan.get("owner"),
        "rules": [
            {
                "key": rule["key"],
                "count": rule["count"],
                "channels": [
                    row["channel"] for row in request.rule_snapshot["channels"].get(rule["key"], ())
                ],
            }
            for rule in request.rule_snapshot["rules"]
        ],
    }
    record(request.stream(), after={**after, "state": request.state}, reason=request.reason, refs=refs)
    record(
        request.release.stream(), event="approval.requested", after=after, reason=request.reason, refs=refs
    )
