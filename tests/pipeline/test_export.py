"""What goes out of a workspace besides its models."""

from pathlib import Path

import pytest

from zhiyin.core.errors import ModelError
from zhiyin.pipeline import Workspace
from zhiyin.pipeline.export import export_onnx
from zhiyin.pipeline.run import run


def test_the_generator_goes_out_as_onnx(shop: Workspace, tmp_path: Path):
    pytest.importorskip("onnxruntime")
    run(shop, until="generation")
    told = export_onnx(shop, tmp_path / "out", "generator")
    assert told["name"] == "generator"
    assert told["parity"]["largest_difference"] <= 1e-4
    assert list((tmp_path / "out").glob("*.onnx"))
    with pytest.raises(ModelError, match="ease has no network to export; .* are: vae, gan, generator"):
        export_onnx(shop, tmp_path / "other", "ease")
