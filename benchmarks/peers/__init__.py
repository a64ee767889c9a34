"""Peers run with packages of their own, in virtual environments of their own under var/bench/peers.

The scripts here import nothing of the product and nothing of this package.
"""
