"""How was drift monitored after launch? (S25): the sentence of the drift report, and what is behind it."""

from collections.abc import Iterator

from audits.answers.answered import Answer, Fact, Question, Stands, day
from audits.answers.behind import Behind
from releases.monitoring.drift.figures import moved_in_words, nothing_in_words
from releases.monitoring.incidents.models import Incident


def watched_answer(known: Behind) -> Answer:
    """The answer of S25."""
    report = known.report
    if not report.launches:
        stands = Stands.NOT_YET
    else:
        stands = Stands.YES if report.done else Stands.NOBODY if report.overdue else Stands.NOT_YET
    return Answer(Question.WATCHED, stands, report.sentence, tuple(report.support), tuple(_facts(known)))


def _facts(known: Behind) -> Iterator[Fact]:
    for launch in known.report.launches:
        row, sums = launch.deployment, launch.replays
        if sums.sampled:
            said = f"{sums.replayed} recomputed, {sums.mismatched} of them came out otherwise"
            yield Fact(f"Decisions on {row.channel.name}", said, about=row)
    for one in known.report.done:
        moved = moved_in_words(one.figures or {})
        found = f"{moved} had moved" if moved else nothing_in_words(one.figures or {}, "had moved")
        fine = "may go on" if one.acceptable else "may not go on"
        entry = known.told.find("drift_review.concluded", one.stream())
        text = f"by {one.reviewed_by_username}: {found}; it {fine}. {one.conclusion}"
        yield Fact(f"Review {one.number}", text, one.reviewed_at, entry, one, one.figures_digest)
    for late in known.report.overdue:
        yield Fact(f"Review {late.number}", f"overdue since {day(late.due_at)}", late.due_at, about=late)
    for incident in known.report.incidents:
        yield _incident(known, incident)


def _incident(known: Behind, one: Incident) -> Fact:
    kind, status = one.get_kind_display(), one.get_status_display().lower()
    confirmed = known.told.find("incident.confirmed", one.stream())
    entry = confirmed or known.told.find("incident.reported", one.stream())
    return Fact(f"{kind} on {one.channel.name}", status, one.happened_at, entry, one)
