"""How the demo's live releases are looked after: the calendar of their reviews, some done and one due."""

from datetime import timedelta
from typing import Any

from governance.registry.models import System
from releases.bundles.models import Revision
from releases.demo.people import Stage
from releases.monitoring.drift.figures import figures_of, moved_in_words, nothing_in_words, settled
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
    """The calendar begins with the launch; of what was adopted long before, with the last day that passed."""
    plan_review(stage.engine(), revision=revision)


def review_first(stage: Stage, revision: Revision) -> None:
    """The first review, from its day on: with the figures, by the QA lead."""
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
            conclusion=_concluded(figures.document),
            until=until,
            figures_digest=figures.digest,
        )


def _concluded(document: dict[str, Any]) -> str:
    moved = moved_in_words(document)
    found = f"{moved} moved" if moved else nothing_in_words(document)
    names = [one["name"] for one in document["channels"]]
    where = " and ".join([", ".join(names[:-1]), names[-1]] if names[1:] else names)
    return f"{found[0].upper()}{found[1:]}; no incident on {where}."


def let_review_become_due(stage: Stage, review: DriftReview) -> DriftReview:
    """Those who may do it are asked, and nobody has done it yet."""
    stage.clock.reach(review.due_at + timedelta(minutes=1))
    return remind_of_review(stage.engine(), review=review)
