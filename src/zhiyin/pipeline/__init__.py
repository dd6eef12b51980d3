"""Offline: a recipe to artefacts, step by step, resumable."""

from zhiyin.core.lazy import lazily

__getattr__, __dir__ = lazily(__name__, {"Recipe": "recipe", "Workspace": "workspace", "run": "run"})
