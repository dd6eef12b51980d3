"""DCN-v2: products of columns, found layer by layer, beside rectified layers.

Reference: Wang et al. 2021, arXiv 2008.13535.
"""

from pydantic import Field

from zhiyin.ranking.field_learning import FieldConfig
from zhiyin.ranking.field_ranker import FieldRanker
from zhiyin.ranking.fields import Fields
from zhiyin.ranking.networks import DCNv2Network


class DCNv2Config(FieldConfig):
    """Settings of DCN-v2."""

    crosses: int = Field(default=3, ge=0)
    """Cross layers: products of up to one more column than that."""
    stacked: bool = False
    """The rectified layers read what the cross layers made, instead of standing beside them."""


class DCNv2(FieldRanker[DCNv2Config]):
    """A cross network: it multiplies columns with each other, and embeds those that are categories."""

    name = "DCNv2"
    Config = DCNv2Config

    def network_for(self, fields: Fields) -> DCNv2Network:
        settings = self.config
        return DCNv2Network(
            fields.n_numbers, len(fields.categories), fields.n_rows, settings.width, crosses=settings.crosses,
            hidden=settings.hidden, dropout=settings.dropout, stacked=settings.stacked,
        )  # fmt: skip
