"""What exists, who may act on it, and what was recorded."""
