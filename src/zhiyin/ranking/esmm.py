"""Two targets over all rows that were shown: the click, and what follows it (a purchase).

p(label) = p(click) · p(label | click), each a tower on shared vectors; both products are learned from all rows, so that
the second factor is no model of clicked rows alone. Reference: Ma et al. 2018, arXiv 1804.07931. Letters: n rows.
"""

from typing import NamedTuple

import numpy as np
import torch

from zhiyin.core.errors import ModelError
from zhiyin.ranking.calibration import PLAIN, Calibration, calibrated
from zhiyin.ranking.field_learning import FieldConfig
from zhiyin.ranking.field_ranker import FieldRanker
from zhiyin.ranking.fields import Fields
from zhiyin.ranking.networks import ESMMNetwork
from zhiyin.ranking.ranker import PREDICT_BLOCK
from zhiyin.ranking.rows import Rows
from zhiyin.registry import Artefact

CLICKS = "clicks."


class Chances(NamedTuple):
    """Probabilities, float32, in the shape of the candidates."""

    click: np.ndarray
    """That the candidate is clicked."""
    label: np.ndarray
    """That it is clicked and then taken: what `ESMM.probability` gives."""
    after_click: np.ndarray
    """That it is taken once it was clicked."""


class ESMM(FieldRanker[FieldConfig]):
    """Click and what follows it, in one network: a ranker for purchases that are rare among rare clicks."""

    name = "ESMM"
    Config = FieldConfig
    of_clicks: Calibration

    def network_for(self, fields: Fields) -> ESMMNetwork:
        settings = self.config
        return ESMMNetwork(
            fields.n_numbers, len(fields.categories), fields.n_rows, settings.width, hidden=settings.hidden,
            dropout=settings.dropout,
        )  # fmt: skip

    def labels_of(self, rows: Rows) -> np.ndarray:
        """Clicks and labels, (n, 2). Raises `ModelError` for rows whose clicks are not known."""
        if rows.clicked is None:
            raise ModelError(
                f"{self.name} learns from two targets, found one; give clicked=, whether each row was clicked, "
                "or take another ranker"
            )
        return np.stack([rows.clicked, rows.labels], axis=1)

    def chances(self, values: np.ndarray) -> Chances:
        """Both probabilities, calibrated, of all candidates (..., F); a click is never less likely than the label."""
        flat = self._read(values)
        parts = [self._click_odds(flat[start : start + PREDICT_BLOCK]) for start in range(0, len(flat), PREDICT_BLOCK)]
        label = self.calibration(self.raw(flat))
        click = np.maximum(self.of_clicks(np.concatenate([np.zeros(0), *parts])), label)
        rate = self.negative_rate  # of rows without the label, clicked or not
        whole = label + (1 - label) / rate
        click, label = (label + (click - label) / rate) / whole, label / whole
        after = label / np.maximum(click, 1e-12)
        return Chances(*(part.astype(np.float32).reshape(values.shape[:-1]) for part in (click, label, after)))

    @torch.no_grad()
    def _click_odds(self, values: np.ndarray) -> np.ndarray:
        parts = [self.network.odds(units)[:, 0].numpy() for units in self._units(values)]
        return np.concatenate([np.zeros(0), *parts])

    def _calibration(self, teaching: Rows, later: Rows | None) -> Calibration:
        self.of_clicks = PLAIN
        clicked = None if later is None else later.clicked
        if later is not None and clicked is not None and 0 < clicked.sum() < len(clicked):
            odds = self._click_odds(later.values[:, self.kept])
            self.of_clicks = calibrated(odds, clicked.astype(np.float64), later.weights)
        return super()._calibration(teaching, later)

    def arrays(self) -> dict[str, np.ndarray]:
        clicks = {CLICKS + name: array for name, array in self.of_clicks.arrays().items()}
        return {**super().arrays(), **clicks}

    def restore(self, artefact: Artefact) -> None:
        super().restore(artefact)
        clicks = {name.removeprefix(CLICKS): array for name, array in artefact.arrays.items() if CLICKS in name}
        method = "isotonic" if len(clicks["calibration.knots"]) else "platt"
        self.of_clicks = Calibration.restored(method, clicks)
