"""What a network knows of items beside their ids: their content, and whose ids anybody ever taught it.

Letters: N items, C numbers of content, K width of a vector, M rows that are looked at.
An item is the vector of its id plus a projection of its content. While learning, ids are silent for a share of the
items, so that content alone learns to speak (DropoutNet, Volkovs et al. 2017). The id of an item that nobody took has
nothing to say: it stays silent afterwards too, and the item is left out of the loss, since that nobody took what was
not there yet is no sign of dislike.
"""

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional

from zhiyin.models.learning import LearningConfig


class ContentConfig(LearningConfig):
    """Settings of every network that reads content beside ids."""

    content: bool = False
    """Read the catalogue's content vectors beside ids, where it has some; new items are answered by theirs alone."""
    content_dropout: float = Field(default=0.2, ge=0, lt=1)
    """With content: share of ids hidden at each update, so that content alone learns to speak."""
    content_hidden: int = Field(default=0, ge=0)
    """With content: width of a layer that bends what items are scored by; 0: a plain projection."""
    new_bias: float | None = None
    """With content: added to the scores of items that nobody took in training. Without it as much as gives them the
    share of lists that they have of what people took in the validation part (told as ``new_bias`` among the facts);
    nothing where there is no such part."""


class Projection(nn.Module):
    """Content (…, C) to a vector (…, K): a plain product, and with ``hidden`` what a layer that bends adds to it."""

    def __init__(self, n_numbers: int, width: int, hidden: int = 0, std: float | None = None) -> None:
        """``std``: of the first weights; without it as wide as keeps the size of what goes through."""
        super().__init__()
        self.straight = nn.Parameter(torch.empty(n_numbers, width))
        self.widen = nn.Linear(n_numbers, hidden) if hidden else None
        self.narrow = nn.Linear(hidden, width, bias=False) if hidden else None
        if std is None:
            nn.init.xavier_normal_(self.straight)
        else:
            nn.init.normal_(self.straight, std=std)
        if self.widen is not None and self.narrow is not None:
            nn.init.xavier_normal_(self.widen.weight)
            nn.init.zeros_(self.widen.bias)
            nn.init.zeros_(self.narrow.weight)

    def forward(self, content: Tensor) -> Tensor:
        plain = content @ self.straight
        if self.widen is None or self.narrow is None:
            return plain
        return torch.add(plain, self.narrow(functional.gelu(self.widen(content))))


class ItemContent(nn.Module):
    """The content of all items, (N, C), and which of their ids speak."""

    vectors: Tensor
    described: Tensor
    """bool (N,): items that have content."""
    trained: Tensor
    """bool (N,): items that somebody took in training."""
    lift: Tensor
    """What is added to the score of an item whose id is silent for good."""

    def __init__(self, vectors: Tensor) -> None:
        super().__init__()
        self.register_buffer("vectors", vectors, persistent=False)  # the catalogue keeps it
        self.register_buffer("described", vectors.any(dim=1), persistent=False)
        self.register_buffer("trained", torch.ones(len(vectors), dtype=torch.bool), persistent=False)
        self.register_buffer("lift", torch.zeros(()), persistent=False)

    @property
    def silent(self) -> Tensor:
        """bool (N,): items that are known by content alone."""
        return self.described & ~self.trained

    def speaks(self, rows: Tensor | None = None, nameless: float = 0.0) -> Tensor:
        """1 where the id speaks too, else 0, of all items or of ``rows``; of a share ``nameless`` it is silent."""
        silent, described = (all_ if rows is None else all_[rows] for all_ in (self.silent, self.described))
        if nameless:
            silent = silent | (described & (torch.rand(len(silent), device=silent.device) < nameless))
        return (~silent).float()

    def joined(self, ids: Tensor, project: Projection, rows: Tensor | None = None, nameless: float = 0.0) -> Tensor:
        """Vectors of ids (M, K), where they speak, plus projected content; of all items or of ``rows`` (M,)."""
        content = self.vectors if rows is None else self.vectors[rows]
        return torch.addcmul(project(content), ids, self.speaks(rows, nameless)[:, None])

    def bias(self, learning: bool) -> Tensor:
        """What comes to the scores, (N,): items of silent ids are left out of the loss, and lifted afterwards."""
        nothing = self.vectors.new_zeros(len(self.vectors))
        return torch.where(self.silent, -torch.inf if learning else self.lift, nothing)
