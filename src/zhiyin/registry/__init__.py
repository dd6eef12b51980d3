"""Trained things on disk: weights, a manifest with digests, a model card, versions and aliases. Never pickle."""

from zhiyin.registry.artefact import Artefact, Manifest, read, write
from zhiyin.registry.loading import load

__all__ = ["Artefact", "Manifest", "load", "read", "write"]
