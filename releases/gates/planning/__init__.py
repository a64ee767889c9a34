"""What a policy could decide with the captures there are or are planned, and what is missing. Reads only."""
