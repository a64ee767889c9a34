"""What ``/readyz`` says of watching: whether the tick comes to all that is watched, and at how much it fails.

Names nobody: the page is open to all. A rollout that cannot be looked at makes the whole no less ready to
serve: it is counted here, and stands on its page and among the gaps. One that no tick comes to, or a live
release with triggers, means that the watcher does not keep up, and nothing would be taken back by itself.
Where every look fails, only the watcher's own heartbeat tells whether anybody looks: see its part.
"""

from datetime import timedelta

from django.db import DatabaseError
from django.db.models import BooleanField, Count, F, Func, JSONField, Q, TextField, Value
from django.db.models.functions import Cast
from django.utils import timezone

from releases.rollouts.models import Deployment, DeploymentState
from releases.rollouts.stages import ON_ITS_WAY

LOOKED_AT_WITHIN = timedelta(seconds=60)

_IN_FORCE = Func(
    "revision__rollout_plan",
    Value("stages"),
    Cast(F("stage_number") - 1, TextField()),
    Value("triggers"),
    function="jsonb_extract_path",
    output_field=JSONField(),
)
_HAS_TRIGGERS = Func(
    "revision__rollback_plan",
    Func(Value("keys"), _IN_FORCE, function="jsonb_build_object", output_field=JSONField()),
    function="jsonb_path_exists",
    arg_joiner=""", '$.triggers[*] ? (@.kind != "" && @.key == $keys[*])'::jsonpath, """,
    output_field=BooleanField(),
)
"""Whether a trigger that is measured is in force in the stage."""


def watching_part() -> dict[str, object]:
    """How many rollouts are on their way, at how many looks fail, and how many no tick came to, the last two
    also of what is live."""
    there, live = Q(state__in=ON_ITS_WAY), Q(state=DeploymentState.LIVE)
    try:
        found = Deployment.objects.filter(there | live).aggregate(
            rollouts=Count("id", filter=there), failing=Count("id", filter=Q(reading__errors__gt=0))
        )
        found["not_looked_at"] = _not_looked_at(there | live)
    except DatabaseError:
        return {
            "ok": False,
            "reason": "unknown: the database does not answer",
            "next_step": "See database; run migrate if tables are missing.",
        }
    if found["not_looked_at"]:
        said = f"{found['not_looked_at']} of what is watched was not looked at for a minute"
        step = "See watcher; hold and roll back work without it."
        return {"ok": False, **found, "reason": said, "next_step": step}
    if found["failing"]:
        said = f"looks at {found['failing']} releases fail"
        step = "The gaps name them, and the log of the watcher the cause."
        return {"ok": True, **found, "reason": said, "next_step": step}
    return {"ok": True, **found}


def _not_looked_at(open_now: Q) -> int:
    """How much of what is watched nobody looked at lately: of what is live only what has triggers is.

    The database looks for these in the plans as they are written: reading all plans would take longest just
    when nobody watches and everybody asks.
    """
    since = timezone.now() - LOOKED_AT_WITHIN
    unseen = Q(reading__isnull=True) | Q(reading__errors=0, reading__read_at__lte=since)
    is_watched = Q(state__in=ON_ITS_WAY) | Q(approval__isnull=False) & Q(_HAS_TRIGGERS)
    return Deployment.objects.filter(open_now, unseen, is_watched, state_changed_at__lte=since).count()
