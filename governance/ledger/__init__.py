"""The record: who did what, when, to which object, on which evidence.

Promises of this slice:

* every verb runs in one transaction and leaves one entry per stream it changes, or leaves nothing;
* an entry's body is canonical JSON (RFC 8785) and is hashed exactly as stored;
* the numbers of a stream are gapless and equal the order of the leaves;
* the database itself refuses to commit a change of a governed row without an entry.
"""
