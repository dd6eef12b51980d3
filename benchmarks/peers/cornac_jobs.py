"""Cornac's VAE, in its own environment: `python cornac_jobs.py vae FOLDER OUT.json` (one thread, CPU seconds)."""

import json
import sys
import time
from pathlib import Path

import cornac
import numpy as np
import pandas as pd


def clock() -> float:
    return time.process_time()


def vae(folder: Path, out: Path) -> dict[str, float]:
    """CPU seconds of an epoch: 600-200, batch 500, on the training people of a held-out-people protocol."""
    frame = pd.read_parquet(folder / "events.parquet")
    train = frame[frame["part"] == "train"]
    data = cornac.data.Dataset.from_uir(zip(train["user"], train["item"], np.ones(len(train)), strict=True), seed=0)
    seconds = {}
    for epochs in (1, 2, 5):  # the first, which also makes kernels ready, is not counted
        model = cornac.models.VAECF(
            k=200, autoencoder_structure=[600], act_fn="tanh", likelihood="mult", n_epochs=epochs, batch_size=500,
            learning_rate=0.001, beta=0.2, seed=0, use_gpu=False,
        )  # fmt: skip
        start = clock()
        model.fit(data)
        seconds[epochs] = clock() - start
    return {"epoch_cpu_s": (seconds[5] - seconds[2]) / 3, "people": int(data.num_users)}


if __name__ == "__main__":
    job, folder, out = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    out.write_text(json.dumps(globals()[job](folder, out), indent=2))
