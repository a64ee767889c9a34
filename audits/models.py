"""All tables of this app, so that Django finds them; each lives in its slice."""

from audits.dossiers.models import Dossier

__all__ = ["Dossier"]
