"""What happens in the demo, in order. Every act goes through the service that a user's act goes through.

The past is simulated: the acts carry the clock's time and their entries say ``simulated``. What is open at
the end, the request that waits for the manager, is made in the present so that its deadline is real.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from governance.registry.models import Channel, System
from governance.registry.services import register_channel, register_system
from releases.approvals.acknowledging import doubts_to_acknowledge
from releases.approvals.models import ApprovalRequest
from releases.approvals.rules import enact_rules
from releases.approvals.services import cast_vote, request_approval
from releases.bundles.content import ReleaseContent
from releases.bundles.models import Release, Revision
from releases.bundles.services import draft_release, freeze_release
from releases.demo.aftercare import let_review_become_due, plan_reviews, review_first, set_monitoring
from releases.demo.branch import adopt_with_gaps
from releases.demo.cards import CARDS
from releases.demo.incidents import confirm_afterwards, follow_up
from releases.demo.people import Stage, give_roles, make_accounts
from releases.demo.plans import ROLLBACK_PLAN, ROLLOUT_PLAN
from releases.demo.policy import define_segments, enact_policy
from releases.demo.reviews import review
from releases.demo.rolling import go_live_and_back, guard, serve_after_launch, serve_today
from releases.demo.stack import Shared, Stack, build_stack, import_tables, register_shared
from releases.gates.models import GateEvaluation
from releases.gates.runs.evaluation import request_evaluation, run_evaluation
from releases.monitoring.drift.queries import reviews_of
from releases.rollouts.adoption import adopt_release, propose_adoption
from releases.rollouts.models import Deployment, DeploymentState

CHANNELS = ("android", "ios", "mobile_web", "desktop_web")
DRILL = "web_drill"
"""A web channel that serves nobody: rollbacks are rehearsed there."""

RULES = [
    {"key": "approver", "title": "Release approver", "role": "approver", "count": 1},
    {
        "key": "logic",
        "title": "Security review of the decision logic",
        "role": "security_reviewer",
        "count": 1,
        "categories": ["new_model_architecture", "new_fusion_logic", "threshold_or_policy_update"],
    },
    {
        "key": "web",
        "title": "Security review of each web channel",
        "role": "security_reviewer",
        "count": 1,
        "coverage": "channel",
        "channel_kinds": ["mobile_web", "desktop_web"],
    },
]

Tell = Callable[[str], None]


@dataclass
class Story:
    """The demo in the making: its stage, its system, what was registered so far."""

    stage: Stage
    tell: Tell
    system: System
    channels: tuple[Channel, ...]
    shared: Shared


def open_story(tell: Tell) -> Story:
    """Accounts, the system with its channels, grants, rules and the components all releases share."""
    stage = Stage()
    tell("accounts, system, channels, grants")
    make_accounts(stage)
    system = register_system(
        stage.actor("admin"),
        slug="onboarding-liveness",
        name="Onboarding liveness",
        description="Face liveness at account opening. Demo on real scores of the package gradgpad.",
    )
    channels = tuple(
        register_channel(stage.actor("admin"), system=system, name=name, kind=name) for name in CHANNELS
    )
    register_channel(stage.actor("admin"), system=system, name=DRILL, kind="mobile_web", drill=True)
    give_roles(stage, system, [channel for channel in channels if channel.is_web])
    enact_rules(
        stage.actor("admin"),
        system=system,
        rules=RULES,
        reason="An approver looks at every release, security at new decision logic and at each web channel.",
    )
    stage.clock.pass_by(days=2)
    return Story(stage, tell, system, channels, register_shared(stage, system))


def _draft(story: Story, name: str, stack: Stack, copied_from: Revision | None = None) -> Revision:
    content = ReleaseContent(
        channels=story.channels,
        slots=stack.slots,
        card=CARDS[name],
        rollout_plan=ROLLOUT_PLAN,
        rollback_plan=ROLLBACK_PLAN,
    )
    return draft_release(
        story.stage.actor("author"), system=story.system, name=name, content=content, copied_from=copied_from
    )


def adopt_first(story: Story) -> tuple[Revision, Stack]:
    """Release 1 serves already: adopted by two persons, without gate or approval."""
    stage = story.stage
    story.tell("release 1 quality_linear: adopted")
    stack = build_stack(stage, story.system, story.shared, "quality_linear", 1)
    revision = _draft(story, "quality_linear", stack)
    agreed: dict[str, Any] = {
        "revision": revision,
        "channels": story.channels,
        "reason": "It has served all four channels since before releases were governed.",
    }
    proposal = propose_adoption(stage.actor("release_manager"), **agreed)
    stage.clock.pass_by(hours=3)
    return adopt_release(stage.actor("manager"), **agreed, proposal=proposal.id), stack


def evaluated(story: Story, name: str, number: int, live: Revision) -> Revision:
    """A further release: registered, measured, drafted, frozen and put through the gate."""
    stage = story.stage
    story.tell(f"release {number} {name}: registered, frozen, evaluated")
    stack = build_stack(stage, story.system, story.shared, name, number)
    import_tables(stage, story.system, story.shared, stack, name)
    stage.clock.pass_by(days=1)
    revision = _draft(story, name, stack, copied_from=live)
    revision = freeze_release(stage.actor("author"), revision=revision)
    judge(stage, revision)
    return revision


def judge(stage: Stage, revision: Revision) -> GateEvaluation:
    """A run of the gate on what is known now."""
    evaluation = request_evaluation(stage.actor("author"), revision=revision)
    return run_evaluation(stage.engine(), evaluation=evaluation)


def reviewed(story: Story, revision: Revision) -> None:
    """The gate waited for reviews alone; with them it is decided again."""
    story.tell("release 2: error analysis and calibration review, evaluated again")
    review(story.stage, GateEvaluation.objects.get(revision=revision))
    judge(story.stage, revision)


def approve(story: Story, revision: Revision) -> None:
    """Every seat is filled: the manager's, the one for the decision logic, and one for each web channel."""
    stage = story.stage
    stage.clock.pass_by(hours=2)
    request = request_approval(
        stage.actor("author"), revision=revision, reason="Passes every line; better on most."
    )
    stage.clock.pass_by(hours=10)
    votes = {
        "security_all": "Print and replay attacks are accepted less often; masks are within the margin.",
        "security_web": "The web SDK is unchanged and both web channels get it in guarded steps.",
        "manager": "Fewer genuine users refused in every group; the worst line stays within its limit.",
    }
    for voter, reason in votes.items():
        stage.clock.pass_by(hours=2)
        _approved(stage, request, voter, reason)


