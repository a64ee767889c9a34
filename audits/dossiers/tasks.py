"""Background work of dossiers: make one that was asked for, go on with those that wait for the ledger."""

from audits.dossiers.making import NOT_MADE, make, make_all
from audits.dossiers.models import Dossier
from audits.dossiers.services import TASK, fail_dossier
from governance.actors import Actor
from governance.background import periodic, task


def give_up(actor: Actor, error: str, /, **payload: str) -> None:
    """No attempts are left: it ends. The error is for the log alone, as it may name files and tables."""
    fail_dossier(actor, dossier=Dossier.objects.get(id=payload["dossier"]), problem=NOT_MADE)


@task(TASK, exhausted=give_up)
def make_one(actor: Actor, /, *, dossier: str) -> None:
    """Go on with one as far as it goes now; what waits for the ledger is gone on with by :func:`go_on`."""
    make(actor, Dossier.objects.select_related("system", "release__system").get(id=dossier))


@periodic("audits.dossiers.go_on")
def go_on(actor: Actor) -> None:
    """Go on with all that are on their way."""
    make_all(actor)
