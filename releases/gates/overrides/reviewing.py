"""The verb that closes an expedite: somebody looks afterwards at what was let through in a hurry.

The reviewer holds the permission on the override's channels, is neither of the two who gave it, and is no
contributor and no administrator. Whoever voted may review: the votes were the ordinary, unhurried part, and a
small team would otherwise have nobody left. A review counts once an approval rests on the override; before
that there is nothing to look back on.
"""

from governance.access.queries import require
from governance.access.roles import Permission
from governance.actors import Actor, moment
from governance.errors import GovernanceError, invalid
from governance.ledger.verbs import record, verb
from releases.bundles.steps import lock_release
from releases.gates.models import Override
from releases.gates.overrides.people import OverrideRefused, require_answerable, scope_of
from releases.gates.overrides.queries import is_used, listed_overrides
from releases.gates.overrides.recipients import tell_of_review


class ReviewerGaveIt(OverrideRefused):
    """Whoever gave an expedite does not review it."""

    code = "reviewer_gave_it"
    title = "Somebody else reviews it"
    next_step = "A third person with the role reviews it."


class NothingToReview(GovernanceError):
    """No expedite, reviewed before, or nothing has come of it."""

    code = "nothing_to_review"
    title = "Nothing to review"


@verb("expedite.reviewed")
def review_expedite(actor: Actor, *, override: Override, conclusion: str) -> Override:
    """Say what a look afterwards came to.

    Raises:
        NothingToReview, ReviewerGaveIt: see the messages.
        OverrideRefused, PermissionDenied, NotInPerson, ReauthenticationNeeded: who may, and how well proved.
    """
    require(actor, Permission.VIEW, override)
    lock_release(override.release_id)
    override = listed_overrides().get(id=override.id)
    require_answerable(
        actor,
        Permission.REVIEW_EXPEDITE,
        scope_of(override),
        revision=override.revision,
        act="review an expedited release",
    )
    _check(actor, override, conclusion)
    override.reviewed_at = moment()
    override.reviewed_by_username = actor.username
    override.review_conclusion = conclusion
    override.save(update_fields=["reviewed_at", "reviewed_by_username", "review_conclusion"])
    after = {
        "override": override.id,
        "release": override.release_id,
        "revision": override.revision_id,
        "revision_number": override.revision.number,
        "review_due_at": override.review_due_at,
        "reviewed_at": override.reviewed_at,
    }
    record(override.stream(), before={"reviewed_at": None}, after=after, reason=conclusion)
    record(override.release.stream(), event="expedite.reviewed", after=after, reason=conclusion)
    tell_of_review(override)
    return override


def _check(actor: Actor, override: Override, conclusion: str) -> None:
    if not conclusion.strip():
        raise invalid("conclusion", "say what the review came to; the record keeps it.")
    if not override.expedite:
        raise NothingToReview(
            f"The override of {override.revision} is no expedite.", next_step="Nothing is due."
        )
    if override.reviewed_at is not None:
        raise NothingToReview(
            f"{override.reviewed_by_username} reviewed it on {override.reviewed_at:%F %R} UTC.",
            next_step="Nothing more is due.",
        )
    if actor.username in {override.given_by_username, override.confirmed_by_username}:
        raise ReviewerGaveIt(f"{actor.username} gave this expedite and does not review it.")
    if not is_used(override):
        raise NothingToReview(
            f"{override.revision} was not approved under this expedite, so nothing has come of it.",
            next_step="Review it once the release is approved.",
        )
