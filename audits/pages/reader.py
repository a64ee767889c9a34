"""What a front page says by the roles that its reader holds."""

from collections.abc import Iterable

from audits.templatetags.reader import Held
from governance.access.roles import Role


def holds(held: Iterable[Held], role: Role) -> bool:
    """Whether the role is among them."""
    return any(one.role == role for one in held)


NEXT = {
    Role.AUTHOR: "Draft the next release from a live one; what it needs then stands here.",
    Role.QA_LEAD: "Evaluations that end inconclusive or fail, drafts of policies and votes appear here.",
    Role.SECURITY_REVIEWER: "Requests that touch your channels and rollouts on them appear here.",
    Role.APPROVER: "When approval is asked for, the request stands here with its deadline.",
    Role.RELEASE_MANAGER: "Approved releases, and rollouts that are held or can advance, appear here.",
    Role.AUDITOR: "Trace a decision, or read what was approved, what happened last and what is missing.",
    Role.ADMINISTRATOR: "Proposals of other administrators that need a second person appear here.",
}
"""What will stand on an empty page of a role."""


def what_comes_next(held: Iterable[Held]) -> str:
    """For whoever has nothing to do: what would bring something here."""
    known = [NEXT[Role(one.role)] for one in held if one.role in NEXT]
    if not known:
        return "You hold no role yet; an administrator gives one on a system or a channel."
    return " ".join(dict.fromkeys(known))
