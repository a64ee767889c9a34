"""Whether a dossier holds, told from its bytes and a verifier key alone.

Two programs that share no line answer it: this package, ``python -m audits.verification``, which uses the
ledger's own arithmetic and the library ``cryptography``; and ``standalone.py``, which travels in every
dossier as ``verify.py``, needs the standard library alone, and is written from the published formats. Tests
let both judge the same forged dossiers. Neither knows Django, settings or a database.

The checks and their order are described in ``docs/verifying.md``.
"""
