"""Online: the candidates of several sources as one list, and their feature columns."""

from zhiyin.answering.candidates import features_for, merge

__all__ = ["features_for", "merge"]
