"""Where a rollout stands, in one sentence derived from its facts. Nothing of it is stored."""

from audits.pages.plan_words import percent, stage_title
from audits.pages.rollout_facts import RolloutFacts
from audits.pages.standing import Standing
from audits.templatetags.countersign import spoken
from releases.bundles.documents import StageKind
from releases.rollouts.models import DeploymentState
from releases.rollouts.progress_queries import lasting


def where(facts: RolloutFacts) -> str:
    """``guarded 25 %``: the stage inside a sentence."""
    title = stage_title(facts.here.stage)
    return f"{title[0].lower()}{title[1:]}"


def rollout_standing(facts: RolloutFacts) -> Standing:
    """The state, the sentence and what comes next."""
    row = facts.deployment
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


def _held(facts: RolloutFacts) -> Standing:
    return Standing(
        "held",
        "pause_circle",
        "Held",
        f"{facts.name} is held at {reach_words(facts)}.",
        f"Held because: {ended(facts.deployment.held_reason)} "
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


def _rolling_out(facts: RolloutFacts) -> Standing:
    wait = advice = ""
    if facts.following is None:
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
        ("It goes forward here only by a new approval.",),
    )


def ended(text: str) -> str:
    """What somebody wrote, ended like a sentence, so that another can follow."""
    text = text.strip()
    return text if text.endswith((".", "!", "?", "…")) else f"{text}."
