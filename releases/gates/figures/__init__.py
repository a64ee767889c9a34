"""What pictures of a run are drawn from: curves, histograms, rates, coverage of both stacks. No database."""
