"""Fixtures that many tests share; states are reached through the factories, by the real services."""

import gc
import os
from collections.abc import Generator, Iterator
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from releases.bundles import guarding
from tests.examples import EXAMPLES
from tests.factories.cast import Cast, cast
from tests.factories.connections import let_go
from tests.factories.middleware import shared_middleware
from tests.factories.snapshot import trust
from tests.side_by_side import ByDirectory

# A busy machine is no defect: what takes long is seen in --durations.
settings.register_profile(
    "countersign", deadline=None, max_examples=EXAMPLES, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("countersign")


@pytest.hookimpl(tryfirst=True)
def pytest_collection(session: pytest.Session) -> None:
    """Of processes side by side each begins with modules of its own, so that none is compiled by all of them.

    What cannot be imported fails again, and is reported, when it is collected.
    """
    number = os.environ.get("PYTEST_XDIST_WORKER", "").removeprefix("gw")
    if not number:
        return
    asked = [Path(argument.partition("::")[0]).resolve() for argument in session.config.args]
    modules = sorted(path for where in asked for path in where.rglob("test_*.py"))
    for path in modules[int(number) :: int(os.environ["PYTEST_XDIST_WORKER_COUNT"])]:
        with suppress(Exception):
            import_module(".".join(path.relative_to(session.config.rootpath).with_suffix("").parts))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByDirectory | None:
    """Whoever asks for ``--dist loadfile`` gets the files of one directory in one process."""
    return ByDirectory(config, log) if config.getoption("dist") == "loadfile" else None


def pytest_collection_finish() -> None:
    """What importing and collecting left behind stays for good: the collector need not look at it again.

    Nor does it pay to look for new cycles after every few hundred objects.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Function) -> None:
    """Where a test or a fixture of ours patches the product, factories run for real and nothing is kept."""
    trust(not _is_patched(item))


def _is_patched(item: pytest.Function) -> bool:
    found = item._fixtureinfo.name2fixturedefs.values()
    ours = (one for many in found for one in many if not one.func.__module__.startswith("pytest_django"))
    arguments = (item._fixtureinfo.argnames, *(one.argnames for one in ours))
    return any("monkeypatch" in names for names in arguments)


@pytest.hookimpl(wrapper=True)
def pytest_fixture_setup(fixturedef: pytest.FixtureDef[Any]) -> Generator[None, object, object]:
    """What more than one test shares is made before any of them patches."""
    if fixturedef.scope == "function":
        return (yield)
    before = trust(True)
    try:
        return (yield)
    finally:
        trust(before)


def pytest_sessionfinish() -> None:
    """Close what tests have kept open."""
    let_go()


@pytest.fixture(scope="session", autouse=True)
def one_chain_of_middleware() -> Iterator[None]:
    """Clients share the middleware that their settings ask for."""
    with shared_middleware():
        yield


@pytest.fixture(scope="session", autouse=True)
def nobody_waits_an_hour() -> Iterator[None]:
    """Releases of the tests go through their guarded stage in a moment, where the product asks for an hour.

    What the hour means is tested with the fixture ``whole_hour``.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(guarding, "LEAST_GUARDED_SECONDS", 0)
        yield


@pytest.fixture
def whole_hour(monkeypatch: pytest.MonkeyPatch) -> int:
    """The product's own shortest guarded stage, in seconds."""
    monkeypatch.setattr(guarding, "LEAST_GUARDED_SECONDS", 3600)
    return 3600


@pytest.fixture
def team(db: None) -> Cast:
    """The fixed cast on one system with three channels, in the test's rolled-back transaction."""
    return cast()
