"""Whether the record is whole: everything that is stored is computed again from the entries' bodies.

Reads and never writes. What it finds is named by the first index that is wrong, and by what that means.
"""
