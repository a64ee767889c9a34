"""Messages about what happens in the field after a launch: incidents, and how a release drifts."""

from governance.notifications.message import RELEASE, Message

INCIDENT = ("kind", "channel", "system")
FOLLOW_UP = (*INCIDENT, "text")
TO_THE_INCIDENT = "Open the incident"

FIELD_MESSAGES = (
    Message(
        "incident.reported",
        "An incident was reported",
        "{{ kind }} on {{ channel }}: {{ status }}",
        (*INCIDENT, "status", "evidence", "report_due_at"),
        ("release",),
        asks=True,
        link=TO_THE_INCIDENT,
    ),
    Message(
        "incident.confirmed",
        "An incident was confirmed",
        "{{ kind }} on {{ channel }} is confirmed",
        (*INCIDENT, "reason"),
        ("release",),
        link=TO_THE_INCIDENT,
    ),
    Message(
        "incident.dismissed",
        "A suspected incident was dismissed",
        "{{ kind }} on {{ channel }} was dismissed",
        (*INCIDENT, "reason"),
        ("release",),
        link=TO_THE_INCIDENT,
    ),
    Message(
        "incident.attributed",
        "It is known which release decided an incident",
        "{{ kind }} on {{ channel }}: found which release decided",
        (*INCIDENT, "status"),
        ("release",),
        link=TO_THE_INCIDENT,
    ),
    Message(
        "incident.overdue",
        "The report of an incident is overdue",
        "{{ kind }} on {{ channel }}: the report was due {{ report_due_at }}",
        (*INCIDENT, "report_due_at"),
        ("release",),
        asks=True,
        link=TO_THE_INCIDENT,
    ),
    Message(
        "follow_up.added",
        "You are to do something about an incident",
        "To do until {{ due_at }}: {{ kind }} on {{ channel }}",
        (*FOLLOW_UP, "owner", "due_at"),
        ("release",),
        asks=True,
        link=TO_THE_INCIDENT,
    ),
    Message(
        "follow_up.done",
        "A follow-up of an incident is done",
        "{{ kind }} on {{ channel }}: a follow-up is done",
        (*FOLLOW_UP, "reason"),
        ("release",),
        link=TO_THE_INCIDENT,
    ),
    Message(
        "follow_up.overdue",
        "A follow-up of an incident is overdue",
        "{{ kind }} on {{ channel }}: a follow-up was due {{ due_at }}",
        (*FOLLOW_UP, "owner", "due_at"),
        ("release",),
        asks=True,
        link=TO_THE_INCIDENT,
    ),
    Message(
        "trigger.fired",
        "A trigger that only notifies has fired",
        "{{ release }} on {{ channel }}: {{ trigger }}",
        (*RELEASE, "channel", "trigger", "description", "sentence"),
        link="Open the rollout",
    ),
    Message(
        "trigger.overridden",
        "A trigger was overridden",
        "{{ release }} on {{ channel }}: the trigger {{ trigger }} is overridden until {{ expires_at }}",
        (*RELEASE, "channel", "trigger", "sentence", "reason", "expires_at"),
        link="Open the rollout",
    ),
    Message(
        "drift_review.due",
        "A release is to be reviewed after its launch",
        "{{ release }}: review {{ number }} is due",
        (*RELEASE, "channels", "number", "due_at"),
        asks=True,
        link="Open the figures and review",
    ),
    Message(
        "drift_review.concluded",
        "A release was reviewed after its launch",
        "{{ release }}: review {{ number }} says {{ judged }}",
        (*RELEASE, "number", "judged", "reason"),
        link="Open the report",
    ),
)
