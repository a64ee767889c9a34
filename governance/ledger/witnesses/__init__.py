"""The ledger's side of its witnesses: whom it asks, what it stores of the answers, and how that stands.

Asking never holds up numbering or signing: it is done by a periodic task, outside transactions, and a witness
that is away is only said to be away. One that refuses is another matter: it has seen a past that this ledger
does not hold.
"""
