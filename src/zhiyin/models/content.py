"""What a catalogue's content vectors say of its items, as one matrix that a network reads.

Letters: N items, C numbers of all blocks together. Each block of a row is brought to length 1, so that blocks count
alike and a new item needs nothing but its own vectors.
"""

from collections.abc import Mapping

import numpy as np

from zhiyin.core.errors import ModelError
from zhiyin.core.lengths import at_length_one
from zhiyin.data.contracts import Catalogue


def content_of(catalogue: Catalogue) -> np.ndarray | None:
    """The blocks side by side in the order of their names, float32 (N, C); zeros where an item has no content.

    None for a catalogue without content vectors.
    """
    if not catalogue.content:
        return None
    blocks = [np.nan_to_num(block.astype(np.float32)) for _, block in sorted(catalogue.content.items())]
    return np.concatenate([at_length_one(block) for block in blocks], axis=1)


def laid_out_like(new: Catalogue, known: Mapping[str, np.ndarray]) -> Catalogue | None:
    """New items with the blocks of the ``known`` ones and no others; None where they have none of these.

    Raises `ModelError` where a block has another width.
    """
    there = {name: block for name, block in new.content.items() if name in known}
    if not there:
        return None
    for name, block in there.items():
        if block.shape[1:] != known[name].shape[1:]:
            raise ModelError(
                f"content {name!r} of the new items has {block.shape[1]} numbers, the model was trained with "
                f"{known[name].shape[1]}; make both with the same encoder"
            )
    missing = {name: np.full((len(new), block.shape[1]), np.nan, np.float32) for name, block in known.items()}
    return Catalogue(new.ids, new.columns, {**missing, **there})
