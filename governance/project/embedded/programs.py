"""The programs that ``manage.py up`` runs beside the two servers."""

import signal
import sys
from collections.abc import Mapping
from pathlib import Path

from governance.project.embedded.demo import TOKENS
from governance.project.embedded.processes import Program
from governance.queues import QUEUES, Queue

ROOT = Path(__file__).resolve().parents[3]
# As root the worker would warn; the embedded mode serves one person on the loopback address.
_CELERY = (
    *(sys.executable, "-W", "ignore:You're running the worker with superuser"),
    *("-m", "celery", "--quiet", "-A", "governance.project.celery"),
)


def management(name: str, *arguments: str, environment: Mapping[str, str]) -> Program:
    """One ``manage.py`` command; ``name`` is also its prefix in the output."""
    return Program(
        name=name,
        command=[sys.executable, str(ROOT / "manage.py"), *arguments],
        environment=environment,
        directory=ROOT,
    )


def has_command(name: str) -> bool:
    """Whether one of the three apps brings the management command ``name``."""
    return any((ROOT / app / "management/commands" / f"{name}.py").exists() for app in APPS)


APPS = ("governance", "releases", "audits")


def web(port: int, environment: Mapping[str, str]) -> Program:
    """Gunicorn on the loopback address: threads, because pages wait for the database."""
    return Program(
        name="web",
        command=[
            *(sys.executable, "-m", "gunicorn", "governance.project.wsgi:application"),
            *("--bind", f"127.0.0.1:{port}", "--preload", "--no-control-socket"),
            *("--worker-class", "gthread", "--workers", "2", "--threads", "4"),
            *("--timeout", "60", "--graceful-timeout", "10", "--log-level", "warning"),
        ],
        environment=environment,
        directory=ROOT,
    )


def workers(environment: Mapping[str, str]) -> list[Program]:
    """A Celery worker for each queue, so that no kind of work waits for another."""
    return [worker(queue, environment) for queue in QUEUES]


def worker(queue: Queue, environment: Mapping[str, str]) -> Program:
    """The worker of a queue. If the supervisor is killed it drops its work at once: the outbox sends it
    again."""
    return Program(
        name=queue.worker,
        before=("nice", "-n", str(queue.nice)),
        command=[
            *(*_CELERY, "worker", "--queues", queue.name, "--hostname", f"{queue.worker}@%h"),
            *("--concurrency", str(queue.processes), "--loglevel", "WARNING"),
            *("--without-gossip", "--without-mingle", "--without-heartbeat"),
        ],
        environment=environment,
        directory=ROOT,
        death_signal=signal.SIGQUIT,
        grace_seconds=20,
    )


def beat(environment: Mapping[str, str]) -> Program:
    """The Celery beat: sends the periodic tasks of governance/project/celery.py."""
    return Program(
        name="beat",
        command=[*_CELERY, "beat", "--pidfile=", "--loglevel", "WARNING"],
        environment=environment,
        directory=ROOT,
    )


def beside_the_web(port: int, environment: Mapping[str, str]) -> list[Program]:
    """What starts once pages are served, in this order."""
    return [*demo_traffic(port, environment), *workers(environment), beat(environment)]


def demo_traffic(port: int, environment: Mapping[str, str]) -> list[Program]:
    """What keeps the demo's channels busy; nothing where no demo runs. It starts before the workers, so that
    they do not find the channels silent."""
    is_demo = environment["COUNTERSIGN_DEMO"] == "1" and has_command("demo_traffic")
    if not is_demo or not (ROOT / TOKENS).exists():
        return []
    address = f"http://127.0.0.1:{port}"
    return [management("demo traffic", "demo_traffic", address, environment=environment)]
