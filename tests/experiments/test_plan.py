"""A plan: what is counted is what is learned, what does not fit is refused with what would."""

import numpy as np
import pytest

from zhiyin.core.errors import ModelError, ResourceError, SettingsError
from zhiyin.experiments import plan, planning
from zhiyin.models import MultVAE
from zhiyin.pipeline import Workspace

RECIPE = """
[split]
by = "last"

[models.ease]
model = "EASE"

[models.vae]
model = "MultVAE"
epochs = 6
hidden = 64
latent = 8
batch = 16

[models.transformer]
model = "SASRec"
epochs = 40
updates = 30
batch = 8
width = 16
"""


def test_networks_are_planned_and_nothing_is_kept(shop: Workspace):
    found = plan(shop)["models"]
    assert list(found) == ["vae", "transformer"]
    model = MultVAE(epochs=1, hidden=64, latent=8, batch=16).fit(shop.snapshot().dataset())
    assert found["vae"]["parameters"] == sum(array.size for array in model.arrays().values())
    assert found["vae"]["epochs"] == 6
    people = len(model.catalogue) and len(shop.snapshot().dataset())
    assert found["vae"]["updates"] == -(-people // 16)
    a_pass = found["transformer"]["updates"]
    assert found["transformer"]["epochs"] == -(-30 // a_pass)
    assert all(told["seconds"] >= told["epoch_seconds"] >= 0 for told in found.values())
    assert all(10 < told["peak_mb"] < 100_000 for told in found.values())
    assert not (shop.folder / "models").exists()


def test_what_cannot_fit_is_refused_with_what_would(shop: Workspace, monkeypatch: pytest.MonkeyPatch):
    free = 10 * 2**30
    monkeypatch.setattr(planning, "free_bytes", lambda: free)
    shop.recipe_path.write_text(RECIPE.replace("hidden = 64", "hidden = 100_000_000"))
    with pytest.raises(ResourceError, match=r"\[models.vae\] needs at least .* GiB to learn .* numbers") as caught:
        plan(shop, ("vae",))
    would = int(caught.value.message.split("hidden = ")[1].split()[0])
    settings = MultVAE(hidden=would, latent=8).config
    dataset = shop.snapshot().dataset()
    assert 20 * planning.parameters_of(MultVAE, settings, dataset) <= free
    larger = settings.model_copy(update={"hidden": 2 * would + 2})
    assert 20 * planning.parameters_of(MultVAE, larger, dataset) > free


def test_names_are_checked_before_anything_is_done(shop: Workspace):
    (shop.folder / "data" / "current").unlink()
    with pytest.raises(SettingsError, match=r"the recipe has no \[models.vea\]; did you mean 'vae'"):
        plan(shop, ("vea",))
    with pytest.raises(ModelError, match="a plan is made for networks, and the recipe has none of them here: ease"):
        plan(shop, ("ease",))


def test_the_highest_memory_is_that_of_the_block():
    with planning.highest() as before:
        pass
    with planning.highest() as held:
        block = np.ones(200 << 17)  # 200 MiB
        del block
    with planning.highest() as after:
        pass
    assert held[0] - before[0] > 150 << 20
    assert after[0] < held[0] - (150 << 20)
