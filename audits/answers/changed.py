"""What changed since the last version? (S23), and between any two revisions of a system."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from audits.answers.answered import Answer, Fact, Question, Stands, Told, frozen_fact, listed, worded
from audits.answers.behind import Behind
from governance.access.queries import visible_to
from releases.bundles.categories import Category
from releases.bundles.changes import UNSTATED, SlotChange
from releases.bundles.differences import ChannelDifference, difference, difference_by_channel
from releases.bundles.documents import CARD_TEXTS
from releases.bundles.models import Revision

LONGEST = 160
MOST_NUMBERS = 6
DECIDING = {"model", "fusion", "threshold_policy", "sdk"}
PLANS = {"rollout_plan": "Rollout plan", "rollback_plan": "Rollback plan"}


def changed_answer(known: Behind, against: Revision | None = None) -> Answer:
    """The answer of S23: against what was live before it on each channel, or against one named revision.

    ``against`` carries its content.
    """
    if against is not None:
        return _between(known, against)
    found = list(difference_by_channel(known.revision).values())
    groups: dict[Any, list[ChannelDifference]] = {}
    for one in found:
        groups.setdefault(one.baseline.pk if one.baseline else None, []).append(one)
    baselines = {one.baseline.pk: one.baseline for one in found if one.baseline is not None}
    rows = visible_to(Revision.objects.filter(pk__in=baselines), known.actor)
    seen = {key: baselines[key] for key in rows.order_by().values_list("pk", flat=True)}
    shown = [group for key, group in groups.items() if key is None or key in seen]
    hidden = [one for key, group in groups.items() if key is not None and key not in seen for one in group]
    sentences = [*(_sentence(known, group) for group in shown), *_unseen(hidden)]
    support = [text for text in (_card(known, "what_changed"), _card(known, "why", "Why: ")) if text]
    return Answer(
        Question.CHANGED,
        Stands.YES if found else Stands.NOT_YET,
        " ".join(sentences) or "Nothing can be compared: the release names no channel.",
        tuple(support),
        (*_told_apart(shown), *_frozen(known, seen.values())),
    )


def _told_apart(groups: Sequence[Sequence[ChannelDifference]]) -> Iterator[Fact]:
    """What differs, and from what: it is named with each fact where that is not one and the same."""
    for group in groups:
        baseline = group[0].baseline
        against = f"against {named(baseline)}" if baseline else "where nothing was live"
        beside = f", {against}" if len(groups) > 1 else ""
        yield from (replace(fact, what=f"{fact.what}{beside}") for fact in _facts(group))


def _unseen(hidden: Sequence[ChannelDifference]) -> Iterator[str]:
    """What was live on channels of other people's is not told, neither by its name nor by its numbers."""
    if hidden:
        yield f"On {listed(one.channel.name for one in hidden)} it follows a release that you do not see."


def _frozen(known: Behind, others: Collection[Revision]) -> Iterator[Fact]:
    """Which entries fixed what is compared, each with the digest of all that it holds."""
    told = Told([one.stream() for one in others], ["release.frozen", "release.adopted"])
    made = frozen_fact(known.revision, known.told, "Frozen")
    facts = [made, *(frozen_fact(one, told, "Compared with") for one in others)]
    yield from (fact for fact in facts if fact is not None)


def _sentence(known: Behind, group: Sequence[ChannelDifference]) -> str:
    channels = listed(one.channel.name for one in group)
    baseline = group[0].baseline
    if baseline is None:
        return f"Everything is new on {channels}: nothing was live there before."
    what = _what([change for one in group for change in one.changes])
    return f"Against {named(baseline)} on {channels}: {what}."


def named(revision: Revision) -> str:
    """The revision in a sentence."""
    return f"{revision.release.name} revision {revision.number}"


def _what(changes: Sequence[SlotChange]) -> str:
    """``model, threshold policy and SDK on android changed``."""
    places = listed(
        f"{one.place[0].lower()}{one.place[1:]}" if one.slot != "sdk" else one.place for one in changes
    )
    return f"{places} changed" if places else "no part of the stack changed"


def _card(known: Behind, name: str, lead: str = "") -> str:
    said = str(known.revision.card.get(name, "")).strip()
    return f"{lead}{said}" if said else ""


def _facts(group: Sequence[ChannelDifference]) -> Iterator[Fact]:
    """Each change once, though several channels meet it, with what it falls under."""
    told: dict[tuple[str, str, str], SlotChange] = {}
    categories: dict[str, Category] = {}
    for one in group:
        for change in one.changes:
            told.setdefault((change.place, str(change.old), str(change.new)), change)
        categories.update({category.key: category for category in one.categories})
    yield from _slots(list(told.values()))
    for category in categories.values():
        yield Fact(f"Reviewed as: {category.title.lower()}", category.reason)


def _slots(changes: Sequence[SlotChange]) -> Iterator[Fact]:
    for change in changes:
        shown = change.new or change.old
        yield Fact(change.place, _became(change), about=shown, digest=shown.digest if shown else "")


def _became(change: SlotChange) -> str:
    """``policy_a → policy_b (accept: 0.5 → 0.6)``; the numbers of what decides are told."""
    if change.old is None or change.new is None:
        return f"{change.new} is new" if change.new else f"{change.old} is gone"
    numbers = [
        f"{value.name}: {_shown(value.old)} → {_shown(value.new)}"
        for value in change.values
        if value.changed and change.slot in DECIDING and value.name not in UNSTATED
    ]
    more = "; …" if len(numbers) > MOST_NUMBERS else ""
    told = f" ({'; '.join(numbers[:MOST_NUMBERS])}{more})" if numbers else ""
    return f"{change.old} → {change.new}{told}"


def _shown(value: Any) -> str:
    said = "not stated" if value is None else str(value)
    return said if len(said) <= LONGEST else f"{said[: LONGEST - 1]}…"


def _between(known: Behind, against: Revision) -> Answer:
    """Every slot, channel, text and plan that differs between the two."""
    made = difference(known.revision, against)
    gone = _channels(against) - _channels(known.revision)
    come = _channels(known.revision) - _channels(against)
    facts: list[Fact] = [*_slots(made.changes), *_texts(known.revision, against)]
    if come:
        facts.append(Fact("Channels added", listed(sorted(come))))
    if gone:
        facts.append(Fact("Channels left out", listed(sorted(gone))))
    facts += [Fact(f"Reviewed as: {one.title.lower()}", one.reason) for one in made.categories]
    beside = "" if made.changes or not facts else "; what differs is beside the stack"
    sentence = f"Against {named(against)}: {_what(made.changes)}{beside}."
    return Answer(Question.CHANGED, Stands.YES, sentence, (), (*facts, *_frozen(known, [against])))


def _channels(revision: Revision) -> set[str]:
    return {row.channel.name for row in revision.channel_rows.all()}


def _texts(new: Revision, old: Revision) -> Iterator[Fact]:
    """What differs in the model card, and whether a plan does."""
    for name in CARD_TEXTS:
        before, after = _text(old.card, name), _text(new.card, name)
        if before != after:
            said = f"{_shown(before or 'empty')} → {_shown(after or 'empty')}"
            yield Fact(f"Model card: {worded(name)}", said)
    for name, title in PLANS.items():
        if getattr(old, name) != getattr(new, name):
            yield Fact(title, "differs")


def _text(card: Mapping[str, Any], name: str) -> str:
    return str(card.get(name, "")).strip()
