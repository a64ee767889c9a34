"""What entries say elsewhere: values behind commitments, and lists that lie under a digest.

Both are asked for many streams at once: with a query for each account or policy, the check of a large
installation would take hours.
"""

from collections.abc import Collection, Iterator, Sequence
from typing import Any

import msgspec

from governance.ledger.canonical import digest_of_bytes
from governance.ledger.commitments import opened_all
from governance.ledger.models import Blob
from governance.ledger.reconciling.declared import NOT_SAID, UNREADABLE
from governance.ledger.reconciling.folding import Folded, SaidList, items_in


def open_all(streams: Sequence[Folded]) -> Iterator[tuple[str, int]]:
    """Fill in what these streams' entries say elsewhere; answers stream and number of each entry whose list
    is not as the product writes it."""
    _open_commitments(streams)
    outside = [(one.stream, said) for one in streams for said in one.lists_outside()]
    found = _read({said.outside.digest for _, said in outside if said.outside is not None})
    for stream, said in outside:
        if not _open_list(said, found):
            yield stream, said.seq


def _open_commitments(streams: Sequence[Folded]) -> None:
    waiting = [(said, column) for one in streams for said, column in one.committed]
    commitments = {said.columns[column][0].commitment for said, column in waiting}
    values = opened_all(commitments) if commitments else {}
    for said, column in waiting:
        committed, seq = said.columns[column]
        value = values.get(committed.commitment)
        said.columns[column] = (NOT_SAID if value is None else digest_of_bytes(value.encode()), seq)


def _open_list(said: SaidList, found: dict[str, Any]) -> bool:
    assert said.outside is not None
    outside, said.outside = said.outside, None
    try:
        said.items = items_in(found.get(outside.digest, NOT_SAID), outside.listed, outside.heard)
    except UNREADABLE:
        return False
    return True


def _read(digests: Collection[str]) -> dict[str, Any]:
    """The JSON of stored bytes; nothing of those that are missing, or are not what their name says."""
    found: dict[str, Any] = {}
    rows = Blob.objects.filter(digest__in=digests).order_by() if digests else Blob.objects.none()
    for digest, data in rows.values_list("digest", "bytes"):
        if digest_of_bytes(bytes(data)) == digest:
            try:
                found[digest] = msgspec.json.decode(bytes(data))
            except UNREADABLE:
                continue
    return found
