"""Models by neighbours: items or people that resemble each other."""
