"""What every model with a network shares: what was learned is the network's weights, by their names."""

from collections.abc import Mapping
from typing import Any, TypeVar

import numpy as np
import torch

from zhiyin.models.model import Model, ModelConfig

C = TypeVar("C", bound=ModelConfig)


class NetworkModel(Model[C]):
    """A model that is a network of torch."""

    network: Any
    """``nn.Module``; a model names its own."""

    def new_network(self) -> Any:
        """An untrained network of this model's settings and catalogue."""
        raise NotImplementedError

    def arrays(self) -> Mapping[str, np.ndarray]:
        return {name: weight.numpy() for name, weight in self.network.state_dict().items()}

    def restore(self, arrays: Mapping[str, np.ndarray]) -> None:
        self.network = self.new_network()
        self.network.load_state_dict({name: torch.from_numpy(array.copy()) for name, array in arrays.items()})
        self.network.eval()
