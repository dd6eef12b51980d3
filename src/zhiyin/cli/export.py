"""``zhiyin export``: vectors and networks for other programs."""

from pathlib import Path
from typing import Annotated

import typer

from zhiyin.cli.command import Asked
from zhiyin.core.errors import SettingsError
from zhiyin.core.languages import Sentence

VECTORS = Sentence("{model}: vectors of {people} people and {items} items: {folder}",
                   "{model}：{people} 位用户与 {items} 个商品的向量：{folder}")  # fmt: skip
ONNX = Sentence(
    "{name} ({model}) as ONNX: {folder}; over {histories} histories no score differs by more than {difference}",
    "{name}（{model}）的 ONNX：{folder}；在 {histories} 条历史上分数相差不超过 {difference}",
)


def run(
    asked: Asked,
    vectors: Annotated[Path | None, typer.Option(help="A new folder for people.parquet and items.parquet.")] = None,
    onnx: Annotated[Path | None, typer.Option(help="A new folder for the network as ONNX.")] = None,
    model: Annotated[str | None, typer.Option(help="A model of the recipe; else the first that can be.")] = None,
) -> None:
    """Take what was learned elsewhere: vectors as Parquet, a network as ONNX.

    Example: zhiyin export --vectors vectors -w shop

    Example: zhiyin export --onnx network --model transformer -w shop
    """
    if (vectors is None) == (onnx is None):
        raise SettingsError("give either --vectors FOLDER or --onnx FOLDER, one of the two")
    from zhiyin.pipeline.export import export_onnx, export_vectors

    if vectors is not None:
        told = export_vectors(asked.prepared, vectors, model, asked.progress)
        asked.show(VECTORS, **{name: told[name] for name in ("model", "people", "items", "folder")})
    elif onnx is not None:
        told = export_onnx(asked.prepared, onnx, model)
        parity = told["parity"]
        asked.show(ONNX, name=told["name"], model=told["model"], folder=told["folder"],
                   histories=parity["histories"], difference=f"{parity['largest_difference']:.1e}")  # fmt: skip
    asked.answer(told)
