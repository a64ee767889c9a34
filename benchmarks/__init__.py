"""Measurements of the product against peers and floors: ``make bench``.

Nothing of the product imports this package; it may import the product, in child processes only.
"""
