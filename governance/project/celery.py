"""The Celery application: transport settings live in settings.py, schedule and queues live here as code.

Redis only carries messages; PostgreSQL holds what must be done, and the sweep sends again what is not done.
"""

import ctypes
import os
import signal
from typing import Any

from celery import Celery
from celery.schedules import crontab
from celery.signals import worker_init, worker_process_init
from django.utils.module_loading import import_string
from kombu import Exchange, Queue

from governance.queues import LONG, QUEUES, SHORT, WATCH

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "governance.project.settings")

TASK_PACKAGES = [
    "governance.background",
    "governance.ledger",
    "governance.checks",
    "governance.notifications",
    "releases.gates",
    "releases.approvals",
    "releases.rollouts",
    "releases.monitoring.watching",
    "releases.monitoring.windows",
    "releases.monitoring.drift",
    "releases.monitoring.incidents",
    "releases.monitoring.replaying",
    "audits.dossiers",
]
WINDOWS_CLOSE_AT = list(range(2, 60, 5))
"""Minutes of the hour: two, the time for late data, after the end of each window of five."""

WHEN_WINDOWS_CLOSE = crontab(minute=WINDOWS_CLOSE_AT)

PR_SET_PDEATHSIG = 1

app = Celery("countersign")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(TASK_PACKAGES, related_name="tasks")
# A worker that names no queue serves all of them.
app.conf.task_queues = [Queue(queue.name, Exchange(queue.name), queue.name) for queue in QUEUES]
app.conf.task_default_queue = SHORT
# Whatever is not named here is short. What must not wait has a queue of its own, and so has what takes long.
app.conf.task_routes = {
    name: {"queue": queue}
    for queue, names in (
        (
            WATCH,
            (
                "releases.monitoring.watch",
                "releases.monitoring.windows.roll_up",
                "releases.rollouts.hold_overdue",
                "governance.outbox.sweep",
                "governance.checks.heartbeat_of_watching",
            ),
        ),
        (
            LONG,
            (
                "releases.gates.evaluate",
                "releases.monitoring.replaying.replay",
                "releases.monitoring.windows.make_days",
                "releases.monitoring.windows.expire_decisions",
                "releases.monitoring.drift.keep_calendar",
                "governance.checks.heartbeat_of_long_work",
                "governance.ledger.check",
            ),
        ),
    )
    for name in names
}
# Each message expires with its slot, so that a worker that was away is not met by hours of them.
app.conf.beat_schedule = {
    name: {"task": task, "schedule": slot, "options": {"expires": slot if isinstance(slot, float) else 2.0}}
    for name, task, slot in (
        ("outbox-sweep", "governance.outbox.sweep", 5.0),
        ("summarise-refusals", "governance.ledger.summarise_refusals", 60.0),
        ("check-the-record", "governance.ledger.check", 600.0),
        ("ask-witnesses", "governance.ledger.ask_witnesses", 15.0),
        ("heartbeat", "governance.checks.heartbeat", 5.0),
        ("heartbeat-of-watching", "governance.checks.heartbeat_of_watching", 5.0),
        ("heartbeat-of-long-work", "governance.checks.heartbeat_of_long_work", 5.0),
        ("expire-approvals", "releases.approvals.expire", 30.0),
        ("remind-voters", "releases.approvals.remind", 60.0),
        ("end-stuck-evaluations", "releases.gates.end_stuck", 60.0),
        # Two processes share the rollouts between them, also at the moment in which windows close.
        ("watch-rollouts", "releases.monitoring.watch", 2.0),
        ("watch-rollouts-beside", "releases.monitoring.watch", 2.0),
        ("watch-what-closes", "releases.monitoring.watch", WHEN_WINDOWS_CLOSE),
        ("watch-what-closes-beside", "releases.monitoring.watch", WHEN_WINDOWS_CLOSE),
        ("hold-overdue-rollouts", "releases.rollouts.hold_overdue", 30.0),
        ("count-windows", "releases.monitoring.windows.roll_up", 2.0),
        ("make-days", "releases.monitoring.windows.make_days", 3600.0),
        ("expire-decisions", "releases.monitoring.windows.expire_decisions", 3600.0),
        ("replay-decisions", "releases.monitoring.replaying.replay", 5.0),
        ("keep-review-calendar", "releases.monitoring.drift.keep_calendar", 60.0),
        ("remind-of-incidents", "releases.monitoring.incidents.remind", 60.0),
        ("go-on-with-dossiers", "audits.dossiers.go_on", 5.0),
    )
}


@worker_init.connect
def warm_up_before_it_forks(**_kwargs: Any) -> None:
    """What a process would load at its first act is loaded once for all of them."""
    import_string("governance.project.warming.warm_up_a_worker")()


@worker_process_init.connect
def end_with_the_worker(**_kwargs: Any) -> None:
    """A pool process ends with its worker, even after kill -9; its transaction rolls back."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
