"""Background work: the one wrapper through which Celery tasks are declared."""

from governance.background.wrapper import periodic, task

__all__ = ["periodic", "task"]
