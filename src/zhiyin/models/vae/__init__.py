"""Variational autoencoders: a person is a bag of items, compressed to a few numbers and unfolded to scores."""
