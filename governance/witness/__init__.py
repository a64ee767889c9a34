"""A witness of other people's logs: it cosigns a checkpoint only if it contains all that it has seen before.

It is run by another team, on another host, and needs nothing of ours but this code: no Django, no settings,
no database. It knows its own key, the verifier keys of the logs that it watches, and in one directory what it
cosigned last of each. Whoever has the log's key, its database and its head still cannot show it another past.

https://c2sp.org/tlog-witness and https://c2sp.org/tlog-cosignature; any witness that speaks these will do.
"""
