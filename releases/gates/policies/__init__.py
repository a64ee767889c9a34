"""Gate policies as people write them: drafted, checked, pinned, locked."""
