"""Which entries a dossier holds: all that is numbered about its subject and that whoever asked may read."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Max, Min, QuerySet

from audits.dossiers.models import Dossier, DossierKind
from audits.records.related import Related, entries_between, related_to_decision, related_to_release
from audits.records.visibility import entries_visible_to
from governance.actors import Actor
from governance.errors import GovernanceError
from governance.ledger.models import Entry
from releases.monitoring.decisions.models import Decision
from releases.monitoring.replaying.queries import traced_decisions

MOST_ENTRIES = 9_000
"""Each takes two files, and whoever verifies takes no more than 20 000."""

OTHERS = "Other entries of this stream are about other things."
UNSEEN = "Further entries of this stream lie outside the reach of whoever asked for the dossier."
OF_A_TIME = "The entries of the time asked for."


SHORTER = "Ask for shorter periods, one dossier for each."
PERIODS = (
    "There is none that holds all of it. Ask for dossiers of the periods in which it happened, which hold "
    "every entry of their time; an auditor of the whole installation may."
)


class DossierTooLarge(GovernanceError):
    """There are more entries than fit into one dossier."""

    code = "dossier_too_large"
    title = "Too many entries"


def smaller(dossier: Dossier) -> str:
    """What to ask for instead of a dossier that would be too large."""
    return SHORTER if dossier.kind == DossierKind.PERIOD else PERIODS


class NothingOnRecord(GovernanceError):
    """There is no entry that the dossier could hold."""

    code = "nothing_on_record"
    title = "Nothing on record"
    next_step = "Check the id or the times, and that you have a grant on its system or channel."


@dataclass(frozen=True)
class Gathered:
    """The entries by their place in the ledger, and how ``dossier.json`` describes them.

    ``unseen`` counts streams of the matter of which the reader sees nothing.
    """

    entries: Sequence[Entry]
    streams: Sequence[Mapping[str, Any]]
    range: Mapping[str, int] | None = None
    unseen: int = 0


def gather(dossier: Dossier, reader: Actor, size: int) -> Gathered:
    """What the dossier will hold, but for its own entries: of the tree when it had ``size`` leaves, so that
    what is numbered while one query follows the other is in none of them.

    Raises:
        NothingOnRecord, DossierTooLarge
    """
    if dossier.kind == DossierKind.PERIOD:
        return _of_period(dossier, reader, size)
    return _of_matter(dossier, reader, size, related_to(dossier))


def related_to(dossier: Dossier) -> Related:
    """What belongs to a dossier's release or decision.

    Raises:
        NothingOnRecord: the decision was removed meanwhile.
    """
    if dossier.release is not None and dossier.kind == DossierKind.RELEASE:
        return related_to_release(dossier.release)
    return related_to_decision(decision_of(dossier))


def decision_of(dossier: Dossier) -> Decision:
    """The decision that a dossier is about.

    Raises:
        NothingOnRecord: it was removed, as the retention policy says.
    """
    found = traced_decisions().filter(id__in=[dossier.decision]).first()
    if found is None:
        raise NothingOnRecord(f"There is no decision {dossier.decision} any more.")
    return found


def _of_matter(dossier: Dossier, reader: Actor, size: int, related: Related) -> Gathered:
    rows = related.among(entries_visible_to(reader)).exclude(stream=dossier.stream())
    entries = _numbered(dossier, rows.filter(leaf__index__lt=size))
    found = _by_stream(entries)
    last = _last_numbered(related.whole, size)
    streams = [_described(stream, seqs, last.get(stream)) for stream, seqs in sorted(found.items())]
    return Gathered(entries, streams, unseen=len(last.keys() - found.keys()))


def _of_period(dossier: Dossier, reader: Actor, size: int) -> Gathered:
    between = entries_between(dossier.period_from, dossier.period_to)  # type: ignore[arg-type]  # set for this kind
    numbered = between.filter(leaf__index__lt=size).order_by()
    ends = numbered.aggregate(first=Min("leaf__index"), last=Max("leaf__index"))
    if ends["first"] is None:
        raise NothingOnRecord("No entry of this time is numbered.")
    first, end = ends["first"], ends["last"] + 1
    _check_size(dossier, end - first)
    rows = entries_visible_to(reader).filter(leaf__index__gte=first, leaf__index__lt=end)
    entries = _numbered(dossier, rows)
    if len(entries) != end - first:
        raise NothingOnRecord("A period holds every entry of the installation; not all may be read.")
    streams = [
        {"stream": stream, "entries": seqs, "whole": False, "why": OF_A_TIME}
        for stream, seqs in sorted(_by_stream(entries).items())
        if stream != dossier.stream()
    ]
    return Gathered(entries, streams, {"first": first, "end": end})


def _numbered(dossier: Dossier, rows: QuerySet[Entry]) -> list[Entry]:
    """The rows in the order of the ledger."""
    sealed = rows.select_related("leaf").order_by("leaf__index")
    found = list(sealed[: MOST_ENTRIES + 1])
    if not found:
        raise NothingOnRecord("No entry about this is numbered that you may read.")
    _check_size(dossier, len(found))
    return found


def _check_size(dossier: Dossier, many: int) -> None:
    if many > MOST_ENTRIES:
        said = f"More than {MOST_ENTRIES} entries belong to it; a dossier holds no more."
        raise DossierTooLarge(said, next_step=smaller(dossier))


def _by_stream(entries: Iterable[Entry]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for entry in entries:
        found.setdefault(entry.stream, []).append(entry.stream_seq)
    return {stream: sorted(seqs) for stream, seqs in found.items()}


def _last_numbered(streams: Iterable[str], size: int) -> dict[str, int]:
    rows = Entry.objects.filter(stream__in=list(streams), leaf__index__lt=size).order_by()
    return dict(rows.values_list("stream").annotate(Max("stream_seq")))


def _described(stream: str, seqs: list[int], last: int | None) -> dict[str, Any]:
    """``last`` is that of a stream which belongs to the matter as a whole."""
    if last is not None and seqs == list(range(1, last + 1)):
        return {"stream": stream, "last": last, "whole": True}
    why = OTHERS if last is None else UNSEEN
    return {"stream": stream, "entries": seqs, "whole": False, "why": why}
