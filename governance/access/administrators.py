"""Never two first administrators, never none: steps for the verbs that change who administers."""

from django.db import connection

from governance.access.queries import active_administrators
from governance.access.roles import Role
from governance.actors import moment
from governance.errors import GovernanceError

LOCK = "countersign administrators"


class LastAdministrator(GovernanceError):
    """Nobody would be left to administer the installation, and the shell makes no second first one."""

    code = "last_administrator"
    title = "The last administrator stays"
    next_step = "Grant the role to somebody else first."


def lock_administrators() -> None:
    """Wait for every other running change of who administers; held until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 2))", [LOCK])


def refuse_without_administrator() -> None:
    """Refuse the running verb if what it did leaves no administrator of the installation without an end.

    Raises:
        LastAdministrator: the role on the installation must not end here.
    """
    lasting = active_administrators(moment()).filter(
        grants__role=Role.ADMINISTRATOR,
        grants__system__isnull=True,
        grants__channel__isnull=True,
        grants__ends_at__isnull=True,
    )
    if not lasting.exists():
        raise LastAdministrator("The installation would be left without a lasting administrator.")
