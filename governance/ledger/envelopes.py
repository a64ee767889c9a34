"""DSSE envelopes: a payload with its type and signatures, as bytes that are the same whenever they are made.

https://github.com/secure-systems-lab/dsse: what is signed is the pre-authentication encoding of type and
payload, so a payload is never read as something else than it was signed as. Ed25519 is deterministic, and
the envelope is written canonically: signing again gives the same bytes.
"""

from securesystemslib.dsse import Envelope
from securesystemslib.signer import CryptoSigner, SSlibKey  # type: ignore[attr-defined]  # no __all__ there

from governance.ledger.canonical import canonical_bytes
from governance.ledger.signing import SigningKey


def signed_envelope(payload: bytes, payload_type: str, key: SigningKey) -> bytes:
    """The envelope of ``payload``, signed with ``key``; its ``keyid`` is ``<name>+<hash>`` of the key."""
    public = SSlibKey(key.id, "ed25519", "ed25519", {"public": key.public.hex()})
    envelope = Envelope(payload, payload_type, {})
    envelope.sign(CryptoSigner(key.private, public))
    return canonical_bytes(envelope.to_dict())
