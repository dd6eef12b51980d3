"""Models that ask nothing of a history."""
