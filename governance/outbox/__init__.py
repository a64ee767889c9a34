"""Work that must happen after a commit, written in the same transaction as the change that asks for it.

PostgreSQL is the queue of record; the broker only carries wake-up calls. A row stays until its work is
done, so a broker that is down, restarted or emptied loses nothing.
"""
