"""LightFM on items with features, in its own environment: `python lightfm_jobs.py cold FOLDER OUT.json`.

FOLDER holds what `benchmarks.cold` wrote: who took what (``took-PART.npz``), a column of tags and one of its own for
each item (``features.npz``). One thread, CPU seconds; each setting's vectors go to ``vectors-PART-NUMBER.npz``.
"""

import json
import sys
import time
from pathlib import Path

import numpy as np
from lightfm import LightFM
from scipy import sparse

SETTINGS = (
    {"loss": "warp", "no_components": 64, "epochs": 30},
    {"loss": "warp", "no_components": 64, "epochs": 30, "without_ids": True},
    {"loss": "warp", "no_components": 64, "epochs": 15, "without_ids": True, "learning_schedule": "adadelta"},
)
"""Tried on the validation part; the best one there is fitted again."""


def fitted(folder: Path, part: str, number: int) -> float:
    """CPU seconds of one setting; its vectors are written."""
    settings = dict(SETTINGS[number])
    took = sparse.load_npz(folder / f"took-{part}.npz").tocoo().astype(np.float32)
    features = sparse.load_npz(folder / "features.npz").tocsr().astype(np.float32)
    if settings.pop("without_ids", False):
        features = features[:, features.shape[0] :]  # each item's own column stands first
    epochs = settings.pop("epochs")
    model = LightFM(random_state=0, **settings)
    start = time.process_time()
    model.fit(took, item_features=features, epochs=epochs, num_threads=1)
    seconds = time.process_time() - start
    item_bias, items = model.get_item_representations(features)
    _, users = model.get_user_representations()
    np.savez(folder / f"vectors-{part}-{number}.npz", users=users, items=items, bias=item_bias)
    return seconds


def cold(folder: Path, out: Path) -> dict[str, object]:
    """Every setting on the training part."""
    seconds = [fitted(folder, "train", number) for number in range(len(SETTINGS))]
    return {"tried": SETTINGS, "fit_cpu_s": seconds}


def again(folder: Path, out: Path) -> dict[str, object]:
    """The chosen setting (``chosen.json``) on training and validation part."""
    number = json.loads((folder / "chosen.json").read_text())
    return {"settings": SETTINGS[number], "fit_cpu_s": fitted(folder, "refit", number)}


if __name__ == "__main__":
    job, folder, out = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    out.write_text(json.dumps(globals()[job](folder, out), indent=2))
