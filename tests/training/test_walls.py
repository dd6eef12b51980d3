"""Answering never loads training code: a saved network is loaded and asked in a process of its own."""

import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

import zhiyin
from zhiyin.core.plugins import registered

ANSWER = """
import sys
import zhiyin
assert "zhiyin.training" not in sys.modules and "torch" not in sys.modules
model = zhiyin.load(sys.argv[1])
slates = model.recommend([["汉字"], [], ["a/b", "🙂"]], k=2)
assert not [name for name in sys.modules if name.startswith("zhiyin.training")], sys.modules
print([[f"{item}={score:.9g}" for item, score in zip(*pair)] for pair in zip(slates.ids, slates.scores)])
"""


@pytest.mark.parametrize(
    "name", ["MultVAE", "RecVAE", "VAECosine", "AdversarialVAE", "CFGAN", "SASRec", "GSASRec", "ESASRec"]
)
def test_a_loaded_network_answers_the_same_without_training_code(name: str, tmp_path: Path):
    if name not in registered("zhiyin.models"):
        pytest.skip(f"the installed entry points are older than pyproject.toml and lack {name}: install again")
    ids = ["汉字", "a/b", "🙂", "'\"", "new\nline"]
    events = pl.DataFrame({"user": [f"u{n // 3}" for n in range(30)], "item": [ids[n * 7 % 5] for n in range(30)]})
    model = getattr(zhiyin.models, name)(epochs=2).fit(zhiyin.Dataset.from_frame(events))
    model.save(tmp_path / "saved")
    here = model.recommend([["汉字"], [], ["a/b", "🙂"]], k=2)
    expected = [
        [f"{item}={score:.9g}" for item, score in zip(*pair, strict=True)]
        for pair in zip(here.ids, here.scores, strict=True)
    ]
    arguments = [sys.executable, "-c", ANSWER, str(tmp_path / "saved")]
    done = subprocess.run(arguments, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == str(expected)
    assert {path.suffix for path in (tmp_path / "saved").iterdir()} == {".json", ".safetensors", ".parquet", ".md"}
