"""The states of this folder's tests, made once per module; each test works in a savepoint of its own.

Reaching them takes some fifty verbs. These fixtures hold their own transaction, so they are not combined with
``db`` or ``team``.
"""

from collections.abc import Iterator

import pytest
from pytest_django import DjangoDbBlocker

from releases.bundles.models import Revision
from tests.factories.cast import Cast, cast
from tests.factories.gates import Gate, adopted, dataset_to_test_on, drafted, gate, segment, stack_content
from tests.factories.snapshot import undone


@pytest.fixture(scope="module")
def module_gate(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Gate]:
    """The small gate of a module."""
    with django_db_blocker.unblock(), undone():
        yield gate(cast())


@pytest.fixture
def small(module_gate: Gate, django_db_blocker: DjangoDbBlocker) -> Iterator[Gate]:
    """A live release, a policy locked before any scores, and the live release's scores."""
    with django_db_blocker.unblock(), undone():
        yield module_gate


@pytest.fixture(scope="module")
def module_reference(
    django_db_setup: None, django_db_blocker: DjangoDbBlocker
) -> Iterator[tuple[Cast, Revision]]:
    """An adopted release and the segments that the small policy names, but no policy."""
    with django_db_blocker.unblock(), undone():
        people = cast()
        segment(people, "skin_tone", "1")
        segment(people, "skin_tone", "6")
        content = stack_content(people, "first", dataset_to_test_on(people), channels=["android"])
        yield people, adopted(people, drafted(people, "first", content))


@pytest.fixture
def people(module_reference: tuple[Cast, Revision], django_db_blocker: DjangoDbBlocker) -> Iterator[Cast]:
    """The cast of a system with an adopted release and without a policy."""
    with django_db_blocker.unblock(), undone():
        yield module_reference[0]


@pytest.fixture
def reference(people: Cast, module_reference: tuple[Cast, Revision]) -> Revision:
    """The adopted release of that system."""
    return module_reference[1]
