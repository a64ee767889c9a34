"""The end of every measured process: say what it took, in one line of JSON."""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any


def timed(work: Callable[[], Any]) -> None:
    """Do the work once and print its figures. Imports and arguments are behind us by now."""
    started, used = time.perf_counter(), time.process_time()
    answer = work()
    seconds, cpu_seconds = time.perf_counter() - started, time.process_time() - used
    figures = {"seconds": seconds, "cpu_seconds": cpu_seconds, "peak_kib": peak_kib(), "answer": answer}
    sys.stdout.write(f"{json.dumps(figures)}\n")


def peak_kib(process: int | str = "self") -> int:
    """The most memory a program ever held. Not ru_maxrss: that begins with what the parent held."""
    status = Path(f"/proc/{process}/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM:"))
