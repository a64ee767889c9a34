"""Whether the browser tests can run: a pytest plugin, loaded by ``-p tests.chromium``.

Without Debian's chromium they are skipped by name; where that must not happen (``.ci/run`` sets
COUNTERSIGN_REQUIRE_BROWSER=1) they run, and so fail.
"""

import os
import shutil

import pytest

EXECUTABLE = "/usr/bin/chromium"
ARGUMENTS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what is marked ``browser`` where there is none."""
    if shutil.which(EXECUTABLE) or os.environ.get("COUNTERSIGN_REQUIRE_BROWSER") == "1":
        return
    absent = pytest.mark.skip(reason=f"{EXECUTABLE} is absent: apt-get install chromium")
    for item in items:
        if item.get_closest_marker("browser"):
            item.add_marker(absent)
