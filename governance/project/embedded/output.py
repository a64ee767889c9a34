"""Lines on the terminal that ``manage.py up`` was typed at."""

import sys


def write(line: str) -> None:
    """One line to the terminal, whole; a terminal that is gone must not keep anything from stopping."""
    try:
        sys.stdout.write(line + "\n")
        sys.stdout.flush()
    except OSError:
        pass


def write_server_line(line: str) -> None:
    """What the two servers say, without the small talk of start and stop."""
    if any(word in line for word in ("WARNING", "ERROR", "FATAL", "PANIC")) and "overcommit" not in line:
        write(line)
