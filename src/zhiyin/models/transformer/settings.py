"""Settings of the next-item Transformers: one set of parts and losses, and what each paper takes of them."""

from typing import Literal, Self

from pydantic import Field, model_validator

from zhiyin.models.described import ContentConfig


class SASRecConfig(ContentConfig):
    """Settings of SASRec, and of every network that is made of the same parts."""

    max_history: int = Field(default=50, gt=0)
    """Newest events read; older ones are cut off."""
    width: int = Field(default=64, gt=0)
    """Numbers of an item's vector and of everything inside."""
    blocks: int = Field(default=2, gt=0)
    """Layers of attention and feed-forward."""
    heads: int = Field(default=1, gt=0)
    """Attention heads; they share the width."""
    block: Literal["plain", "gated", "released"] = "plain"
    """What a layer is: plain (normalised before), gated (eSASRec's), released (as SASRec's authors published it)."""
    positions: Literal["oldest", "newest", "none"] = "oldest"
    """From where places are counted. From the oldest, a short history looks like the beginning of a longer one; from
    the newest, the last event is always at the same place."""
    kinds: bool = False
    """Whether an event's kind (view, cart, purchase …) is read."""
    gaps: bool = False
    """Whether the time since the event before is read. Histories that are asked about then need times, too."""
    head: Literal["dot", "cosine"] = "dot"
    """How a person's vector meets an item's: their product, or the cosine between them over ``temperature``."""
    temperature: float = Field(default=0.05, gt=0)
    """Of the cosine head: the smaller, the more a small angle counts."""
    tied: bool = True
    """Whether an item is read and scored by one vector; otherwise it has one for each."""
    dropout: float = Field(default=0.2, ge=0, lt=1)
    """Share of numbers hidden at each update, after the embedding and after each layer."""
    loss: Literal["softmax", "soft_softmax", "sampled_softmax", "gbce", "bce", "bpr"] = "softmax"
    """softmax: exact, over all items. soft_softmax: over all items as well, but these count as if ``negatives`` of them
    had been drawn, so that a target far above them is left alone. The others look at ``negatives`` drawn items: for a
    catalogue so large that its scores are too many."""
    negatives: int = Field(default=256, gt=0)
    """Items drawn for each target; of soft_softmax, as how many all items together count."""
    shared: bool = False
    """Whether all targets of a batch share their negatives: many times as fast, so that there can be more of them."""
    proposal: Literal["uniform", "frequency"] = "uniform"
    """How negatives are drawn: all items alike, or in proportion to how often each was taken."""
    corrected: bool = False
    """Whether sampled softmax takes the log of how often an item is expected among the draws off its logit, which makes
    it a stand-in for the exact softmax. Without, it is softer, as eSASRec has it."""
    calibration: float = Field(default=0.75, ge=0, le=1)
    """gBCE's t: 0 is plain binary cross-entropy, overconfident where few of many items are drawn; 1 is calibrated."""
    batch: int = Field(default=32, gt=0)
    """People of one update. A person is many targets: with 128, a log of some thousand people gives so few updates an
    epoch that the network has hardly begun when the epochs are over."""
    learning_rate: float = Field(default=5e-3, gt=0)
    """Of Adam, at its height, see `LearningConfig`."""
    ahead: int = Field(default=0, ge=0)
    """0: each event predicts the next one. n: what is read up to the end of a moment predicts all the new items of the
    next n moments at once; for logs where many events share a time, like the lines of an invoice."""

    @model_validator(mode="after")
    def _heads_share_the_width(self) -> Self:
        if self.width % self.heads:
            raise ValueError(f"width {self.width} cannot be shared by {self.heads} heads; make it a multiple of heads")
        return self


class GSASRecConfig(SASRecConfig):
    """Settings of gSASRec: gBCE against many negatives, an item's vector of its own for being scored."""

    epochs: int = Field(default=100, gt=0)
    """Passes over everybody; many, since binary losses learn nothing but how popular items are for a while."""
    patience: int = Field(default=20, gt=0)
    """Epochs without a better validation NDCG after which training stops."""
    width: int = Field(default=128, gt=0)
    """Numbers of an item's vector and of everything inside."""
    positions: Literal["oldest", "newest", "none"] = "newest"
    """From where places are counted."""
    tied: bool = False
    """Whether an item is read and scored by one vector; otherwise it has one for each."""
    dropout: float = Field(default=0.5, ge=0, lt=1)
    """Share of numbers hidden at each update, after the embedding and after each layer."""
    loss: Literal["softmax", "soft_softmax", "sampled_softmax", "gbce", "bce", "bpr"] = "gbce"
    """What is minimised."""


class ESASRecConfig(SASRecConfig):
    """Settings of eSASRec: gated layers, sampled softmax."""

    block: Literal["plain", "gated", "released"] = "gated"
    """What a layer is."""
    positions: Literal["oldest", "newest", "none"] = "newest"
    """From where places are counted."""
    loss: Literal["softmax", "soft_softmax", "sampled_softmax", "gbce", "bce", "bpr"] = "sampled_softmax"
    """What is minimised."""
