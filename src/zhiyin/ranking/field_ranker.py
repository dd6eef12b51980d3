"""What the rankers share that are networks over fields: learning, answering, explaining, saving.

Letters: n rows, K columns kept, Q numbers, G categories, D width of a vector, R rows of the table, U units.
"""

from collections.abc import Iterator, Mapping
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from zhiyin.core.errors import ModelError
from zhiyin.ranking.field_learning import BLOCK, Examples, FieldConfig, kept_aside, learn
from zhiyin.ranking.fields import Fields, refuse_strangers
from zhiyin.ranking.networks import FieldNetwork
from zhiyin.ranking.ranker import Ranker
from zhiyin.ranking.rows import Rows
from zhiyin.ranking.shuffled import moves
from zhiyin.registry import Artefact

NODES = 64
"""Of the integral of gradients."""

C = TypeVar("C", bound=FieldConfig)


class FieldRanker(Ranker[C]):
    """Base of the rankers that are networks over fields; each writes `network_for`."""

    fields: Fields
    network: FieldNetwork
    usual: Tensor
    """Units of a row whose numbers are at their mean and whose vectors are the mean of those of all, float32 (U,)."""
    moved: np.ndarray
    """How much each column counts, float64 (K,), see `weights`."""

    def network_for(self, fields: Fields) -> FieldNetwork:
        """An untrained network."""
        raise ModelError(f"{self.name} must define network_for")

    def labels_of(self, rows: Rows) -> np.ndarray:
        """What the network learns to tell, (n,), or a column for each of its outputs."""
        return rows.labels

    def learn(self, rows: Rows) -> None:
        from zhiyin.training import one_thread, reproducible

        settings = self.config
        refuse_strangers(self.name, settings.categories, self.names)
        aside = kept_aside(rows.groups)
        names = [self.names[position] for position in self.kept]
        self.fields = Fields.of(rows.values[~aside], names, settings.categories, settings.least_rows)
        with one_thread(), reproducible(settings.seed):
            self.network = self.network_for(self.fields)
            taught = self._examples(rows.take(~aside))
            learn(self.network, taught, self._examples(rows.take(aside)), settings)
            self.usual = settle(self.network, self.fields, taught.rows)
            self.moved = moves(self.raw, rows.values, settings.seed)

    def _examples(self, rows: Rows) -> Examples:
        numbers, table_rows = (torch.from_numpy(part) for part in self.fields(rows.values))
        labels = torch.from_numpy(self.labels_of(rows).astype(np.float32))
        return Examples(numbers, table_rows, labels, torch.from_numpy(rows.counts.astype(np.float32)))

    def _units(self, values: np.ndarray) -> Iterator[Tensor]:
        """Of rows (n, K), in blocks (n, U)."""
        for start in range(0, len(values), BLOCK):
            yield self.network.units(*map(torch.from_numpy, self.fields(values[start : start + BLOCK])))

    @torch.no_grad()
    def raw(self, values: np.ndarray) -> np.ndarray:
        odds = [self.network.asked(units).numpy() for units in self._units(values)]
        return np.concatenate([np.zeros(0), *odds])

    def shares(self, values: np.ndarray) -> tuple[np.ndarray, float]:
        """Integrated gradients along the way from a usual row (arXiv 1703.01365)."""
        places, weights = np.polynomial.legendre.leggauss(NODES)
        found = [np.zeros((0, len(self.kept)))]
        for units in self._units(values):
            way = units.detach() - self.usual
            slope = torch.zeros_like(way)
            for place, weight in zip((places + 1) / 2, weights / 2, strict=True):
                at = (self.usual + place * way).requires_grad_()
                slope += weight * torch.autograd.grad(self.network.asked(at).sum(), at)[0]
            parts = (way * slope).numpy().astype(np.float64)
            n_coded = self.network.n_categories * self.network.width
            vectors = parts[:, :n_coded].reshape(len(parts), self.network.n_categories, self.network.width).sum(axis=2)
            found.append(self.fields.of_columns(parts[:, n_coded:], vectors))
        with torch.no_grad():
            return np.concatenate(found), float(self.network.asked(self.usual[None])[0])

    def weights(self) -> np.ndarray:
        """How far the log odds move, in the mean, when a column's values are shuffled among the rows."""
        return self.moved

    def arrays(self) -> dict[str, np.ndarray]:
        learned = {f"network.{name}": value.numpy() for name, value in self.network.state_dict().items()}
        return {**self.fields.arrays(), **learned, "usual": self.usual.numpy(), "moved": self.moved}

    def restore(self, artefact: Artefact) -> None:
        arrays = artefact.arrays
        self.fields, self.moved = Fields.restored(arrays), arrays["moved"]
        self.usual = torch.from_numpy(arrays["usual"])
        self.network = self.network_for(self.fields)
        read_into(self.network, arrays)


def read_into(network: FieldNetwork, arrays: Mapping[str, np.ndarray]) -> None:
    """Take up what was saved as ``network.NAME``; it only answers from then on."""
    learned = {name: torch.from_numpy(arrays[f"network.{name}"]) for name in network.state_dict()}
    network.load_state_dict(learned)
    network.eval().requires_grad_(False)


@torch.no_grad()
def settle(network: FieldNetwork, fields: Fields, rows: Tensor) -> Tensor:
    """After learning from ``rows`` (n, G): the network only answers from now on, and a value that was never met counts
    as the mean of those that were. Returns the units of a usual row (U,)."""
    network.eval().requires_grad_(False)
    means = functional.embedding(rows, network.table).mean(0)  # (G, D)
    met = torch.bincount(rows.flatten(), minlength=len(network.table)) > 0
    for others, mean in zip(fields.others.tolist(), means, strict=True):
        if not met[others]:
            network.table[others] = mean
    return torch.cat([means.flatten(), torch.zeros(network.n_numbers)])
