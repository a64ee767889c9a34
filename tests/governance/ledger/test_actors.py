"""Who acts (L12): bound while the verb runs, never swapped between two that run at once."""

import asyncio
import threading
from collections.abc import Callable

import pytest

from governance.actors import Actor, ActorMissing, acting_as, current_actor, moment
from governance.registry.models import System
from tests.database import in_threads
from tests.governance.ledger.acts import found, person, rename
from tests.governance.ledger.reading import documents

MANY = 8


def test_eight_verbs_at_once_never_swap_actors(committed_db: str) -> None:
    actors = [person(f"person-{number}") for number in range(MANY)]
    systems = [found(actor, slug=actor.username) for actor in actors]
    inside = threading.Barrier(MANY)

    def act(actor: Actor, system: System) -> Callable[[], System]:
        return lambda: rename(actor, system=system, name=actor.username, meanwhile=lambda: meet(inside))

    in_threads(*(act(actor, system) for actor, system in zip(actors, systems, strict=True)))

    assert [documents(system.stream())[1]["actor"]["username"] for system in systems] == [
        actor.username for actor in actors
    ]


def meet(barrier: threading.Barrier) -> None:
    barrier.wait(10)


def test_concurrent_coroutines_never_swap_actors() -> None:
    async def act(actor: Actor, turns: int) -> set[str]:
        with acting_as(actor):
            seen = set()
            for _ in range(turns):
                await asyncio.sleep(0)
                seen.add(current_actor().username)
            return seen

    async def all_of_them() -> list[set[str]]:
        return await asyncio.gather(*(act(person(f"person-{number}"), 20) for number in range(MANY)))

    # In a thread of its own: a browser test may have left its event loop in this one.
    [seen] = in_threads(lambda: asyncio.run(all_of_them()))

    assert seen == [{f"person-{number}"} for number in range(MANY)]


def test_an_actor_ends_with_its_block_also_after_an_error() -> None:
    with pytest.raises(ZeroDivisionError), acting_as(person()):
        raise ZeroDivisionError

    with pytest.raises(ActorMissing):
        current_actor()


def test_the_moment_stands_still_while_a_verb_runs() -> None:
    with acting_as(person()):
        first, second = moment(), moment()

    assert first == second
