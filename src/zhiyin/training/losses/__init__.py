"""Losses, a file a family: exact over the whole catalogue, or over a few drawn items."""

from zhiyin.training.losses.sampled import Proposal, bpr, calibrated, gbce, sampled_logits, sampled_softmax
from zhiyin.training.losses.softmax import softmax_likelihood

__all__ = ["Proposal", "bpr", "calibrated", "gbce", "sampled_logits", "sampled_softmax", "softmax_likelihood"]
