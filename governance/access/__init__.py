"""Who exists, who may do what on which object, and since when.

``require()`` is the first line of every service and ``visible_to()`` filters every list; both read the
grants in force at the moment of the act, and nothing else: no superuser, no group, no skip flag.
"""
