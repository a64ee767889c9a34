"""The benchmark starts without Django set up: what it measures first is counted by pure code."""

import os
import subprocess
import sys

from benchmarks.__main__ import ROOT


def test_the_harness_and_the_pure_contender_start_without_settings() -> None:
    environment = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}

    done = subprocess.run(
        [sys.executable, "-c", "import benchmarks.__main__, benchmarks.evaluation, benchmarks.resampling"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stderr) == (0, "")
