"""What every command has: ``-w``, ``--json``, ``--lang``; results on stdout, messages on stderr."""

import functools
import inspect
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from zhiyin.core.languages import Language, Sentence, language
from zhiyin.core.terminal import harmless

if TYPE_CHECKING:
    from rich.console import Console

    from zhiyin.core.progress import Progress
    from zhiyin.pipeline.workspace import Workspace

FolderOption = Annotated[Path, typer.Option("-w", "--workspace", help="The workspace folder.")]
JSONOption = Annotated[bool, typer.Option("--json", help="The result as JSON on stdout.")]
LangOption = Annotated[str | None, typer.Option("--lang", help="en or zh; the system's where not given.")]

TRAINING = Sentence("training first: {names}; once trained, they are not trained again",
                    "先训练：{names}；训练一次后不再重新训练")  # fmt: skip


@dataclass(frozen=True)
class Asked:
    """How a command was called, and its ways to answer."""

    folder: Path
    as_json: bool
    language: Language

    @functools.cached_property
    def console(self) -> "Console":
        """For results. Tables keep their width where there is no terminal."""
        from rich.console import Console

        console = Console(highlight=False)
        return console if console.is_terminal else Console(highlight=False, width=120)

    @property
    def workspace(self) -> "Workspace":
        """The workspace as it is; refuses one of a newer version."""
        from zhiyin.pipeline.workspace import Workspace

        return Workspace(self.folder)

    @property
    def prepared(self) -> "Workspace":
        """The workspace with a recipe that can be read: a mistake in it is said before anything slow is loaded."""
        from zhiyin.pipeline.recipe import Recipe

        workspace = self.workspace
        Recipe.load(workspace.recipe_path)
        return workspace

    @property
    def evaluated(self) -> "Workspace":
        """`prepared`, for a command that asks about trained models: says first where some will have to be trained."""
        from zhiyin.pipeline.recipe import Recipe

        workspace = self.prepared
        names = list(Recipe.load(workspace.recipe_path).models)
        if untrained := [name for name in names if not workspace.versions.versions(name)]:
            self.note(self.words(TRAINING, names=", ".join(untrained)))
        return workspace

    @property
    def progress(self) -> "Progress":
        from zhiyin.core.progress import for_terminal

        return for_terminal()

    def words(self, sentence: Sentence, **values: object) -> str:
        return sentence.said(self.language, **values)

    def show(self, sentence: Sentence | str, **values: object) -> None:
        """One line of the result, not where JSON was asked for."""
        if not self.as_json:
            text = sentence if isinstance(sentence, str) else self.words(sentence, **values)
            self.console.print(harmless(text), markup=False, soft_wrap=True, highlight=False)

    def table(self, title: str, columns: list[str], rows: list[list[str]]) -> None:
        """A table; the first column left, the others right."""
        if self.as_json:
            return
        from rich.table import Table
        from rich.text import Text

        table = Table(title=Text(title), title_justify="left", box=None, pad_edge=False)
        for number, column in enumerate(columns):
            table.add_column(Text(column), justify="right" if number else "left", overflow="fold")
        for row in rows:
            table.add_row(*[Text(harmless(cell)) for cell in row])
        self.console.print(table)

    def answer(self, content: Any) -> None:
        """The JSON, where it was asked for."""
        if self.as_json:
            typer.echo(harmless(json.dumps(content, ensure_ascii=False, allow_nan=False)))

    def note(self, message: str) -> None:
        """A message, on stderr."""
        typer.echo(harmless(message), err=True)


def command(function: Callable[..., None]) -> Callable[..., None]:
    """``function(asked, …)`` as a command with the options that all have."""

    @functools.wraps(function)
    def called(workspace: Path, as_json: bool, lang: str | None, **further: Any) -> None:
        function(Asked(workspace, as_json, language(lang)), **further)

    own = list(inspect.signature(function, eval_str=True).parameters.values())[1:]
    keyword = inspect.Parameter.KEYWORD_ONLY
    shared = [
        inspect.Parameter("workspace", keyword, default=Path(), annotation=FolderOption),
        inspect.Parameter("as_json", keyword, default=False, annotation=JSONOption),
        inspect.Parameter("lang", keyword, default=None, annotation=LangOption),
    ]
    own = [parameter.replace(kind=keyword) for parameter in own if parameter.name != "workspace"]
    called.__signature__ = inspect.Signature([*own, *shared])  # type: ignore[attr-defined]
    called.__annotations__ = {parameter.name: parameter.annotation for parameter in (*own, *shared)}
    return called
