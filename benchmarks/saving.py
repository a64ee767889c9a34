"""The measured process of saves: one row is changed again and again, with the ledger and without it.

A plain save goes to a table of the same columns and indexes that no guard watches.
"""

import os
from collections.abc import Callable

import psycopg
from django.db import models, transaction
from django.utils import timezone

from benchmarks.child import timed
from governance.actors import Actor, ActorKind, Authentication, AuthMethod
from governance.identifiers import new_id
from governance.ledger.models import Entry
from governance.ledger.verbs import record, verb
from governance.registry.models import System

WARM = 30
REASON = "Renamed after the review of the quarter"


class PlainSystem(models.Model):
    """A system that nobody governs."""

    id = models.UUIDField(primary_key=True, default=new_id)
    slug = models.CharField(max_length=64, unique=True)
    name = models.CharField(max_length=150)
    description = models.TextField(blank=True)
    dataset_change_limit_rate = models.FloatField(default=0.1)
    starter_may_cast_last_vote = models.BooleanField(default=False)
    registered_at = models.DateTimeField()
    registered_by_username = models.CharField(max_length=150)

    class Meta:
        app_label = "governance"
        db_table = "plain_system"
        managed = False

    def __str__(self) -> str:
        return self.slug


def main(mode: str, many: str) -> None:
    """Measure ``governed`` or ``plain``, so many saves; the answer is how many entries were written."""
    with psycopg.connect(os.environ["DATABASE_OWNER_URL"]) as owner:
        owner.execute("CREATE TABLE IF NOT EXISTS plain_system (LIKE governance_system INCLUDING ALL)")
    save = _governed() if mode == "governed" else _plain()
    for number in range(WARM):
        save(number)
    before = Entry.objects.count()

    def work() -> None:
        for number in range(int(many)):
            save(number)

    timed(lambda: _and_entries(work, before))


def _and_entries(work: Callable[[], None], before: int) -> int:
    work()
    return Entry.objects.count() - before


@verb("system.registered")
def _rename(actor: Actor, *, system: System, name: str) -> System:
    before, system.name = system.name, name
    system.save()
    record(system.stream(), before={"name": before}, after={"name": name}, reason=REASON)
    return system


def _governed() -> Callable[[int], object]:
    actor = Actor(
        ActorKind.USER,
        "release.manager",
        Authentication(AuthMethod.SESSION, mfa=True),
        id=new_id(),
        request_id=str(new_id()),
    )
    system = _register(actor, slug=f"remote-{new_id()}")
    return lambda number: _rename(actor, system=system, name=f"Renamed {number}")


@verb("system.registered")
def _register(actor: Actor, *, slug: str) -> System:
    system = System(slug=slug, name="Remote", registered_at=timezone.now(), registered_by_username="ada")
    system.save(force_insert=True)
    record(system.stream(), after={"slug": slug})
    return system


def _plain() -> Callable[[int], object]:
    row = PlainSystem(slug=f"remote-{new_id()}", name="Remote")
    row.registered_at, row.registered_by_username = timezone.now(), "ada"
    row.save(force_insert=True)

    def save(number: int) -> None:
        with transaction.atomic():
            row.name = f"Renamed {number}"
            row.save()

    return save
