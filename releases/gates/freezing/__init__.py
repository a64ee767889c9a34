"""What an evaluation will look at, read from the database once and written down."""
