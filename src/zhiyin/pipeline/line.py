"""What the steps of one run share: the recipe, the data it makes, and what earlier steps gave."""

from dataclasses import replace
from functools import cached_property
from typing import Any

from zhiyin.core.progress import Progress, Silent
from zhiyin.data.contracts import Catalogue
from zhiyin.data.dataset import Dataset
from zhiyin.data.splits import Split, split
from zhiyin.pipeline.content import Content, content_of
from zhiyin.pipeline.once import Facts, key_of
from zhiyin.pipeline.recipe import Recipe
from zhiyin.pipeline.workspace import Workspace


class Line:
    """One run of one recipe in one workspace."""

    def __init__(self, workspace: Workspace, recipe: Recipe, progress: Progress | None = None) -> None:
        self.workspace = workspace
        self.recipe = recipe
        self.progress = progress or Silent()
        self.snapshot = workspace.snapshot()
        self.done: dict[str, Facts] = {}
        """Facts of the steps that are done, by step."""

    @property
    def data_inputs(self) -> Facts:
        """What the dataset is made from."""
        data = self.recipe.data
        content = {"content": self.content.digest} if self.recipe.content else {}
        return {
            "snapshot": self.snapshot.digest, "fixes": list(data.fixes),
            "weights": data.weights.model_dump(mode="json"), **content,
        }  # fmt: skip

    @property
    def split_key(self) -> str:
        """Digest of what the parts are made from."""
        return key_of({**self.data_inputs, "split": self.recipe.split.model_dump(mode="json")})

    @cached_property
    def log(self) -> Dataset:
        """The cleaned log, its items without content vectors."""
        data = self.recipe.data
        return self.snapshot.dataset(data.weights, data.fixes)

    @cached_property
    def content(self) -> Content:
        """Content vectors of the items."""
        return content_of(self.log.catalogue, self.recipe.content, self.workspace, self.progress)

    @cached_property
    def dataset(self) -> Dataset:
        """The cleaned log, its items with their content."""
        if not self.recipe.content:
            return self.log
        return replace(self.log, catalogue=self.content.on(self.log.catalogue))

    @cached_property
    def split(self) -> Split:
        """Its parts."""
        rule = self.recipe.split
        return split(self.dataset, rule.by, **rule.settings)

    @cached_property
    def models(self) -> dict[str, Any]:
        """The trained models by NAME; only after the step that trains them."""
        versions = self.done["models"]["models"]
        return {name: self.workspace.versions.load(name, facts["version"]) for name, facts in versions.items()}


def without(catalogue: Catalogue, column: str | None) -> Catalogue:
    """The items without one column: how many are left today says nothing of what somebody likes."""
    return replace(catalogue, columns={name: c for name, c in catalogue.columns.items() if name != column})
