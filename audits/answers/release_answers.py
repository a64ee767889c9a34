"""The five answers about one revision (S21 to S25), each a sentence first, from what is on record.

In a fixed number of queries; nothing is stored, and nothing is said that has no row or entry behind it.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from audits.answers.answered import Answer, Question
from audits.answers.approving import approved_answer
from audits.answers.behind import behind
from audits.answers.changed import changed_answer
from audits.answers.deciding import decided_answer
from audits.answers.evaluated import evaluated_answer
from audits.answers.watched import watched_answer
from governance.actors import Actor
from releases.bundles.models import Revision


@dataclass(frozen=True)
class ReleaseAnswers:
    """The answers for one revision at ``at``; S23 is told against ``against``, if one is named."""

    revision: Revision
    at: datetime
    against: Revision | None
    answers: tuple[Answer, ...]
    only: str = ""
    """Where the reader does not see all channels of the revision: on which of them everything is told."""

    def to(self, question: Question) -> Answer:
        """The answer to one question."""
        return next(one for one in self.answers if one.question is question)


def answers_of(actor: Actor, revision: Revision, *, against: Revision | None = None) -> ReleaseAnswers:
    """The answers about a revision that the actor may see, as far as the actor sees its channels.

    ``against`` is a revision of the same system with its content
    (:func:`releases.bundles.queries.revisions_with_content`).
    """
    known = behind(actor, revision)
    found: tuple[Answer, ...] = (
        decided_answer(known),
        evaluated_answer(known),
        changed_answer(known, against),
        approved_answer(known),
        watched_answer(known),
    )
    if known.only:
        said = f"Told {known.only} alone: what was done on others is not counted."
        found = tuple(_with(one, said) for one in found)
    return ReleaseAnswers(known.revision, known.at, against, found, known.only)


def _with(answer: Answer, said: str) -> Answer:
    """The answer with one more sentence; that about drift says it itself."""
    if answer.question is Question.WATCHED:
        return answer
    return replace(answer, support=(*answer.support, said))
