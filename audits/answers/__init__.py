"""What the record answers by itself: the governance gaps."""
