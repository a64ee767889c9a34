"""What a rule of approval says, and which rules a request meets. Pure: no database, no clock."""

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from governance.access.roles import Permission, Role, roles_with
from governance.documents import checked
from governance.errors import invalid
from governance.registry.models import ChannelKind
from releases.approvals.coverage import Place

ANY = "any"
MOST_SEATS = 20
MOST_RULES = 20

VOTING_ROLES = tuple(sorted(role.value for role in roles_with(Permission.VOTE)))
"""Roles that may vote, by name."""

Key = Annotated[str, Field(pattern=r"^[a-z0-9](?:[a-z0-9_-]{0,62}[a-z0-9])?$")]
Title = Annotated[str, Field(min_length=1, max_length=150)]
Words = Annotated[tuple[str, ...], Field(min_length=1, max_length=50)]


class Rule(BaseModel):
    """One line of a system's rules: for which changes, on which kinds of channel, who must approve.

    Either ``role`` or ``people`` says who; ``count`` says how many of them. ``coverage`` "system" asks for
    them once, with the role on the whole system; "channel" asks for them on each channel that meets the
    rule, with the role there or on the whole system. ``expedite`` makes it a rule for expedited releases
    only, and there it stands in the place of the ordinary ones.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    key: Key
    title: Title
    categories: Words = (ANY,)
    channel_kinds: Words = (ANY,)
    role: str = ""
    people: tuple[str, ...] = ()
    count: int = Field(default=1, ge=1, le=MOST_SEATS)
    coverage: Literal["system", "channel"] = "system"
    expedite: bool = False

    @field_validator("channel_kinds")
    @classmethod
    def _known_kinds(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        unknown = sorted(set(value) - {ANY, *ChannelKind.values})
        if unknown:
            raise ValueError(
                f"{unknown} are no kinds of channel; there are any, {', '.join(ChannelKind.values)}"
            )
        return tuple(sorted(set(value)))

    @field_validator("categories", "people")
    @classmethod
    def _once_each(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(sorted(set(value)))

    @model_validator(mode="after")
    def _somebody(self) -> "Rule":
        if bool(self.role) == bool(self.people):
            raise ValueError("name either a role or people, one of the two")
        if self.role and self.role not in VOTING_ROLES:
            raise ValueError(f"role {self.role!r} never votes; roles that do are {', '.join(VOTING_ROLES)}")
        if self.people and self.count > len(self.people):
            raise ValueError(f"count {self.count} is more than the {len(self.people)} people named")
        return self

    def meets(self, kind: str, categories: Set[str]) -> bool:
        """Whether the rule asks something of a channel of this kind on which these categories change."""
        if ANY not in self.channel_kinds and kind not in self.channel_kinds:
            return False
        return ANY in self.categories or bool(categories & set(self.categories))

    def who(self) -> str:
        """Who fills its seats, for a sentence."""
        return " or ".join(self.people) if self.people else self.role.replace("_", " ")


DEFAULT_RULE = Rule(key="default", title="One approver", role=Role.APPROVER.value)
"""What a system asks for that has no rules of its own."""


@dataclass(frozen=True)
class RulesInForce:
    """The rules of a system at a time; version None = none enacted, so the default."""

    version: int | None
    rules: tuple[Rule, ...]


def parse_rules(rules: Any, known_categories: Iterable[str]) -> tuple[Rule, ...]:
    """Rules as the interface takes them, checked.

    Raises:
        InvalidInput: naming the rule, the field, what was found and what is allowed.
    """
    if not isinstance(rules, list | tuple) or not rules:
        raise invalid("rules", "give a list of at least one rule.")
    if len(rules) > MOST_RULES:
        raise invalid("rules", f"{len(rules)} rules are given; at most {MOST_RULES} are taken.")
    parsed = tuple(
        checked(Rule, rule, field=f"rules[{index}]", title="A rule") for index, rule in enumerate(rules)
    )
    if all(rule.expedite for rule in parsed):
        raise invalid(
            "rules", "all of them are for expedited releases; no ordinary release could be approved."
        )
    keys = [rule.key for rule in parsed]
    twice = sorted({key for key in keys if keys.count(key) > 1})
    if twice:
        raise invalid("rules", f"the keys {', '.join(twice)} stand twice; each rule needs its own.")
    categories = {ANY, *known_categories}
    for index, rule in enumerate(parsed):
        unknown = sorted(set(rule.categories) - categories)
        if unknown:
            allowed = ", ".join(sorted(categories))
            raise invalid(f"rules[{index}].categories", f"{unknown} are no categories; there are {allowed}.")
    return parsed


@dataclass(frozen=True)
class AskedChannel:
    """A channel on which a rule asks for people, with its name for sentences."""

    id: str
    name: str


@dataclass(frozen=True)
class AskedRule:
    """A rule that a request meets; with coverage "channel" also the channels that meet it."""

    rule: Rule
    channels: tuple[AskedChannel, ...] = ()

    @property
    def key(self) -> str:
        """The rule's key."""
        return self.rule.key

    @property
    def places(self) -> tuple[Place, ...]:
        """Where the rule's seats stand."""
        if self.rule.coverage == "system":
            return (Place(self.key),)
        return tuple(Place(self.key, channel.id) for channel in self.channels)

    def channel_name(self, place: Place) -> str:
        """The name of the place's channel; empty where the rule asks on the whole system."""
        return next((channel.name for channel in self.channels if channel.id == place.channel), "")


def rules_met(
    rules: Sequence[Rule],
    channels: Mapping[str, str],
    categories: Mapping[str, Set[str]],
    *,
    expedite: bool = False,
) -> dict[Rule, tuple[str, ...]]:
    """The rules that a request meets, each with the channels that meet it by their kind and their changes.

    An expedited release is asked under the system's rules for expedited ones alone; on a channel that none
    of these meets, as where there are none, the ordinary rules ask: haste never leaves a channel unasked.

    Args:
        rules: the rules in force.
        channels: id → kind of each channel that approval is asked for.
        categories: id of the channel → change categories against what is live there.
        expedite: whether the request rests on an expedite.
    """

    def met_on(rule: Rule, names: Iterable[str]) -> tuple[str, ...]:
        return tuple(one for one in names if rule.meets(channels[one], categories.get(one, set())))

    hasty = {rule: met_on(rule, channels) for rule in rules if rule.expedite and expedite}
    covered = {channel for met in hasty.values() for channel in met}
    rest = [channel for channel in channels if channel not in covered]
    found = {rule: hasty.get(rule, ()) if rule.expedite else met_on(rule, rest) for rule in rules}
    return {rule: met for rule, met in found.items() if met}


def seats_of(rules: Iterable[AskedRule]) -> tuple[Place, ...]:
    """The place of each seat, in the order of the rules and within a rule channel by channel."""
    return tuple(place for asked in rules for place in asked.places for _ in range(asked.rule.count))
