"""Which model and threshold make the decisions of a release? (S21): stack, bands, where it answers."""

from collections.abc import Iterator

from audits.answers.answered import STATES, Answer, Fact, Question, Stands, day, frozen_fact, listed, worded
from audits.answers.behind import Behind
from audits.trace.bands import BandRow, bands_of_policies
from governance.access.queries import visible_to
from governance.registry.kinds import KINDS
from governance.registry.models import ComponentStatus, ComponentVersion
from releases.bundles.models import Slot
from releases.monitoring.decisions.models import Decision
from releases.rollouts.models import DeploymentState

DECIDING = ("model", "fusion", "threshold_policy", "sdk")


def decided_answer(known: Behind) -> Answer:
    """The answer of S21 for the whole revision; that of one decision is its trace."""
    slots = {name: _components(known, name) for name in DECIDING}
    bands = bands_of_policies(slots["threshold_policy"])
    newest = _newest_decision(known)
    frozen = frozen_fact(known.revision, known.told, "Frozen")
    parts = (*_parts(known), *([frozen] if frozen else ()))
    facts = (*parts, *_bands(bands), *_places(known), *_decision(newest))
    return Answer(Question.DECIDED, _stands(known), _sentence(known, slots), tuple(_support(known)), facts)


def _components(known: Behind, name: str) -> list[ComponentVersion]:
    return [slot.component for slot in known.revision.slots.all() if slot.slot == name]


def _stands(known: Behind) -> Stands:
    if not known.report.launches:
        return Stands.NOT_YET
    return Stands.YES if _components(known, "threshold_policy") else Stands.NOBODY


def _sentence(known: Behind, slots: dict[str, list[ComponentVersion]]) -> str:
    stack = _stack(slots)
    if not slots["model"] and not slots["threshold_policy"]:
        return "Nothing: neither a model nor a threshold policy stands in the release."
    if known.report.launches:
        return f"{stack[0].upper()}{stack[1:]}."
    state = STATES[known.revision.state]
    if known.only:
        return f"None yet {known.only}: it is {state} and has answered nobody there. It would be {stack}."
    return f"None yet: it is {state} and has answered nobody. It would be {stack}."


def _stack(slots: dict[str, list[ComponentVersion]]) -> str:
    models = listed(str(one) for one in slots["model"]) or "no model on record"
    many = "s" if len(slots["model"]) > 1 else ""
    fusion = f", joined by the fusion {listed(map(str, slots['fusion']))}" if slots["fusion"] else ""
    policies = slots["threshold_policy"]
    if not policies:
        return f"the model{many} {models}{fusion}; by which threshold, nobody can say: no policy is on record"
    return f"the model{many} {models}{fusion}, against the thresholds of {listed(map(str, policies))}"


def _support(known: Behind) -> Iterator[str]:
    live = [one.channel.name for one in known.deployments if one.state == DeploymentState.LIVE]
    if live:
        yield f"It is live on {listed(live)}."
    for one in known.deployments:
        if one.state in {DeploymentState.ROLLING_OUT, DeploymentState.HELD}:
            yield f"On {one.channel.name} it answers some people: it is {worded(one.state)}."
    revoked = [
        str(slot.component)
        for slot in known.revision.slots.all()
        if slot.component.status == ComponentStatus.REVOKED
    ]
    if revoked:
        yield f"Revoked since: {listed(revoked)}."
    yield "Which band made one decision, and whether it comes out the same today, says its trace."


def _parts(known: Behind) -> Iterator[Fact]:
    order = [*DECIDING, *KINDS]
    for slot in sorted(known.revision.slots.all(), key=lambda one: order.index(one.slot)):
        if slot.slot in DECIDING:
            yield Fact(
                _place(slot),
                f"{slot.component}; digest {slot.component.get_digest_kind_display()}",
                slot.component.registered_at,
                known.registered.find("component.registered", slot.component.stream()),
                slot.component,
                slot.component.digest,
            )


def _place(slot: Slot) -> str:
    return f"{KINDS[slot.slot].title} on {slot.channel.name}" if slot.channel else KINDS[slot.slot].title


def _bands(bands: tuple[BandRow, ...]) -> Iterator[Fact]:
    several = len({row.policy.pk for row in bands}) > 1
    for row in bands:
        of = f" of {row.policy}" if several else ""
        yield Fact(f"Band for {row.holds_for}{of}", row.said)


def _places(known: Behind) -> Iterator[Fact]:
    entries = {row.deployment_id: row.entry for row in known.assignments}
    adopted = known.told.find("release.adopted", revision=known.revision.pk)
    for launch in known.report.launches:
        row, since = launch.deployment, launch.answered_since
        state = DeploymentState(row.state).label.lower()
        said = f"{state}; answers people since {day(since)}" if launch.is_open and since else ""
        if since and not said:
            said = f"{state}; answered people from {day(since)} on"
        entry = entries.get(row.pk) or (adopted if row.approval_id is None else None)
        yield Fact(f"On {row.channel.name}", said, since, entry, row)


def _newest_decision(known: Behind) -> Decision | None:
    """The newest reported decision that carries the revision's stamp, on a channel that the reader sees."""
    stamp = known.revision.manifest_digest
    if not stamp or not known.report.launches:
        return None
    rows = Decision.objects.filter(stamp=stamp, revision=known.revision.pk)
    channels = [one.channel_id for one in known.deployments]
    seen = visible_to(rows.filter(channel__in=channels), known.actor)
    return seen.select_related("channel", "batch__entry__leaf").order_by("-at", "-id").first()


def _decision(newest: Decision | None) -> Iterator[Fact]:
    if newest is not None:
        said = f"{newest.get_outcome_display().lower()} on {newest.channel.name}"
        yield Fact("Newest decision reported", said, newest.at, newest.batch.entry, newest)
