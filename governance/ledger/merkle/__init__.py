"""The arithmetic of a transparency log: hashes and proofs of RFC 6962, tiles of C2SP's ``tlog-tiles``.

Pure: no database, no settings, no clock, the standard library alone.
"""
