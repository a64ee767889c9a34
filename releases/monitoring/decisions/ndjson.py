"""``application/x-ndjson`` bodies, also gzip: read in pieces, and never more than allowed."""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, Any

from rest_framework.parsers import BaseParser

from governance.errors import InvalidInput, invalid
from releases.monitoring.decisions.limits import LARGEST_REPORT
from releases.monitoring.decisions.lines import numbered

PIECE = 64 * 1024


class ReportTooLarge(InvalidInput):
    """The report holds more bytes than one call takes."""

    code = "too_large"
    status = 413
    title = "The report is too large"
    next_step = "Send it in several parts; decisions that were taken before are found again by their ids."


@dataclass(frozen=True)
class ReportLines:
    """A report's lines with their numbers, to be read once."""

    lines: Iterator[tuple[int, bytes]]


def _plain(stream: IO[bytes]) -> Iterator[bytes]:
    while piece := stream.read(PIECE):
        yield piece


def _gunzipped(stream: IO[bytes]) -> Iterator[bytes]:
    """The content of a gzip stream, also of several members one after another.

    Raises:
        InvalidInput: it is no gzip, or ends in the middle.
    """
    unpacker = zlib.decompressobj(wbits=31)
    try:
        for piece in _plain(stream):
            data = piece
            while data:
                if unpacker.eof:
                    unpacker = zlib.decompressobj(wbits=31)
                yield unpacker.decompress(data, PIECE)
                data = unpacker.unconsumed_tail or unpacker.unused_data
        yield unpacker.flush()
    except zlib.error as error:
        raise invalid("body", f"the content is no gzip: {error}.") from error
    if not unpacker.eof:
        raise invalid("body", "the gzip content ends in the middle; nothing was stored.")


def _bounded(chunks: Iterator[bytes]) -> Iterator[bytes]:
    total = 0
    for chunk in chunks:
        total += len(chunk)
        if total > LARGEST_REPORT:
            raise ReportTooLarge(
                f"A report has at most {LARGEST_REPORT // 1024**2} MiB after decompression. "
                "Nothing was stored."
            )
        yield chunk


class EncodingNotUnderstood(InvalidInput):
    """The body is compressed in a way that is not read here."""

    code = "encoding_not_understood"
    status = 415
    title = "Unsupported content encoding"
    next_step = "Send the body as it is, or compressed with gzip."


class NdjsonParser(BaseParser):
    """One JSON object per line; ``Content-Encoding: gzip`` is understood."""

    media_type = "application/x-ndjson"

    def parse(self, stream: IO[bytes], media_type: str | None = None, parser_context: Any = None) -> Any:
        """The lines, read when they are asked for."""
        encoding = parser_context["request"].headers.get("Content-Encoding", "identity").lower()
        if encoding not in {"identity", "gzip"}:
            raise EncodingNotUnderstood(f"Content-Encoding: {encoding[:60]!r} is not understood here.")
        chunks = _gunzipped(stream) if encoding == "gzip" else _plain(stream)
        return ReportLines(numbered(_bounded(chunks)))
