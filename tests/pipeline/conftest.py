"""A workspace with the world of even and odd people, and a recipe with every kind of large model, tiny."""

from pathlib import Path

import pytest

from zhiyin.data.ingest import ingest
from zhiyin.pipeline import Workspace
from zhiyin.testing import worlds

RECIPE = """
[split]
by = "last"

[models.popular]
model = "Popular"

[models.ease]
model = "EASE"
regularisation = 5

[models.vae]
model = "MultVAE"
epochs = 3
hidden = 8
latent = 4

[models.gan]
model = "AdversarialVAE"
epochs = 2
hidden = 8
latent = 4

[sources]
popular = 4
ease = 4
generator = 3

[features]
folds = 2

[ranker]
model = "Logistic"
beside = []

[generation]
condition = "vae"
settings = {epochs = 1}

[answer]
k = 3
examples = 2
"""


@pytest.fixture
def shop(tmp_path: Path) -> Workspace:
    folder = tmp_path / "shop"
    workspace = Workspace.create(folder)
    worlds.even_csv(folder / "log.csv")
    workspace.recipe_path.write_text(RECIPE)
    ingest(folder / "log.csv", folder)
    return workspace
