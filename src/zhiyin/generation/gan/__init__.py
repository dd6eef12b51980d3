"""A conditional Wasserstein GAN over a catalogue's columns."""
