"""The catalogue of messages: the one place where a message is added.

A message bears the name of the ledger event that it follows from, and its text stands in
``templates/notifications/<event>.md``. ``needs`` names the facts that ``notify`` must be given and ``may``
those that the text can do without; anything else is a defect of the caller and raises. Names that end in
``_at`` are times, ``channels`` and ``seats`` lists, ``live`` and ``compromised`` are true or false, all else
is text. Who acted is added by itself as ``actor``. What is told of the time after a launch stands in
:mod:`governance.notifications.field_messages`, of the ledger's keys in
:mod:`governance.notifications.ledger_messages`.
"""

from governance.notifications.field_messages import FIELD_MESSAGES
from governance.notifications.ledger_messages import LEDGER_MESSAGES
from governance.notifications.message import FOREST, RELEASE, ROLLOUT, Message

__all__ = ["MESSAGES", "Message", "UnknownMessage", "can_be_off", "message_named"]


class UnknownMessage(RuntimeError):
    """The message is not in the catalogue; add it to governance/notifications/catalogue.py."""


_CATALOGUE = (
    Message(
        "approval.requested",
        "Your vote is asked for",
        "Your vote on {{ release }}, until {{ deadline_at }}",
        (*RELEASE, "channels", "deadline_at"),
        ("reason", "sentence", "seats", "history", "until"),
        asks=True,
        until="deadline_at",
        picture=FOREST,
        link="Read the brief and vote",
    ),
    Message(
        "approval_request.reminded",
        "Your vote is still missing",
        "Reminder: your vote on {{ release }}, until {{ deadline_at }}",
        (*RELEASE, "channels", "deadline_at"),
        ("reason", "sentence", "seats", "history", "until"),
        asks=True,
        until="deadline_at",
        picture=FOREST,
        link="Read the brief and vote",
    ),
    Message(
        "release.approved",
        "A release was approved",
        "{{ release }} is approved",
        RELEASE,
        ("channels", "reason", "expires_at", "sentence"),
    ),
    Message(
        "release.rejected",
        "A release was rejected",
        "{{ release }} was rejected",
        RELEASE,
        ("channels", "reason"),
    ),
    Message(
        "release.changes_requested",
        "Changes to a release are asked for",
        "{{ release }}: changes are asked for",
        RELEASE,
        ("channels", "reason"),
    ),
    Message(
        "approval_request.expired",
        "A request expired",
        "{{ release }} was not approved in time",
        (*RELEASE, "deadline_at"),
        ("channels", "seats"),
    ),
    Message(
        "approval_request.voided",
        "A request became void",
        "{{ release }}: the request for approval is void",
        RELEASE,
        ("channels", "reason"),
    ),
    Message(
        "approval_request.withdrawn",
        "A request was withdrawn",
        "{{ release }}: your vote is no longer needed",
        RELEASE,
        ("channels", "reason"),
    ),
    Message(
        "gate_evaluation.completed",
        "A gate evaluation is done",
        "{{ release }}: the gate's verdict is {{ verdict }}",
        (*RELEASE, "verdict", "sentence"),
        ("ground",),
        picture=FOREST,
        link="See every line",
    ),
    Message(
        "gate_evaluation.failed",
        "A gate evaluation ended with an error",
        "{{ release }}: the evaluation ended with an error",
        (*RELEASE, "error"),
    ),
    Message(
        "override.given",
        "A gate was overridden",
        "{{ release }}: the gate is overridden until {{ expires_at }}",
        (*RELEASE, "channels", "sentence", "reason", "expires_at"),
        link="Read the brief",
    ),
    Message(
        "override.withdrawn",
        "An override was withdrawn",
        "{{ release }}: an override is withdrawn",
        (*RELEASE, "reason"),
        ("channels", "past"),
        link="Read the brief",
    ),
    Message(
        "expedite.reviewed",
        "An expedited release was reviewed",
        "{{ release }} was reviewed after it was expedited",
        (*RELEASE, "reason"),
        link="Read the brief",
    ),
    Message(
        "attestation.made",
        "Somebody attested a release",
        "{{ release }}: the {{ kind }} says {{ judged }}",
        (*RELEASE, "kind", "judged", "conclusion"),
    ),
    Message(
        "rollout.started",
        "A rollout started",
        "{{ release }} {% if live %}is live{% else %}started{% endif %} on {{ channel }}",
        ROLLOUT,
        ("reason", "live"),
    ),
    Message(
        "rollout.advanced",
        "A rollout entered its next stage",
        "{{ release }} on {{ channel }}: {% if live %}live for everybody{% else %}{{ stage }}{% endif %}",
        ROLLOUT,
        ("reason", "live"),
    ),
    Message(
        "rollout.held", "A rollout is held", "{{ release }} on {{ channel }} is held", (*ROLLOUT, "reason")
    ),
    Message(
        "rollout.paused",
        "A rollout is paused",
        "{{ release }} on {{ channel }} is paused",
        (*ROLLOUT, "reason"),
    ),
    Message(
        "rollout.resumed", "A rollout goes on", "{{ release }} on {{ channel }} goes on", (*ROLLOUT, "reason")
    ),
    Message(
        "rollout.rolled_back",
        "A release was rolled back",
        "{{ release }} was rolled back on {{ channel }}",
        (*RELEASE, "channel", "reason", "target"),
    ),
    Message(
        "rollout.stage_shown",
        "A stage waits for your decision",
        "{{ release }} on {{ channel }}: you can {{ act }}",
        (*ROLLOUT, "act"),
        asks=True,
        link="Read what it shows",
    ),
    Message(
        "rollout.left_to_people",
        "A trigger fires, and nothing is done by itself",
        "{{ release }} on {{ channel }}: a trigger fires, and nothing takes it back by itself",
        (*RELEASE, "channel", "why", "sentence"),
        asks=True,
        link="Open the rollout",
    ),
    Message(
        "rollback.escalated",
        "A rollback has not landed",
        "{{ release }} is rolled back on {{ channel }}, and not every instance follows",
        (*RELEASE, "channel", "target", "missing"),
        asks=True,
        link="Open the rollout",
    ),
    Message(
        "component.revoked",
        "A component of a release was revoked",
        "{{ release }} holds {{ component }}, which was revoked",
        (*RELEASE, "component", "reason"),
        ("channels",),
        asks=True,
    ),
    Message(
        "proposal.stored",
        "A second person is needed",
        "A second person is needed: {{ act }}",
        ("act", "reason", "expires_at"),
        ("system", "release", "where"),
        asks=True,
        until="expires_at",
        link="Check the proposal",
    ),
    *FIELD_MESSAGES,
    *LEDGER_MESSAGES,
)

MESSAGES: dict[str, Message] = {message.event: message for message in _CATALOGUE}


def message_named(event: str) -> Message:
    """The message of the catalogue.

    Raises:
        UnknownMessage: it is not there.
    """
    message = MESSAGES.get(event)
    if message is None:
        raise UnknownMessage(f"{event!r} is not in governance/notifications/catalogue.py")
    return message


def can_be_off(event: str) -> bool:
    """Whether an account may switch the message off; one that was, before it asked, is on again."""
    message = MESSAGES.get(event)
    return message is None or not message.asks
