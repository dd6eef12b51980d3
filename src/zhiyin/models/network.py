"""What every model with a network shares: what was learned is the network's weights, by their names.

Letters: N items, M new items, C numbers of content.
"""

from collections.abc import Mapping
from typing import Any, Self, TypeVar

import numpy as np
import torch
from torch import Tensor

from zhiyin.data.contracts import Catalogue
from zhiyin.data.dataset import Dataset
from zhiyin.models.content import content_of, laid_out_like
from zhiyin.models.described import ItemContent
from zhiyin.models.model import Model, ModelConfig

C = TypeVar("C", bound=ModelConfig)

TRAINED, LIFT = "trained", "new_bias"
"""Names of the arrays that say which items' ids speak, and what is added where they do not."""


class NetworkModel(Model[C]):
    """A model that is a network of torch."""

    network: Any
    """``nn.Module``; a model names its own."""
    _grown: tuple[Catalogue, Any, Any] | None = None
    """New items that were last asked about, the network they were added to, and what came of it."""

    def new_network(self) -> Any:
        """An untrained network of this model's settings and catalogue."""
        raise NotImplementedError

    @property
    def item_content(self) -> ItemContent | None:
        """What the network reads beside ids, where it does."""
        found: ItemContent | None = getattr(self.network, "content", None)
        return found

    def content(self) -> Tensor | None:
        """The catalogue's content (N, C), where the setting ``content`` wants it and there is some."""
        found = content_of(self.catalogue) if getattr(self.config, "content", False) else None
        return None if found is None else torch.from_numpy(found)

    def knows(self, dataset: Dataset, start: Any = None) -> None:
        """Tell a new network whose ids will be taught: of items taken here, or known to the version before."""
        if self.item_content is None:
            return
        trained = dataset.hot_items.copy()
        if isinstance(start, NetworkModel) and start.is_trained and start.item_content is not None:
            rows = start.catalogue.ids.rows(self.catalogue.ids)
            trained |= (rows >= 0) & start.item_content.trained.numpy()[np.maximum(rows, 0)]
            self.item_content.lift.copy_(start.item_content.lift)
        self.item_content.trained[: len(trained)] = torch.from_numpy(trained)

    def with_new(self, new_items: Catalogue) -> Self | None:
        if self.item_content is None:
            return None
        if self._grown is None or self._grown[0] is not new_items or self._grown[1] is not self.network:
            like = laid_out_like(new_items, self.catalogue.content)
            if like is None:
                return None
            self._grown = (new_items, self.network, self._with(like))
        found: Self = self._grown[2]
        return found

    def _with(self, new_items: Catalogue) -> Self:
        """The same weights; those of new items' ids are nothing."""
        grown = type(self)(config=self.config)
        grown.catalogue, grown.weighting = self.catalogue.add(new_items), self.weighting
        grown.facts = {**self.facts, "catalogue": grown.catalogue.digest}
        n, arrays = len(self.catalogue), dict(self.arrays())
        for name in (*self.network.per_item, TRAINED):
            if name in arrays:
                nothing = np.zeros((len(new_items), *arrays[name].shape[1:]), arrays[name].dtype)
                arrays[name] = np.concatenate([arrays[name][:n], nothing, arrays[name][n:]])
        grown.restore(arrays)
        return grown

    def arrays(self) -> Mapping[str, np.ndarray]:
        weights = {name: weight.numpy() for name, weight in self.network.state_dict().items()}
        if (content := self.item_content) is not None:
            weights |= {TRAINED: content.trained.numpy(), LIFT: content.lift.numpy()[None]}
        return weights

    def restore(self, arrays: Mapping[str, np.ndarray]) -> None:
        self.network = self.new_network()
        given = {name: torch.from_numpy(array.copy()) for name, array in arrays.items()}
        if (content := self.item_content) is not None:
            content.trained.copy_(given.pop(TRAINED))
            content.lift.copy_(given.pop(LIFT)[0])
        self.network.load_state_dict(given)
        self.network.eval()
