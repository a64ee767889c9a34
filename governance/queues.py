"""The queues of background work. Pure, because it is read before Django is set up.

Each queue has processes of its own: what takes half an hour keeps no release from being taken back, and a
slow mail server keeps no verdict waiting. Which task goes where stands in governance/project/celery.py.
"""

from dataclasses import dataclass

SHORT = "celery"
WATCH = "watch"
LONG = "long"

LONGEST_TASK_SECONDS = 30 * 60
"""What runs longer is ended."""


@dataclass(frozen=True)
class Queue:
    """A queue, the worker that serves it, and how old its heartbeat may become.

    ``processes`` work side by side. A process of long work may be busy as long as a task may last, and all of
    them with it, so silence says less there.
    """

    name: str
    worker: str
    processes: int
    silent_seconds: float
    nice: int = 0
    """By how much its processes give way to others where processors are few."""


QUEUES = (
    Queue(SHORT, "worker", processes=2, silent_seconds=30.0, nice=5),
    Queue(WATCH, "watcher", processes=4, silent_seconds=30.0),
    Queue(LONG, "evaluator", processes=2, silent_seconds=LONGEST_TASK_SECONDS + 60.0, nice=10),
)
