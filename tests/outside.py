"""Whether the tests can run that need a browser, node or Go: a pytest plugin, loaded by ``-p tests.outside``.

Without Debian's chromium and Go, or the JavaScript clients that ``make test`` installs, they are skipped by
name; where that must not happen (``.ci/run`` sets COUNTERSIGN_REQUIRE_ALL=1) they run, and so fail.
"""

import os
import shutil
from pathlib import Path

import pytest

EXECUTABLE = "/usr/bin/chromium"
ARGUMENTS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking")
NODE_MODULES = Path(__file__).resolve().parents[1] / ".venv" / "node" / "node_modules"

GO_MODULES = Path("/usr/share/gocode/src/golang.org/x/mod/sumdb")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what is marked ``browser``, ``node`` or ``go`` where there is none."""
    if os.environ.get("COUNTERSIGN_REQUIRE_ALL") == "1":
        return
    absent = {}
    if not shutil.which(EXECUTABLE):
        absent["browser"] = f"{EXECUTABLE} is absent: apt-get install chromium"
    if not shutil.which("node") or not NODE_MODULES.is_dir():
        absent["node"] = "node or its OpenFeature clients are absent: apt-get install nodejs npm; make test"
    if not shutil.which("go") or not GO_MODULES.is_dir():
        absent["go"] = "go or its package is absent: apt-get install golang-go golang-golang-x-mod-dev"
    for item in items:
        for marker, reason in absent.items():
            if item.get_closest_marker(marker):
                item.add_marker(pytest.mark.skip(reason=reason))
