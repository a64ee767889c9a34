"""Incidents: a confirmed one does the trigger's action, a suspected one what the plan says for it."""

from datetime import datetime

from releases.bundles.triggers import EventTrigger
from releases.monitoring.triggers.judgements import Figures, Judged, Judgement
from releases.monitoring.triggers.vocabulary import Action

NAMES = {"spoof_acceptance": ("spoof acceptance", "spoof acceptances")}


def judge(spec: EventTrigger, *, suspected: int, confirmed: int, at: datetime) -> Judged:
    """What the incidents that count now ask for. One that is dismissed counts no more."""
    figures = Figures(value=float(confirmed), bound=float(suspected), limit=float(spec.confirmed))
    said = _said(spec, suspected, confirmed)
    detail = {"suspected": suspected, "confirmed": confirmed}
    if confirmed >= spec.confirmed:
        return Judged(at, Judgement.BREACH, figures, said, Action(spec.action), detail)
    if suspected and spec.suspected_action != "none":
        return Judged(at, Judgement.BREACH, figures, said, Action(spec.suspected_action), detail)
    return Judged(at, Judgement.CLEAR, figures, said, None, detail)


def _said(spec: EventTrigger, suspected: int, confirmed: int) -> str:
    parts = [
        f"{count} {word} {NAMES[spec.incident][count != 1]}"
        for count, word in ((confirmed, "confirmed"), (suspected, "suspected"))
        if count
    ]
    if not parts:
        return f"No {NAMES[spec.incident][0]} is confirmed or suspected."
    needed = f"; {spec.confirmed} confirmed ones are needed" if spec.confirmed > 1 else ""
    return f"{' and '.join(parts)}{needed}."
