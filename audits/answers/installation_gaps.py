"""Gaps of the installation: a ledger that is not sealed or not checked, and one person who administers alone.

They weaken the evidence of every system, so every auditor sees them, and whoever administers.
"""

from collections.abc import Iterator
from datetime import datetime
from uuid import UUID

from django.db import connection
from django.utils import timezone

from audits.answers import probing
from audits.answers.gap import Gap
from audits.answers.gap_kinds import GapKind
from audits.answers.probing import There
from governance.access.models import Account, Grant
from governance.access.queries import BUILT_IN, active_administrators, reach_of
from governance.access.roles import Role
from governance.actors import Actor
from governance.ledger.models import Entry, stream_name
from governance.ledger.nightly import OVERDUE_AFTER, damaged_since, last_check, overdue_since, partial_since

TOLD = frozenset({Role.AUDITOR, Role.ADMINISTRATOR})
LONGEST_FOUND = 300

_WAITING = """
SELECT clock_timestamp(), trouble,
    (SELECT min(queued_at) FROM pending),
    (SELECT count(*) FROM pending),
    (SELECT min(made_at) FROM checkpoint
        WHERE size > (SELECT coalesce(max(size), 0) FROM signed_checkpoint)),
    size - coalesce((SELECT max(size) FROM signed_checkpoint), 0)
FROM tree_state
"""


def gaps_of_the_installation(actor: Actor, there: There) -> list[Gap]:
    """All of them, for those who are told; ``there`` says what may be looked for in vain."""
    if not (there.unsealed or there.unchecked or there.alone) or not _is_told(actor):
        return []
    now = timezone.now()
    return [
        *_unsealed(),
        *(_checked(now) if there.unchecked else ()),
        *(_sole_administrator(now) if there.alone else ()),
    ]


def _is_told(actor: Actor) -> bool:
    """Whether the actor audits or administers anything, or is the machine itself."""
    if actor.kind in BUILT_IN:
        return True
    if actor.id is None:
        return False
    found = reach_of(actor.id, TOLD, actor.at or timezone.now())
    return found.everywhere or bool(found.systems) or bool(found.channels)


def _unsealed() -> Iterator[Gap]:
    """One gap, whatever stops the sealing; what is not numbered is not signed either."""
    with connection.cursor() as cursor:
        cursor.execute(_WAITING)
        row = cursor.fetchone()
    if row is None:
        return
    now, trouble, queued, waiting, unsigned, without = row
    oldest = min((at for at in (queued, unsigned) if at is not None), default=None)
    if oldest is None or now - oldest <= probing.UNSEALED_AFTER:
        return
    why = f"; {trouble}" if trouble else ""
    many = waiting + without
    text = f"{many:,} {'entry has' if many == 1 else 'entries have'} no signed checkpoint{why}"
    yield Gap(GapKind.UNSEALED_ENTRIES, None, (), oldest, text)


def _checked(now: datetime) -> Iterator[Gap]:
    """What the nightly check of the record found, and whether it was made."""
    last = last_check()
    if last is not None and not last.is_whole:
        many = f"{last.number:,} findings, the first" if last.number > 1 else "one finding"
        text = f"{many}: {last.findings[0]}"[:LONGEST_FOUND]
        yield Gap(GapKind.LEDGER_DAMAGED, None, (), damaged_since() or last.at, text)
    due = overdue_since(now) if last is None or now - last.at > OVERDUE_AFTER else None
    if due is not None:
        had = f"the last check was on {last.at:%-d %B %Y}" if last else "it was never checked"
        yield Gap(GapKind.LEDGER_NOT_CHECKED, None, (), due, f"{had}; one is made each night")
    elif last is not None and last.unchecked:
        left = f"the last check left out {'; '.join(last.unchecked)}"[:LONGEST_FOUND]
        yield Gap(GapKind.LEDGER_NOT_CHECKED, None, (), partial_since() or last.at, left)


def _sole_administrator(now: datetime) -> Iterator[Gap]:
    names = dict(active_administrators(now).order_by("username").values_list("pk", "username")[:2])
    if len(names) != 1:
        return
    ((key, name),) = names.items()
    text = f"{name} alone administers the installation"
    yield Gap(GapKind.SOLE_ADMINISTRATOR, None, (), _alone_since(key, now), text)


def _alone_since(key: UUID, now: datetime) -> datetime:
    """Since the last other administrator's role ended or account was closed; else since the first began."""
    rows = Grant.objects.filter(
        role=Role.ADMINISTRATOR, system__isnull=True, channel__isnull=True, starts_at__lte=now
    )
    given = list(rows.values_list("account_id", "starts_at", "ends_at"))
    others = {account: stream_name(Account.stream_prefix, account) for account, _, _ in given}
    closed = Entry.objects.filter(stream__in=others.values(), document__type="account.deactivated")
    closed_at = dict(closed.order_by("stream_seq").values_list("stream", "at"))
    ends = [
        min(at for at in (end, closed_at.get(others[account]), now) if at is not None)
        for account, _, end in given
        if account != key
    ]
    return max([*ends, min((start for account, start, _ in given if account == key), default=now)])