def _approved(stage: Stage, request: ApprovalRequest, voter: str, reason: str) -> None:
    """The voter approves, and acknowledges what an approval must acknowledge."""
    doubts = [doubt.code for doubt in doubts_to_acknowledge(request)]
    cast_vote(stage.actor(voter), request=request, decision="approve", reason=reason, acknowledge=doubts)


def ask_again(story: Story, revision: Revision) -> None:
    """In the present: mobile_web is asked for again on the same evaluation; the manager's seat waits."""
    stage = story.stage
    story.tell("release 2: approval for mobile_web requested again, waits for the manager")
    votes = {
        "security_all": "The cause of the rollback lies outside the release. The print that passed is "
        "of a kind that the gate's limit allows; a lower limit is proposed.",
        "security_web": "The certificate is renewed and watched; the host answers as before.",
    }
    with stage.present():
        request = request_approval(
            stage.actor("author"),
            revision=revision,
            channels=[channel for channel in story.channels if channel.name == "mobile_web"],
            reason="The errors came from an expired certificate of the host that answers for the release, "
            "not from the release.",
        )
        for voter, reason in votes.items():
            _approved(stage, request, voter, reason)


def tell_story(tell: Tell) -> Stage:
    """The whole story; answers the stage with its accounts."""
    story = open_story(tell)
    stage, channels = story.stage, {channel.name: channel for channel in story.channels}
    tell("branch-liveness: adopted with its gaps")
    found = adopt_with_gaps(stage)
    segments = define_segments(stage, story.system)
    first, first_stack = adopt_first(story)
    enact_policy(stage, story.system, segments, Release.objects.get(id=first.release_id))
    set_monitoring(stage, story.system)
    stage.clock.pass_by(days=1)
    import_tables(stage, story.system, story.shared, first_stack, "quality_linear")
    second = evaluated(story, "quality_rbf", 2, first)
    reviewed(story, second)
    approve(story, second)
    tell("release 2: through all stages on android, taken back by a trigger on mobile_web")
    passed = go_live_and_back(stage, second, channels["android"], channels["mobile_web"])
    for live in (second, first, found):
        plan_reviews(stage, live)
    review_first(stage, first)
    evaluated(story, "auxiliary", 3, second)
    look_back(story, second, channels, passed)
    evaluated(story, "auxiliary_type_i_and_ii", 4, second)
    follow_up(stage)
    let_review_become_due(stage, reviews_of(second)[1])
    let_review_become_due(stage, reviews_of(found)[0])
    tell("release 2: guarded on ios, held by a trigger on desktop_web, traffic until now")
    on_their_way = guard(stage, second, channels["ios"], channels["desktop_web"])
    serve_today(stage, *on_their_way, channels["mobile_web"], live_on(channels["android"]))
    ask_again(story, second)
    return stage


def look_back(story: Story, revision: Revision, channels: dict[str, Channel], passed: UUID) -> None:
    """What came out after the launch: an attack that had passed on mobile_web; nothing on android."""
    story.tell("release 2: an incident is confirmed afterwards, the first drift review is done")
    serve_after_launch(story.stage, (channels["android"], channels["mobile_web"]))
    confirm_afterwards(story.stage, channels["mobile_web"], passed)
    review_first(story.stage, revision)


def live_on(channel: Channel) -> Deployment:
    """What is live there."""
    return Deployment.objects.select_related("channel").get(channel=channel, state=DeploymentState.LIVE)
