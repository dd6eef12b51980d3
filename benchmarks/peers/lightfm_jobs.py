"""LightFM on items with features, in its own environment: `python lightfm_jobs.py cold FOLDER OUT.json`.

FOLDER holds what `benchmarks.cold` wrote: who took what (``took.npz``), and of each item a column of its own and its
tags (``features.npz``). One thread, CPU seconds; each setting's vectors go to ``vectors-NUMBER.npz``.
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
)
"""Tried on the validation part; the best one there is told."""


def fitted(folder: Path, number: int) -> float:
    """CPU seconds of one setting; its vectors are written."""
    settings = dict(SETTINGS[number])
    took = sparse.load_npz(folder / "took.npz").tocoo().astype(np.float32)
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
    np.savez(folder / f"vectors-{number}.npz", users=users, items=items, bias=item_bias)
    return seconds


def cold(folder: Path, out: Path) -> dict[str, object]:
    """Every setting."""
    return {"tried": SETTINGS, "fit_cpu_s": [fitted(folder, number) for number in range(len(SETTINGS))]}


if __name__ == "__main__":
    job, folder, out = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    out.write_text(json.dumps(globals()[job](folder, out), indent=2))
