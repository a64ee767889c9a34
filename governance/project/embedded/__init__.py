"""One command that runs everything: PostgreSQL, Valkey, web, worker, beat and integrator.

Nothing in this package imports Django: the supervisor stays small and starts at once.
"""
