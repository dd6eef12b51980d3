"""A small neural network on standardised columns, for how columns work together.

Layers of rectified units, log odds at the end; trained by scikit-learn (Adam), pass by pass, until requests kept aside
are predicted no better; answered here. Letters: n rows, K columns kept, M of them with missing values, L layers.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from pydantic import Field

from zhiyin.ranking.ranker import Ranker, RankerConfig
from zhiyin.ranking.rows import Rows
from zhiyin.ranking.shuffled import moves
from zhiyin.ranking.standardised import Standardised
from zhiyin.registry import Artefact

WATCHED = 10
"""Every tenth request is kept aside, to see when learning on brings nothing."""
UPDATES, FEWEST = 100, 32
"""A pass over few rows is so many updates, each of at least so many rows: with fewer updates the network is stopped
half way, and whatever makes it learn faster, were it columns of noise, looks like a gain."""
NODES = 256
"""Of the integral of gradients: what bends is bent at points, so that many nodes are needed."""


class NeuralNetworkConfig(RankerConfig):
    """Settings of the neural network."""

    hidden: tuple[int, ...] = (64, 32)
    """Units of each layer."""
    learning_rate: float = Field(default=1e-3, gt=0)
    """Of Adam."""
    batch: int = Field(default=512, gt=0)
    """Rows of one update at most; of few rows fewer, so that a pass is at least ``UPDATES`` updates."""
    epochs: int = Field(default=40, gt=0)
    """Passes over the rows at most."""
    patience: int = Field(default=4, gt=0)
    """Passes that bring nothing on the requests kept aside after which it stops; the best is kept."""
    decay: float = Field(default=3.0, ge=0)
    """L2 penalty on the weights, divided by ``batch``."""


def forward(units: np.ndarray, layers: Sequence[tuple[np.ndarray, np.ndarray]]) -> np.ndarray:
    """Log odds, float64 (n,), of standardised columns (n, K + M)."""
    for weights, biases in layers[:-1]:
        units = np.maximum(units @ weights + biases, 0)
    weights, biases = layers[-1]
    return np.asarray((units @ weights + biases)[:, 0])


def gradient(units: np.ndarray, layers: Sequence[tuple[np.ndarray, np.ndarray]]) -> np.ndarray:
    """How `forward` changes with each of ``units``, float64 (n, K + M)."""
    open_: list[np.ndarray] = []
    for weights, biases in layers[:-1]:
        units = units @ weights + biases
        open_.append(units > 0)
        units = np.maximum(units, 0)
    slope = np.broadcast_to(layers[-1][0][:, 0], (len(units), len(layers[-1][0])))
    for (weights, _), active in zip(reversed(layers[:-1]), reversed(open_), strict=True):
        slope = (slope * active) @ weights.T
    return slope


class NeuralNetwork(Ranker[NeuralNetworkConfig]):
    """A neural network: layers of rectified units over the standardised columns."""

    name = "NeuralNetwork"
    Config = NeuralNetworkConfig
    standardised: Standardised
    layers: list[tuple[np.ndarray, np.ndarray]]
    """Weights (inputs, outputs) and biases (outputs,) of each, float64; the last gives the log odds."""
    moves: np.ndarray
    """How much each column counts, float64 (K,), see `weights`."""

    def learn(self, rows: Rows) -> None:
        from sklearn.neural_network import MLPClassifier
        from threadpoolctl import threadpool_limits

        settings = self.config
        self.standardised = Standardised.of(rows.values)
        aside = rows.groups % WATCHED == WATCHED - 1  # whole requests: the rows of one are alike
        taught, watched = rows.take(~aside), rows.take(aside)
        batch = min(settings.batch, max(FEWEST, len(taught) // UPDATES), len(taught))
        model = MLPClassifier(
            settings.hidden, learning_rate_init=settings.learning_rate, alpha=settings.decay * batch / settings.batch,
            batch_size=batch, random_state=settings.seed,
        )  # fmt: skip
        values, best, since = self.standardised(taught.values), np.inf, 0
        with threadpool_limits(1):  # the same network, whatever the number of threads
            for _ in range(settings.epochs):
                model.partial_fit(values, taught.labels, classes=(False, True), sample_weight=taught.weights)
                loss = self._loss(model, watched)
                since = 0 if loss < best else since + 1
                if since == 0:
                    best = loss
                    self.layers = [(w.copy(), b.copy()) for w, b in zip(model.coefs_, model.intercepts_, strict=True)]
                if since == settings.patience:
                    break
        self.moves = moves(self.raw, rows.values, settings.seed)

    def _loss(self, model: Any, watched: Rows) -> float:
        """Mean log loss on the requests kept aside; falls with every pass where there are none."""
        if not len(watched):
            return float(-model.n_iter_)
        odds = forward(self.standardised(watched.values), list(zip(model.coefs_, model.intercepts_, strict=True)))
        return float(np.average(np.logaddexp(0, odds) - watched.labels * odds, weights=watched.weights))

    def raw(self, values: np.ndarray) -> np.ndarray:
        return forward(self.standardised(values), self.layers)

    def shares(self, values: np.ndarray) -> tuple[np.ndarray, float]:
        """Integrated gradients along the way from a row whose columns are all at their mean (arXiv 1703.01365)."""
        units = self.standardised(values)
        places, weights = np.polynomial.legendre.leggauss(NODES)
        slope = sum(half * gradient((place + 1) / 2 * units, self.layers)
                    for place, half in zip(places, weights / 2, strict=True))  # fmt: skip
        return self.standardised.of_columns(units * slope), float(
            forward(np.zeros((1, units.shape[1])), self.layers)[0]
        )

    def weights(self) -> np.ndarray:
        """How far the log odds move, in the mean, when a column's values are shuffled among the rows."""
        return self.moves

    def arrays(self) -> dict[str, np.ndarray]:
        learned = {f"{what}.{n}": part for n, layer in enumerate(self.layers)
                   for what, part in zip(("weights", "biases"), layer, strict=True)}  # fmt: skip
        return {**self.standardised.arrays(), **learned, "moves": self.moves}

    def restore(self, artefact: Artefact) -> None:
        self.standardised = Standardised.restored(artefact.arrays)
        n_layers = len(self.config.hidden) + 1
        self.moves = artefact.arrays["moves"]
        self.layers = [(artefact.arrays[f"weights.{n}"], artefact.arrays[f"biases.{n}"]) for n in range(n_layers)]
