"""``zhiyin init``: a workspace with a commented recipe."""

from typing import Annotated

import typer

from zhiyin.cli.command import Asked
from zhiyin.core.languages import Sentence

MADE = Sentence("workspace {folder}: read and change {recipe}, then: zhiyin ingest FILE -w {folder}",
                "工作区 {folder}：可阅读并修改 {recipe}，然后运行：zhiyin ingest FILE -w {folder}")  # fmt: skip


def run(
    asked: Asked,
    recipe: Annotated[str, typer.Option(help="The recipe to begin with: default or demo.")] = "default",
) -> None:
    """Make a workspace with a commented recipe; a recipe that is there stays as it is.

    Example: zhiyin init -w shop
    """
    from zhiyin.pipeline.workspace import Workspace

    workspace = Workspace.create(asked.folder, recipe)
    asked.show(MADE, folder=workspace.folder, recipe=workspace.recipe_path)
    asked.answer({"workspace": str(workspace.folder), "recipe": str(workspace.recipe_path)})
