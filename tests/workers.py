"""Worker processes and a beat as ``manage.py up`` starts them, on the database of a test."""

import os
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from governance.project.embedded.programs import beat, workers


@contextmanager
def all_working(environment: Mapping[str, str], directory: Path) -> Iterator[None]:
    """A worker for each queue, and the beat; ``directory`` is for its schedule. Killed at the end."""
    commands = [[*program.before, *program.command] for program in workers(environment)]
    commands.append([*beat(environment).command, "--schedule", str(directory / "schedule")])
    with ExitStack() as started:
        for command in commands:
            process = subprocess.Popen(
                command,
                env=dict(environment),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
            started.callback(process.wait)
            started.callback(os.killpg, process.pid, signal.SIGKILL)
        yield
