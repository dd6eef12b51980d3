"""FuxiCTR's DCN-v2 and DeepFM, in its own environment: `python fuxictr_jobs.py frappe FOLDER OUT.json`.

FOLDER holds the codes that `benchmarks.frappe` wrote (``codes.npz``). Training loop, layers and losses are FuxiCTR's;
its wheel leaves the two models out, so that they are put together from its layers here as its model zoo does. Settings
are those published for frappe (BARS: DCNv2_frappe_x1_007, DeepFM_frappe_x1_001). One thread, CPU seconds.
"""

import json
import math
import sys
import tempfile
import time
from collections import OrderedDict
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from fuxictr.features import FeatureMap
from fuxictr.pytorch.layers import CrossNetV2, FactorizationMachine, FeatureEmbedding, MLP_Block
from fuxictr.pytorch.models import BaseModel
from fuxictr.pytorch.torch_utils import seed_everything

WIDTH, BATCH, HIDDEN = 10, 4096, [400, 400, 400]
DROPOUT = {"DCNv2": 0.4, "DeepFM": 0.2}
SEEDS = 3


class Batches:
    """Rows in batches, shuffled anew at each pass where asked for."""

    def __init__(self, names: list[str], codes: np.ndarray, labels: np.ndarray, shuffled: bool) -> None:
        self.columns = {name: torch.from_numpy(codes[:, n]) for n, name in enumerate(names)}
        self.columns["label"] = torch.from_numpy(labels.astype(np.float32))
        self.n, self.shuffled = len(labels), shuffled

    def __len__(self) -> int:
        return math.ceil(self.n / BATCH)

    def __iter__(self) -> Iterator[dict[str, torch.Tensor]]:
        order = torch.randperm(self.n) if self.shuffled else torch.arange(self.n)
        for which in order.split(BATCH):
            yield {name: column[which] for name, column in self.columns.items()}


class Peer(BaseModel):
    """Either model."""

    def __init__(self, kind: str, features: FeatureMap, folder: str, seed: int) -> None:
        super().__init__(
            features, model_id=f"{kind}-{seed}", model_root=folder, metrics=["AUC", "logloss"], verbose=0,
            monitor="AUC", monitor_mode="max", early_stop_patience=2, embedding_regularizer=0.05,
        )  # fmt: skip
        n_units = features.sum_emb_out_dim()
        tower = {"hidden_units": HIDDEN, "dropout_rates": DROPOUT[kind], "batch_norm": True}
        self.embedding_layer = FeatureEmbedding(features, WIDTH)
        self.kind = kind
        if kind == "DCNv2":
            self.crossnet = CrossNetV2(n_units, 4)
            self.mlp = MLP_Block(input_dim=n_units, output_dim=None, output_activation=None, **tower)
            self.fc = torch.nn.Linear(n_units + HIDDEN[-1], 1)
        else:
            self.fm = FactorizationMachine(features)
            self.mlp = MLP_Block(input_dim=n_units, output_dim=1, output_activation=None, **tower)
        self.compile("adam", "binary_crossentropy", 1e-3)
        self.reset_parameters()

    def forward(self, inputs: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        given = self.get_inputs(inputs)
        vectors = self.embedding_layer(given)
        units = vectors.flatten(start_dim=1)
        if self.kind == "DCNv2":
            odds = self.fc(torch.cat([self.crossnet(units), self.mlp(units)], dim=-1))
        else:
            odds = self.fm(given, vectors) + self.mlp(units)
        return {"y_pred": self.output_activation(odds)}


def frappe(folder: Path, out: Path) -> dict[str, object]:
    """Both models, each seed: AUC and log loss on the test part; what they say goes to ``MODEL-SEED.npz``."""
    torch.set_num_threads(1)
    data = np.load(folder / "codes.npz")
    names, sizes = data["names"].tolist(), data["sizes"].tolist()
    found = []
    with tempfile.TemporaryDirectory() as place:
        features = FeatureMap("frappe", place)
        features.labels, features.default_emb_dim = ["label"], WIDTH
        features.features = OrderedDict(
            (name, {"source": "", "type": "categorical", "vocab_size": size, "padding_idx": 0})
            for name, size in zip(names, sizes, strict=True)
        )
        features.num_fields, features.total_features = len(names), sum(sizes)
        (Path(place) / "frappe").mkdir()
        parts = {
            part: Batches(names, data[f"{part}_codes"], data[f"{part}_labels"], part == "taught")
            for part in ("taught", "watched", "test")
        }
        for kind in DROPOUT:
            for seed in range(SEEDS):
                seed_everything(seed)
                start = time.process_time()
                model = Peer(kind, features, place, seed)
                model.fit(parts["taught"], epochs=100, validation_data=parts["watched"])
                seconds = time.process_time() - start
                figures = model.evaluate(parts["test"])
                found.append({"model": kind, "seed": seed, "auc": float(figures["AUC"]),
                              "log_loss": float(figures["logloss"]), "fit_cpu_s": seconds})  # fmt: skip
                said = {part: model.predict(parts[part]) for part in ("watched", "test")}
                np.savez(folder / f"{kind}-{seed}.npz", **said)
                print(found[-1], flush=True)
    return {"version": "2.3.10", "runs": found}


if __name__ == "__main__":
    job, folder, out = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    out.write_text(json.dumps(globals()[job](folder, out), indent=2))
