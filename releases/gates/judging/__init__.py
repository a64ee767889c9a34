"""What the kinds of criteria share: strata, bounds and evidence from frozen inputs to lines. No database."""
