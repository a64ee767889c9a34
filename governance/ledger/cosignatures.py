"""What a witness signs: a checkpoint, and when it saw it (https://c2sp.org/tlog-cosignature, version 1).

It says that at this time the largest tree of the log that the witness had seen, and found to contain all
smaller ones, had this size and root.
"""

TIME_BYTES = 8
MOST_SECONDS = 2**63 - 1


def cosigned_message(text: str, at: int) -> bytes:
    """The bytes that are signed for the text of a checkpoint at ``at``, in seconds since 1970."""
    return f"cosignature/v1\ntime {at}\n{text}".encode()


def timed(signature: bytes) -> tuple[int, bytes]:
    """The time of a timestamped signature in seconds since 1970, and the Ed25519 signature behind it.

    Where the time is beyond what the specification lets be, the signature is empty: it holds for nothing.
    """
    at = int.from_bytes(signature[:TIME_BYTES], "big")
    return at, signature[TIME_BYTES:] if at <= MOST_SECONDS else b""
