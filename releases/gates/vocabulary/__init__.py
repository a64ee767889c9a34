"""What policies are written in and how criteria end: pure values, without database rows."""
