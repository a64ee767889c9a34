"""Whether the governed rows are what their entries say: each evidence-bearing column is followed from the
entries of its stream.

The tree proves that entries stand as they were written. It does not prove that a row still says the same:
who owns the database can switch the guard off and change a vote. So each slice declares, in its
``reconciled.py``, what its entries say of its rows, and :mod:`.checking` compares. A column that no entry
speaks of is declared too, with the reason.
"""
