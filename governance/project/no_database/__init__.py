"""The database engine of a process that was told of no database: every use says what to do."""
