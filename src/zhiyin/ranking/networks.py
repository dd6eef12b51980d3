"""Networks over fields: what DCN-v2, DeepFM and two targets compute. How they learn is in field_learning.py.

All of them read ``units``: the vectors of a row's categories one after the other, then its numbers. Letters: n rows,
Q numbers, G categories, D width of a category's vector, R rows of the table, U = G D + Q units.
References: Wang et al. 2021, arXiv 2008.13535 (DCN-v2); Guo et al. 2017, arXiv 1703.04247 (DeepFM); Ma et al. 2018,
arXiv 1804.07931 (ESMM).
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

SMALL = 0.1
"""Spread of the vectors before learning."""

CERTAIN = 1e-6
"""No two things together are surer than 1 minus that."""


class FieldNetwork(nn.Module):
    """The table of vectors, and what all networks share; each writes `odds`."""

    def __init__(self, n_numbers: int, n_categories: int, n_rows: int, width: int) -> None:
        super().__init__()
        self.n_numbers, self.n_categories, self.width = n_numbers, n_categories, width
        self.table = nn.Parameter(torch.randn(n_rows, width) * SMALL)  # (R, D)

    @property
    def n_units(self) -> int:
        return self.n_categories * self.width + self.n_numbers

    def units(self, numbers: Tensor, rows: Tensor) -> Tensor:
        """(n, Q) and (n, G) → (n, U)"""
        return torch.cat([functional.embedding(rows, self.table).flatten(1), numbers], dim=1)

    def odds(self, units: Tensor) -> Tensor:
        """(n, U) → log odds (n,), one column for each target where there are several."""
        raise NotImplementedError

    def asked(self, units: Tensor) -> Tensor:
        """(n, U) → log odds of what the ranker is asked for, (n,)."""
        return self.odds(units)

    def forward(self, numbers: Tensor, rows: Tensor) -> Tensor:
        return self.odds(self.units(numbers, rows))


def tower(n_inputs: int, hidden: Sequence[int], dropout: float, n_outputs: int | None = None) -> nn.Sequential:
    """Rectified layers, each normalised over the batch; linear outputs at the end where ``n_outputs`` is given."""
    layers: list[nn.Module] = []
    for n_units in hidden:
        layers += [nn.Linear(n_inputs, n_units), nn.BatchNorm1d(n_units), nn.ReLU(), nn.Dropout(dropout)]
        n_inputs = n_units
    return nn.Sequential(*layers, *([nn.Linear(n_inputs, n_outputs)] if n_outputs else []))


class CrossNetwork(nn.Module):
    """x(l+1) = x(0) · (W(l) x(l) + b(l)) + x(l): after L layers, products of up to L + 1 units."""

    def __init__(self, n_units: int, n_layers: int) -> None:
        super().__init__()
        layers = [nn.Linear(n_units, n_units) for _ in range(n_layers)]
        for layer in layers:
            nn.init.xavier_normal_(layer.weight)
            nn.init.zeros_(layer.bias)
        self.layers = nn.ModuleList(layers)

    def forward(self, units: Tensor) -> Tensor:
        crossed = units
        for layer in self.layers:
            crossed = units * layer(crossed) + crossed  # (n, U)
        return crossed


class DCNv2Network(FieldNetwork):
    """Cross layers and rectified layers on the same units, beside each other or one on the other."""

    def __init__(
        self, n_numbers: int, n_categories: int, n_rows: int, width: int, *, crosses: int, hidden: Sequence[int],
        dropout: float, stacked: bool,
    ) -> None:  # fmt: skip
        super().__init__(n_numbers, n_categories, n_rows, width)
        self.stacked = stacked
        self.cross = CrossNetwork(self.n_units, crosses)
        self.deep = tower(self.n_units, hidden, dropout)
        n_deep = hidden[-1] if hidden else self.n_units
        self.last = nn.Linear(n_deep if stacked else self.n_units + n_deep, 1)

    def odds(self, units: Tensor) -> Tensor:
        crossed = self.cross(units)
        seen = self.deep(crossed) if self.stacked else torch.cat([crossed, self.deep(units)], dim=1)
        odds: Tensor = self.last(seen)
        return odds[:, 0]


class DeepFMNetwork(FieldNetwork):
    """Weights of single fields, products of the vectors of all pairs, and rectified layers, added up.

    The last number of a category's vector is its weight; a number has a weight, and a vector that it multiplies."""

    def __init__(
        self, n_numbers: int, n_categories: int, n_rows: int, width: int, *, hidden: Sequence[int], dropout: float
    ) -> None:
        super().__init__(n_numbers, n_categories, n_rows, width + 1)
        self.of_numbers = nn.Parameter(torch.randn(n_numbers, width + 1) * SMALL)  # (Q, D + 1)
        self.deep = tower(n_categories * width + n_numbers, hidden, dropout, 1)

    def odds(self, units: Tensor) -> Tensor:
        n_coded = self.n_categories * self.width
        coded, numbers = units[:, :n_coded], units[:, n_coded:]
        coded = coded.reshape(len(coded), self.n_categories, self.width)
        fields = torch.cat([coded, numbers[:, :, None] * self.of_numbers], dim=1)  # (n, F, D + 1)
        vectors, weights = fields[:, :, :-1], fields[:, :, -1]  # (n, F, D) and (n, F)
        deep: Tensor = self.deep(torch.cat([vectors[:, : self.n_categories].flatten(1), numbers], dim=1))
        return weights.sum(1) + pairs(vectors) + deep[:, 0]


def pairs(vectors: Tensor) -> Tensor:
    """The sum over all pairs of fields of the product of their vectors: (n, F, D) → (n,), in time linear in F."""
    return (vectors.sum(1) ** 2 - (vectors**2).sum(1)).sum(1) / 2


class ESMMNetwork(FieldNetwork):
    """A tower for the click and one for what follows it, on the same vectors; p(label) = p(click) · p(then).

    Both outputs are of all rows, so that the second tower learns from rows without a click too."""

    def __init__(
        self, n_numbers: int, n_categories: int, n_rows: int, width: int, *, hidden: Sequence[int], dropout: float
    ) -> None:
        super().__init__(n_numbers, n_categories, n_rows, width)
        self.click = tower(self.n_units, hidden, dropout, 1)
        self.then = tower(self.n_units, hidden, dropout, 1)

    def odds(self, units: Tensor) -> Tensor:
        click: Tensor = self.click(units)[:, 0]
        both = functional.logsigmoid(click) + functional.logsigmoid(self.then(units)[:, 0])  # log p
        both = both.clamp(max=-CERTAIN)
        return torch.stack([click, both - torch.log(-torch.expm1(both))], dim=1)  # (n, 2)

    def asked(self, units: Tensor) -> Tensor:
        return self.odds(units)[:, 1]
