"""guardian's rows, derived from the grants in force; they serve Django's own checks and give no right."""

from datetime import datetime

from django.contrib.auth.models import Permission as DjangoPermission
from django.contrib.contenttypes.models import ContentType
from django.utils import timezone

from governance.access.models import Account, ChannelObjectPermission, SystemObjectPermission
from governance.access.queries import grants_in_force
from governance.access.roles import PERMISSIONS, Permission, Role
from governance.actors import moment

MODELS = {"system": SystemObjectPermission, "channel": ChannelObjectPermission}


def project_grants(account: Account) -> None:
    """Write the account's rows anew, in the transaction of the verb that changed its grants."""
    _project(account, moment())


def project_all_grants() -> None:
    """Write the rows of every account anew: with an upgrade a role may have other permissions than before.

    Where it is broken off, the next upgrade mends the rest; meanwhile the rows give no right, as ever.
    """
    now = timezone.now()
    for account in Account.objects.filter(grants__isnull=False).distinct():
        _project(account, now)


def _project(account: Account, at: datetime) -> None:
    grants = list(grants_in_force(at).filter(account=account))
    for name, model in MODELS.items():
        model.objects.filter(user=account).delete()
        wanted = {
            (getattr(grant, f"{name}_id"), permission)
            for grant in grants
            if getattr(grant, f"{name}_id") is not None
            for permission in PERMISSIONS[Role(grant.role)]
        }
        permissions = _django_permissions(name, {permission for _, permission in wanted})
        model.objects.bulk_create(
            model(user=account, content_object_id=object_id, permission=permissions[permission])  # type: ignore[misc]  # the field stands on the concrete models
            for object_id, permission in wanted
        )


def _django_permissions(model: str, wanted: set[Permission]) -> dict[Permission, DjangoPermission]:
    """Django's rows for our permissions on systems or channels, made where they are missing."""
    content_type = ContentType.objects.get_by_natural_key("governance", model)
    rows = DjangoPermission.objects.filter(content_type=content_type, codename__in=wanted)
    missing = wanted - {Permission(row.codename) for row in rows}
    if missing:
        DjangoPermission.objects.bulk_create(
            (
                DjangoPermission(
                    content_type=content_type, codename=name.value, name=name.value.replace("_", " ")
                )
                for name in sorted(missing)
            ),
            ignore_conflicts=True,
        )
    return {Permission(row.codename): row for row in rows.all()}
