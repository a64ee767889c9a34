"""What each kind of finding means, for whoever has to act on it."""

MEANINGS: dict[str, str] = {
    "body": "An entry does not say what it said when it was numbered. What it says now is not evidence.",
    "place": "An entry was moved to another stream or number. Its body still says where it belongs.",
    "stream": "The numbers of a stream have a gap or another order: an entry was taken out or put in.",
    "leaf": "The tree was numbered past an entry that is not there: it was taken out.",
    "lost": "An entry was written and never numbered: it was taken out of the queue, or put in by hand.",
    "beyond": "Leaves were put in by somebody else than the integrator.",
    "tile": "Proofs from here on would not verify. Where the roots agree, only the tiles were changed.",
    "checkpoint": "The entries do not give a root that was on record: the past was changed since.",
    "signature": "A checkpoint bears no signature that counts: it was made or changed without the key.",
    "unsigned": "What was numbered last has no signature, so nothing shows that it was not written anew. "
    "Either nothing can be signed now, which /readyz says, or the signatures were taken out.",
    "headless": "The head outside is gone. Nothing else shows that this is no older copy, nor written anew.",
    "head": "What was signed last and written down outside is not what the database holds: entries were "
    "lost in a restore, or the whole record was written anew and signed again.",
    "cosignature": "A checkpoint that a witness cosigned was another one then: the past was written anew, "
    "or the stored line was changed. Compare with what the witness holds.",
    "witness": "A witness, on a host that is not ours, holds a past that this ledger does not have: it was "
    "rolled back or written anew since, or its key has signed another one.",
    "time": "An entry is older than the one before it in its stream, which no act of the product writes.",
    "shown": "Lists and pages would show something else of the entry than its body says.",
    "row": "A row was changed without an act: with the guard switched off. The entry counts, not the row.",
    "unrecorded": "A row was put in without an act: with the guard switched off.",
    "gone": "A row was taken out: with the guard switched off. Its entry still tells of it.",
    "projection": "Django's own permission rows differ from the grants. They give no right alone.",
    "blob": "Evidence that entries name by digest was changed or taken out: nothing under that digest is it.",
    "unreadable": "Something stored is not what the product writes, and could not be compared any further.",
}
