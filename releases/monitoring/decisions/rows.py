"""A decision on its way into the table: its canonical line with the digest, and its row as COPY reads it.

The pieces of JSON that the line is put together from are also what the columns hold, so nothing is written
twice. Everything that does not depend on the batch is made when the line is read. Ids and times are kept as
text in their canonical form, which sorts as they do: a report holds many, and few are looked at.
"""

import hashlib
from collections.abc import Iterable

import msgspec

COLUMNS = (
    "id",
    "channel_id",
    "at",
    "stamp",
    "subject",
    "scores",
    "band",
    "outcome",
    "latency_ms",
    "sdk",
    "shadow",
    "attributes",
    "line_digest",
    "batch_id",
    "received_at",
    "revision_id",
)
NULL = "\\N"
_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r", "\b": "\\b", "\f": "\\f"})


class Pieces(msgspec.Struct, frozen=True, gc=False):
    """The values of a decision as canonical JSON, and its texts as they are."""

    id: str
    at: str
    channel: str
    latency: str
    scores: str
    shadow: str | None
    attributes: str
    stamp: str
    subject: str
    band: str
    outcome: str
    sdk: str


class NewDecision(msgspec.Struct, frozen=True, gc=False):
    """A decision to store: ``number`` is its line's, ``line`` what the batch's digest covers."""

    number: int
    id: str
    channel: str
    at: str
    stamp: str
    line: bytes
    digest: str
    copied: str

    def row(self, batch: str, received: str, revision: str | None) -> str:
        """The whole row for COPY, in the order of :data:`COLUMNS`; ids as text."""
        return f"{self.copied}\t{batch}\t{received}\t{revision or NULL}\n"


def plain_decision(number: int, one: Pieces) -> NewDecision:
    """The decision whose texts hold nothing that JSON or COPY would write otherwise."""
    shadow = one.shadow
    line = (
        f'{{"at":"{one.at}","attributes":{one.attributes},"band":"{one.band}","channel":"{one.channel}",'
        f'"id":"{one.id}","latency_ms":{one.latency},"outcome":"{one.outcome}","scores":{one.scores},'
        f'"sdk":"{one.sdk}","shadow":{shadow or "null"},"stamp":"{one.stamp}","subject":"{one.subject}"}}\n'
    ).encode()
    digest = f"sha256:{hashlib.sha256(line).hexdigest()}"
    copied = (
        f"{one.id}\t{one.channel}\t{one.at}\t{one.stamp}\t{one.subject}\t{one.scores}\t{one.band}\t"
        f"{one.outcome}\t{one.latency}\t{one.sdk}\t{shadow or NULL}\t{one.attributes}\t{digest}"
    )
    return NewDecision(number, one.id, one.channel, one.at, one.stamp, line, digest, copied)


def any_decision(number: int, line: bytes, one: Pieces) -> NewDecision:
    """The decision with this canonical line, whatever its texts hold."""
    digest = f"sha256:{hashlib.sha256(line).hexdigest()}"
    fields = (
        one.id,
        one.channel,
        one.at,
        one.stamp,
        one.subject,
        one.scores,
        one.band,
        one.outcome,
        one.latency,
        one.sdk,
        one.shadow,
        one.attributes,
        digest,
    )
    return NewDecision(
        number, one.id, one.channel, one.at, one.stamp, line, digest, "\t".join(_escaped(fields))
    )


def _escaped(fields: Iterable[str | None]) -> list[str]:
    return [NULL if text is None else text.translate(_ESCAPES) for text in fields]
