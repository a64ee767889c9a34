"""Where a rollout stands, in one sentence derived from its facts, the worst first: a trigger that asks to
act, a hold, no data, an approval that is missing, time. Nothing of it is stored."""

from collections.abc import Sequence

from audits.pages.plan_words import percent, stage_title
from audits.pages.rollout_facts import RolloutFacts
from audits.pages.standing import Standing, listed
from audits.pages.trigger_facts import NOT_LOOKED_AT
from audits.pages.trigger_stands import Asking
from audits.templatetags.countersign import spoken
from releases.bundles.documents import StageKind
from releases.rollouts.models import DeploymentState, Landing
from releases.rollouts.progress_queries import lasting
from releases.rollouts.readings import CheckState, last_reading

BY_MONITORING = "Held by monitoring. "
PLURAL = {"fires": "fire", "has no data": "have no data", "cannot be judged": "cannot be judged"}


def where(facts: RolloutFacts) -> str:
    """``guarded 25 %``: the stage inside a sentence."""
    title = stage_title(facts.here.stage)
    return f"{title[0].lower()}{title[1:]}"


def rollout_standing(facts: RolloutFacts, asking: Sequence[Asking] = ()) -> Standing:
    """The state, the sentence and what comes next: what ``asking`` triggers ask for before all else."""
    row = facts.deployment
    if asking and facts.is_open:
        return _asked(facts, asking)
    if row.state == DeploymentState.HELD:
        return _paused(facts) if row.paused else _held(facts)
    makers = {
        DeploymentState.ROLLING_OUT: _rolling_out,
        DeploymentState.LIVE: _live,
        DeploymentState.SUPERSEDED: _superseded,
        DeploymentState.ROLLED_BACK: _rolled_back,
    }
    return makers[DeploymentState(row.state)](facts)


def since(facts: RolloutFacts) -> str:
    """How long the state has lasted."""
    return spoken((facts.now - facts.deployment.state_changed_at).total_seconds())


def reach_words(facts: RolloutFacts) -> str:
    """Whom the stage shows the candidate to: ``25 % of mobile_web``."""
    if facts.here.share:
        return f"{percent(facts.here.share)} of {facts.channel}"
    kind = facts.here.stage.kind
    if kind is StageKind.INTERNAL_TESTING:
        return f"the test keys of {facts.channel}"
    return f"{facts.channel}, {kind.value.replace('_', ' ')}"


def _stable(facts: RolloutFacts) -> str:
    return facts.assignment.stable.release.name if facts.assignment else "what is live"


def _asked(facts: RolloutFacts, asking: Sequence[Asking]) -> Standing:
    """Triggers ask to act: what is the matter, and the way back."""
    first, row = asking[0], facts.deployment
    many = sum(one.verb == first.verb for one in asking)
    title = f"{first.title[0].lower()}{first.title[1:]}" if first.title[1:2].islower() else first.title
    matter = f"{title} {first.verb}" if many == 1 else f"{many} triggers {PLURAL[first.verb]}"
    is_held = row.state == DeploymentState.HELD
    look, icon, chip = ("held", "pause_circle", "Held by a trigger")
    if row.paused:
        chip = "Paused"
    elif not is_held:
        look, icon, chip = ("fail", "notifications_active", "A trigger asks to act")
    reason = row.held_reason if is_held and not row.held_reason.startswith(BY_MONITORING) else ""
    held = f"Held because: {ended(reason)} " if reason else ""
    return Standing(
        look,
        icon,
        chip,
        f"{_place(facts)}: {matter}.",
        f"{held}{' '.join(ended(one.sentence) for one in asking[:2])}",
        (_way_back(facts),),
    )


def _place(facts: RolloutFacts) -> str:
    """Where it is, before what is the matter."""
    if facts.deployment.state == DeploymentState.LIVE:
        return f"{facts.name} is live on {facts.channel}"
    if facts.deployment.paused:
        return f"{facts.name} is paused on {facts.channel}"
    held = "held" if facts.deployment.state == DeploymentState.HELD else "rolling out"
    return f"{facts.name} is {held} at {reach_words(facts)}"


def _way_back(facts: RolloutFacts) -> str:
    if facts.target is None:
        return f"Nothing served {facts.channel} before that it could return to: bring another release live."
    lands = facts.target.deployment.revision.release.name
    return (
        f"Roll back if this goes on. It takes effect at once, needs no second person, and lands on {lands}."
    )


def _held(facts: RolloutFacts) -> Standing:
    return Standing(
        "held",
        "pause_circle",
        "Held",
        f"{facts.name} is held at {reach_words(facts)}.",
        f"Held because: {ended(facts.deployment.held_reason.removeprefix(BY_MONITORING))} "
        "Shares stay as they are, and it does not advance.",
        (
            "Roll back if the reason stands. It takes effect at once and needs no second person.",
            "Resume if the reason is gone.",
        ),
    )


def _paused(facts: RolloutFacts) -> Standing:
    return Standing(
        "held",
        "pause_circle",
        "Paused",
        f"{facts.name} is paused on {facts.channel}: everybody gets {_stable(facts)}.",
        f"Paused because: {ended(facts.deployment.held_reason)}",
        (
            f"Resume shows it again as {where(facts)}, and the minimum duration begins anew.",
            f"Roll back ends it: {_stable(facts)} stays.",
        ),
    )


