"""The ledger's witnesses on its page: how far each is, and whether one refuses."""

from dataclasses import dataclass

from governance.ledger.witnesses.known import WitnessesUnfit
from governance.ledger.witnesses.standing import Standing, standings


@dataclass(frozen=True)
class Seen:
    """A witness as the page tells of it: look, word and icon of how it stands, and ``said`` where that is no
    good news."""

    standing: Standing
    look: str
    word: str
    icon: str
    said: str = ""


def witnesses_seen() -> list[Seen]:
    """All that the settings name; none where their file cannot be used, which /readyz says."""
    try:
        return [_seen(one) for one in standings()]
    except WitnessesUnfit:
        return []


def _seen(one: Standing) -> Seen:
    if one.is_refusal:
        said = f"{one.trouble} Keep the database as it is; the operator compares it with the witness."
        return Seen(one, "fail", "Refuses", "gpp_bad", said)
    if one.trouble:
        return Seen(one, "inc", "Does not cosign now", "cloud_off", one.trouble)
    if one.behind:
        return Seen(one, "open", "Being asked", "hourglass_top")
    return (
        Seen(one, "pass", "Has cosigned all", "verified_user")
        if one.size
        else Seen(one, "open", "Not asked yet", "help")
    )
