"""The kinds of trigger, one file each: pure functions from data to judgements.

A kind that is counted is named in ``COUNTED``; the others are judged on what their own room measured.
"""