def _unseen(facts: RolloutFacts) -> Standing | None:
    """Nothing tells how it does; None where something does."""
    blind = _blind(facts)
    if not blind:
        return None
    return Standing(
        "void",
        "cloud_off",
        "No data",
        f"{facts.name} is rolling out to {reach_words(facts)}, and nothing tells how it does.",
        blind,
        ("Hold it until data come, or roll back. No data is no good news.",),
    )


def _to_approve(facts: RolloutFacts) -> Standing | None:
    """Only people's approval is missing; None where more is, or nothing."""
    if not _waits_for_people(facts):
        return None
    roles = listed([role.replace("_", " ") for role in facts.open_seats])
    return Standing(
        "you",
        "how_to_reg",
        "Waits for approval",
        f"{facts.name} waits for approval at {reach_words(facts)}.",
        "All that its plan asks of the stage is shown.",
        (f"Whoever holds the role {roles} looks at what it shows and approves it.",),
    )


def _rolling_out(facts: RolloutFacts) -> Standing:
    worse = _unseen(facts) or _to_approve(facts)
    if worse is not None:
        return worse
    wait = advice = ""
    waits = _waits(facts)
    if waits:
        wait, advice = waits, "Until then: hold or roll back if something is wrong."
    elif facts.following is None:
        wait = "This is its last stage."
    elif facts.has_lasted:
        title = stage_title(facts.following.stage)
        planned = facts.here.stage.min_duration_seconds
        wait = f"The planned {lasting(planned)} are over." if planned else "No minimum duration is planned."
        advice = f"A release manager decides: advance to {title}, hold, or roll back."
    else:
        left = spoken((facts.earliest - facts.now).total_seconds())
        wait = f"It can advance to {stage_title(facts.following.stage)} in {left}."
        advice = "Until then: hold or roll back if something is wrong."
    return Standing(
        "open",
        "stairs",
        "Rolling out",
        f"{facts.name} is rolling out to {reach_words(facts)}.",
        wait,
        (advice,) if advice else (),
    )


def _blind(facts: RolloutFacts) -> str:
    """Why nothing can be said of how it does; empty where it is seen."""
    reading = last_reading(facts.deployment)
    if reading is None:
        return ""
    if facts.now - reading.read_at > NOT_LOOKED_AT:
        ago = spoken((facts.now - reading.read_at).total_seconds())
        return f"Monitoring last looked {ago} ago; what it found then stands below and counts no longer."
    waiting = [one for one in reading.check("integrity") if one.state is CheckState.WAITING]
    unseen = [one for one in waiting if "instances" not in one.numbers]  # those are seen, and stray
    unseen += [one for one in reading.check("traffic") if one.state is CheckState.WAITING]
    return unseen[0].sentence if unseen else ""


def _waits_for_people(facts: RolloutFacts) -> bool:
    """Whether only the approvals of the stage are missing."""
    reading = last_reading(facts.deployment)
    is_shown = reading is not None and not reading.open_among(facts.here.asks_for)
    return is_shown and facts.has_lasted and bool(facts.open_seats)


def _waits(facts: RolloutFacts) -> str:
    """What the stage has not shown yet of what it asks for; empty where time or people are left."""
    reading = last_reading(facts.deployment)
    missing = [one.sentence for one in reading.open_among(facts.here.asks_for)] if reading else []
    more = f" And {len(missing) - 1} more." if len(missing) > 1 else ""
    return f"It goes on waiting: {ended(missing[0])}{more}" if missing else ""


def _live(facts: RolloutFacts) -> Standing:
    beside = facts.assignment.candidate if facts.assignment else None
    support = f"{beside.release.name} is on its way beside it." if beside else "Everybody gets it."
    adopted = (
        " It was adopted: no gate and no approval stand behind it."
        if facts.deployment.approval is None
        else ""
    )
    return Standing("live", "sensors", "Live", f"{facts.name} is live on {facts.channel}.", support + adopted)


def _superseded(facts: RolloutFacts) -> Standing:
    return Standing(
        "void",
        "history",
        "Replaced",
        f"{facts.name} was live on {facts.channel} and has been replaced.",
        "It can be the target of a rollback; going forward again takes a new approval.",
    )


def _rolled_back(facts: RolloutFacts) -> Standing:
    back = facts.rollback
    landed = f" {facts.channel} went back to {back.target.release.name}." if back else ""
    return Standing(
        "fail",
        "undo",
        "Rolled back",
        f"{facts.name} was rolled back on {facts.channel}.",
        f"{ended(back.reason) if back else ''}{landed}".strip(),
        (*_landing(facts), "It goes forward here only by a new approval."),
    )


def _landing(facts: RolloutFacts) -> tuple[str, ...]:
    """Whether every instance is seen to follow; nothing where nobody watched."""
    back = facts.rollback
    if back is None or back.landing == Landing.UNWATCHED:
        return ()
    if back.landed_at is not None:
        took = lasting((back.landed_at - back.rolled_back_at).total_seconds())
        return (f"Every instance was seen to follow within {took}.",)
    if back.landing == Landing.ESCALATED:
        return (f"Not every instance follows: {ended(back.missing)}",)
    return ("Waiting until every instance is seen to follow.",)


def ended(text: str) -> str:
    """What somebody wrote, ended like a sentence, so that another can follow."""
    text = text.strip()
    return text if text.endswith((".", "!", "?", "…")) else f"{text}."
