"""Whether guardian's rows are those that the grants give; they give no right alone."""

from collections.abc import Iterator
from datetime import datetime
from uuid import UUID

from django.db.models import QuerySet
from django.utils import timezone

from governance.access.models import Grant
from governance.access.projection import MODELS
from governance.access.queries import grants_in_force
from governance.access.roles import PERMISSIONS, Role
from governance.ledger.fsck.findings import Finding

Right = tuple[UUID, UUID, str]
"""Account, system or channel, and the permission's name."""


def projection_findings() -> Iterator[Finding]:
    """For systems and for channels the first row too many and the first that is missing.

    A grant that has run out by itself leaves its rows until the account's grants change the next time.
    """
    now = timezone.now()
    for name, model in MODELS.items():
        rows = model.objects.order_by().values_list("user_id", "content_object_id", "permission__codename")
        there = {(user, target, str(codename)) for user, target, codename in rows.iterator()}
        due = _rights(name, grants_in_force(now))
        table = model._meta.db_table
        for right in sorted(due - there)[:1]:
            yield _finding(table, right, "a grant in force gives it, and the row is missing")
        for right in sorted(there - due - _rights(name, _ended(now)))[:1]:
            yield _finding(table, right, "no grant gives it")


def _ended(now: datetime) -> "QuerySet[Grant]":
    return Grant.objects.filter(ends_at__lte=now, account__is_active=True)


def _rights(name: str, grants: "QuerySet[Grant]") -> set[Right]:
    found = grants.order_by().values_list("account_id", f"{name}_id", "role").exclude(**{f"{name}_id": None})
    return {
        (account, target, permission.value)
        for account, target, role in found.distinct()
        for permission in PERMISSIONS[Role(role)]
    }


def _finding(table: str, right: Right, why: str) -> Finding:
    account, target, permission = right
    sentence = f"{table}: {permission} of account {account} on {target}: {why}."
    return Finding("projection", sentence, table=table, row=f"{account} {target}", column=permission)
