"""Models by factors, each person folded in from the history."""
