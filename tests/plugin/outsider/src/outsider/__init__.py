"""Somebody else's package: one model for Zhiyin, in one file."""
