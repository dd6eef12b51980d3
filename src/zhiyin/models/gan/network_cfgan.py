"""CFGAN: what it computes. How it learns is in training_cfgan.py.

Letters: B people, N items of the catalogue, H hidden width, W width of the critic, Z numbers of noise.
Reference: Chae et al. 2018, doi 10.1145/3269206.3271743, and the authors' code. Theirs reads a whole profile and is to
give it back, so that copying is the best answer (shown by Pérez Maurera et al. 2022, arXiv 2201.01815); ours reads a
part of a history and is to give all of it. A row is a person's, and a bag is read at length 1.
"""

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional

from zhiyin.models.bags import BagModel, BagNetwork
from zhiyin.models.learning import LearningConfig


class CFGANConfig(LearningConfig):
    """Settings of CFGAN."""

    hidden: int = Field(default=300, gt=0)
    """Width of the generator's layer."""
    condition: float = Field(default=0.75, gt=0, le=1)
    """Share of a person's items that the generator reads at each update; it is to give all of them. 1, the paper's:
    copying is then enough."""
    noise: int = Field(default=0, ge=0)
    """Random numbers that the generator reads beside the history; 0, as in the authors' code: none."""
    reconstruction: float = Field(default=1.0, ge=0)
    """Weight of giving 1 to each taken item; 0, the paper's, leaves that to the critic."""
    zeros: float = Field(default=0.5, ge=0, le=1)
    """Zero-reconstruction: share of the items that a person did not take, drawn at each update, sent to 0."""
    zero_weight: float = Field(default=0.5, ge=0)
    """Weight of that for each of them."""
    masked: float = Field(default=0.5, ge=0, le=1)
    """Partial masking: share of the items that a person did not take, drawn at each update, that the critic sees beside
    the taken ones."""
    adversarial: float = Field(default=1.0, ge=0)
    """Weight of fooling the critic; 0: the same generator by reconstruction alone."""
    critic: int = Field(default=250, gt=0)
    """Width of the critic's layer."""
    critic_rate: float = Field(default=0.5, gt=0, le=1)
    """Learning rate of the critic as a share of the generator's."""


class Generator(BagNetwork):
    """A history, and noise, → H → a number for each item: near 1 for what is taken, near 0 for the rest."""

    def __init__(self, n_items: int, hidden: int, noise: int = 0) -> None:
        super().__init__(n_items, hidden, hidden, None)
        self.bias_in = nn.Parameter(torch.zeros(hidden))
        self.noise_in = nn.Parameter(torch.empty(noise, hidden))
        for weight in (self.item_in, self.item_out, *([self.noise_in] if noise else [])):
            nn.init.xavier_normal_(weight)
        nn.init.zeros_(self.bias_out)

    def people(self, summed: Tensor, noise: Tensor | None = None) -> Tensor:
        """(B, H) from the summed rows of each history; ``noise`` (B, Z), by itself its mean, nothing."""
        shift = self.bias_in if noise is None else self.bias_in + noise @ self.noise_in
        return torch.sigmoid(shift + summed)

    def forward(self, history: tuple[Tensor, Tensor, Tensor], noise: Tensor) -> Tensor:
        """A number for each item, (B, N)."""
        table, bias = self.outputs()
        return self.people(self.summed(*history), noise) @ table.T + bias


class Critic(nn.Module):
    """A history and numbers for items → the log odds that these are what the person really took."""

    def __init__(self, n_items: int, width: int) -> None:
        super().__init__()
        self.history = BagNetwork(n_items, width, 1, None)
        del self.history.item_out, self.history.bias_out
        self.numbers = nn.Parameter(torch.empty(n_items, width))
        self.bias = nn.Parameter(torch.zeros(width))
        self.last = nn.Linear(width, 1)
        nn.init.xavier_normal_(self.history.item_in)
        nn.init.xavier_normal_(self.numbers)

    def forward(self, history: tuple[Tensor, Tensor, Tensor], numbers: Tensor) -> Tensor:
        """``numbers`` (B, N), 0 for what it may not see → (B,)."""
        seen = self.history.summed(*history) + numbers @ self.numbers  # (B, W)
        odds: Tensor = self.last(functional.leaky_relu(self.bias + seen, 0.2)).squeeze(1)
        return odds


class CFGANModel(BagModel[CFGANConfig]):
    """CFGAN: a generator completes histories, and a critic that sees both tells made completions from real ones."""

    name = "CFGAN"
    Config = CFGANConfig
    estimator = "zhiyin.models.gan.training_cfgan:CFGAN"
    components = {
        "the critic": "test_without_the_critic_it_is_the_reconstruction_alone",
        "the condition: a part of the history": "test_the_generator_reads_a_part_and_is_asked_for_all",
        "zero-reconstruction": "test_the_losses_are_the_papers",
        "partial masking": "test_the_critic_teaches_nothing_about_what_it_may_not_see",
        "noise": "test_noise_enters_where_it_is_asked_for",
    }
    network: Generator

    def new_network(self) -> Generator:
        return Generator(len(self.catalogue), self.config.hidden, self.config.noise)
