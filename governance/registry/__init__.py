"""What exists: systems, their channels and segments, and the versions of everything in a decision stack."""
