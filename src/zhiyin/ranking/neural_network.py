"""A small neural network on standardised columns, for how columns work together.

Layers of rectified units, log odds at the end; trained by scikit-learn (Adam, stopped early where there are rows
enough), answered here. Letters: n rows, K columns kept, M of them with missing values, L layers.
"""

import warnings

import numpy as np
from pydantic import Field

from zhiyin.ranking.ranker import Ranker, RankerConfig
from zhiyin.ranking.rows import Rows
from zhiyin.ranking.standardised import Standardised
from zhiyin.registry import Artefact

SHUFFLED = 2_000
"""Rows on which it is seen how much each column counts."""


class NeuralNetworkConfig(RankerConfig):
    """Settings of the neural network."""

    hidden: tuple[int, ...] = (64, 32)
    """Units of each layer."""
    learning_rate: float = Field(default=2e-3, gt=0)
    """Of Adam."""
    batch: int = Field(default=512, gt=0)
    """Rows of one update."""
    epochs: int = Field(default=15, gt=0)
    """Passes over the rows at most."""
    patience: int = Field(default=3, gt=0)
    """Passes that bring nothing on a tenth of the rows, kept aside, after which it stops."""
    decay: float = Field(default=1e-3, ge=0)
    """L2 penalty on the weights."""


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
        from sklearn.exceptions import ConvergenceWarning
        from sklearn.neural_network import MLPClassifier
        from threadpoolctl import threadpool_limits

        settings = self.config
        self.standardised = Standardised.of(rows.values)
        stops = len(rows) >= 10 * settings.batch
        model = MLPClassifier(
            settings.hidden, learning_rate_init=settings.learning_rate, alpha=settings.decay,
            batch_size=min(settings.batch, len(rows)), max_iter=settings.epochs if stops else 10 * settings.epochs,
            early_stopping=stops, n_iter_no_change=settings.patience, random_state=settings.seed,
        )  # fmt: skip
        with warnings.catch_warnings(), threadpool_limits(1):  # the same network, whatever the number of threads
            warnings.simplefilter("ignore", ConvergenceWarning)  # so many passes are meant
            model.fit(self.standardised(rows.values), rows.labels)
        self.layers = list(zip(model.coefs_, model.intercepts_, strict=True))
        self.moves = self._moves(rows.values)

    def _moves(self, values: np.ndarray) -> np.ndarray:
        """Mean absolute change of the log odds for each column shuffled, float64 (K,)."""
        rng = np.random.default_rng(self.config.seed)
        values = values[rng.permutation(len(values))[:SHUFFLED]]
        usual, moves = self.raw(values), np.zeros(values.shape[1])
        for column in range(values.shape[1]):
            other = values.copy()
            other[:, column] = rng.permutation(other[:, column])
            moves[column] = np.abs(self.raw(other) - usual).mean()
        return moves

    def raw(self, values: np.ndarray) -> np.ndarray:
        units = self.standardised(values)  # (n, K + M)
        for weights, biases in self.layers[:-1]:
            units = np.maximum(units @ weights + biases, 0)
        weights, biases = self.layers[-1]
        return np.asarray((units @ weights + biases)[:, 0])

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
