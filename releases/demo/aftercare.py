"""How the demo's live release is looked after: the calendar of its reviews, one done and one due."""

from datetime import timedelta

from governance.registry.models import System
from releases.bundles.models import Revision
from releases.demo.people import Stage
from releases.monitoring.drift.figures import figures_of, moved_in_words, settled
from releases.monitoring.drift.models import DriftReview
from releases.monitoring.drift.queries import reviews_of
from releases.monitoring.drift.services import conclude_review, plan_review, remind_of_review
from releases.monitoring.terms.models import default_mix_attributes
from releases.monitoring.terms.services import Wanted, set_terms

REVIEW_DAYS = (3, 12, 30, 90)


def set_monitoring(stage: Stage, system: System) -> None:
    """What the system asks of the time after a launch."""
    set_terms(
        stage.actor("release_manager"),
        system=system,
        wanted=Wanted(
            report_within_hours=72,
            replay_rate=0.1,
            review_days=REVIEW_DAYS,
            review_every_days=90,
            mix_attributes=tuple(default_mix_attributes()),
            quality_attribute="quality",
        ),
        reason="The first governed release is looked at sooner than a week after it is live.",
    )


def plan_reviews(stage: Stage, revision: Revision) -> None:
    """The calendar begins with the launch."""
    plan_review(stage.engine(), revision=revision)


def review_early(stage: Stage, revision: Revision) -> None:
    """The first review, on its day: with the figures, by the QA lead."""
    first = reviews_of(revision)[0]
    stage.clock.reach(first.due_at)
    remind_of_review(stage.engine(), review=first)
    stage.clock.pass_by(hours=4)
    with stage.at_once():
        until = settled(stage.clock.now)
        figures = figures_of(first, until)
        conclude_review(
            stage.actor("qa_lead"),
            review=first,
            acceptable=True,
            conclusion=_concluded(moved_in_words(figures.document)),
            until=until,
            figures_digest=figures.digest,
        )


def _concluded(moved: str) -> str:
    found = (
        f"{moved} moved by more than chance explains"
        if moved
        else "Nothing moved by more than chance explains"
    )
    return f"{found}; no incident on android, and errors are as rare as before the launch."


def let_review_become_due(stage: Stage, revision: Revision) -> DriftReview:
    """The second one: those who may do it are asked, and nobody has done it yet."""
    second = reviews_of(revision)[1]
    stage.clock.reach(second.due_at + timedelta(minutes=1))
    return remind_of_review(stage.engine(), review=second)
