"""Trained things on disk: weights, a manifest with digests, a model card, versions and aliases. Never pickle."""

from zhiyin.registry.artefact import Artefact, Manifest, checked, read, write
from zhiyin.registry.loading import load
from zhiyin.registry.versions import CHAMPION, LATEST, Versions

__all__ = ["CHAMPION", "LATEST", "Artefact", "Manifest", "Versions", "checked", "load", "read", "write"]
