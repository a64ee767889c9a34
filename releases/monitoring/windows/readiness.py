"""What ``/readyz`` says of counting: whether what was reported comes into windows.

Names nobody: the page is open to all. A channel on which every try fails makes the whole no less ready to
serve: it is counted here, its triggers say that they cannot judge, and a gap names it. One that no round gets
to means that the watcher does not keep up.
"""

from django.db import DatabaseError
from django.utils import timezone

from releases.monitoring.windows.queries import STUCK, uncounted


def counting_part() -> dict[str, object]:
    """How many channels have reports that wait too long to be counted, and on how many every try fails."""
    try:
        found = uncounted(timezone.now())
    except DatabaseError:
        return {
            "ok": False,
            "reason": "unknown: the database does not answer",
            "next_step": "See database; run migrate if tables are missing.",
        }
    failing = [one for one in found if one.is_left and one.problem]
    left = [one for one in found if one.is_left and not one.problem]
    part: dict[str, object] = {
        "ok": not left,
        "behind": len(found),
        "failing": len(failing),
        "not_counted": len(left),
    }
    waits = f"have reports that have waited for more than {STUCK.seconds // 60} minutes"
    if left:
        part["reason"] = f"{len(left)} channels {waits}, and no round has counted them"
        part["next_step"] = "See watcher; hold and roll back work without it."
    elif failing:
        part["reason"] = f"every try to count {len(failing)} channels fails"
        part["next_step"] = "The gaps name them, and the log of the watcher the cause."
    elif found:
        part["reason"] = f"{len(found)} channels {waits}; they are being counted"
        part["next_step"] = "Wait: nothing is shown of them until they are counted."
    return part
