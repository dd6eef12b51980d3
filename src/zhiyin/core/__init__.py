"""The words that every room speaks: ids, settings, errors, randomness, progress, files, JSON shapes."""
