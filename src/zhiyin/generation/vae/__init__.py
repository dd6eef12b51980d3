"""A conditional variational autoencoder over a catalogue's columns."""
