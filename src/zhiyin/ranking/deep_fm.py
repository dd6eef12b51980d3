"""DeepFM: weights of single columns, products of the vectors of all pairs of them, and rectified layers.

Reference: Guo et al. 2017, arXiv 1703.04247. Numbers have a vector too, which they multiply.
"""

from zhiyin.ranking.field_learning import FieldConfig
from zhiyin.ranking.field_ranker import FieldRanker
from zhiyin.ranking.fields import Fields
from zhiyin.ranking.networks import DeepFMNetwork


class DeepFM(FieldRanker[FieldConfig]):
    """A factorisation machine with a deep part: every pair of columns counts, even one that was hardly seen."""

    name = "DeepFM"
    Config = FieldConfig

    def network_for(self, fields: Fields) -> DeepFMNetwork:
        settings = self.config
        return DeepFMNetwork(
            fields.n_numbers, len(fields.categories), fields.n_rows, settings.width, hidden=settings.hidden,
            dropout=settings.dropout,
        )  # fmt: skip
