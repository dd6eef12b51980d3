"""``zhiyin train``: models alone."""

from typing import Annotated

import typer

from zhiyin.cli.command import Asked
from zhiyin.core.languages import Sentence

TRAINED = Sentence(
    "{name}: version {version} of {model}, {seconds:.1f} s", "{name}：{model} 第 {version} 版，{seconds:.1f} 秒"
)
THERE = Sentence(
    "{name}: version {version} of {model} is there, trained on this data with these settings; not trained again",
    "{name}：{model} 第 {version} 版已在，数据和设置相同；不再训练",
)


def run(
    asked: Asked,
    names: Annotated[list[str] | None, typer.Argument(help="Names of [models.NAME]; all where none is named.")] = None,
) -> None:
    """Train the models of the recipe; one that is trained on this data with these settings is not trained again.

    Example: zhiyin train vae -w shop
    """
    workspace = asked.prepared
    from zhiyin.pipeline.run import train_models

    models = train_models(workspace, tuple(names or ()), progress=asked.progress)
    for name, facts in models.items():
        words = THERE if facts["again"] else TRAINED
        asked.show(words, name=name, version=facts["version"], model=facts["model"], seconds=facts["seconds"])
    shown = ("model", "version", "digest", "seconds", "again")
    asked.answer({"models": {name: {key: facts[key] for key in shown} for name, facts in models.items()}})
