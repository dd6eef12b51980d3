"""Linear models of the whole basket."""
