"""A workspace with the world of even and odd people, and the recipe that the module of the test names."""

from pathlib import Path

import pytest

from zhiyin.data.ingest import ingest
from zhiyin.pipeline import Workspace
from zhiyin.testing import worlds


@pytest.fixture
def shop(request: pytest.FixtureRequest, tmp_path: Path) -> Workspace:
    workspace = Workspace.create(tmp_path / "shop")
    worlds.even_csv(workspace.folder / "log.csv")
    workspace.recipe_path.write_text(request.module.RECIPE)
    ingest(workspace.folder / "log.csv", workspace.folder)
    return workspace
