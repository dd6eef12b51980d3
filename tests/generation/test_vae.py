"""The conditional VAE on the made-up shop, and the bound it learns from."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import zhiyin
from zhiyin.core.errors import SettingsError
from zhiyin.data.contracts import Catalogue
from zhiyin.generation import ConditionalVAE, ConditionalVAEModel, Encoding
from zhiyin.generation.evidence import Encoder, evidence, unlikelihood
from zhiyin.generation.generator import Generator
from zhiyin.generation.learning import Batch

SMALL: dict[str, Any] = {"epochs": 4, "batch": 200, "hidden": 64, "noise": 8}
RED, BLUE = np.array([1, 0, 0], np.float32), np.array([0, 1, 0], np.float32)


@pytest.fixture(scope="module")
def vae(shop: Catalogue, vectors: np.ndarray) -> ConditionalVAE:
    return ConditionalVAE(**SMALL).fit(shop, vectors)


def test_it_makes_what_the_person_likes(vae: ConditionalVAE) -> None:
    for person, kind in ((RED, "jug"), (BLUE, "bag")):
        made = vae.specifications(person, 20, np.random.default_rng(3))
        assert np.mean([one.attributes.get("category") == kind for one in made]) > 0.8
    gold = vae.specifications(RED, 10, np.random.default_rng(3), asked={"title": "gold jug"})
    assert all(one.attributes["title"] == "gold jug" for one in gold)


def test_a_specification_reads_with_its_range(vae: ConditionalVAE) -> None:
    made = vae.specifications(RED, 10, np.random.default_rng(3), asked={"title": "red jug"})
    for one in made:
        low, high = one.ranges["price"]
        assert low <= one.attributes["price"] <= high  # type: ignore[operator]
        assert one.text.en.startswith("red jug, jug, price 2")
        assert one.text.zh.startswith("red jug，jug，价格 2")


def test_saved_and_loaded_it_makes_the_same(vae: ConditionalVAE, tmp_path: Path) -> None:
    vae.save(tmp_path / "vae")
    loaded = zhiyin.load(tmp_path / "vae")
    assert type(loaded) is ConditionalVAEModel
    one, other = (m.specifications(BLUE, 5, np.random.default_rng(4)) for m in (vae, loaded))
    assert one == other


def test_the_same_seed_gives_the_same_items(shop: Catalogue, vectors: np.ndarray) -> None:
    one, again, other = (
        ConditionalVAE(**{**SMALL, "epochs": 1, "seed": seed}).fit(shop, vectors) for seed in (1, 1, 2)
    )
    made = [m.specifications(RED, 5, np.random.default_rng(4)) for m in (one, again, other)]
    assert made[0] == made[1] != made[2]


def test_its_settings_are_its_own() -> None:
    with pytest.raises(SettingsError, match="ConditionalVAE"):
        ConditionalVAE(pack=3)


def test_unlikelihood_is_minus_the_log_of_the_chance(shop: Catalogue) -> None:
    columns = {"title": shop.columns["title"], "price": shop.columns["price"]}
    tagged = Catalogue(shop.ids, {**columns, "tags": np.array([["a"], ["a", "b"]] * 100 + [None], object)[:-1]})
    encoding = Encoding.of(tagged)
    real = torch.from_numpy(encoding.soften(encoding.read(tagged), np.random.default_rng(0)))[:3]
    logits = torch.randn(3, encoding.width)
    expected = []
    for row, truth in zip(logits.double(), real.double(), strict=True):
        total = 0.0
        for block, where in zip(encoding.blocks, encoding.slices, strict=True):
            x, t = row[where], truth[where]
            if block.kind == "labels":
                chance = torch.sigmoid(x)
                total -= float((t * chance.log() + (1 - t) * (1 - chance).log()).sum())
            elif block.kind == "category":
                total -= float(torch.softmax(x, 0)[t.argmax()].log())
            else:
                total -= float(torch.softmax(x[1:], 0)[t[1:].argmax()].log())
                total += float(((torch.tanh(x[0]) - t[0]) / 0.1) ** 2 / 2)
        expected.append(total)
    torch.testing.assert_close(unlikelihood(encoding, logits, real), torch.tensor(expected), rtol=1e-4, atol=1e-4)


def test_the_divergence_is_zero_only_for_the_prior(shop: Catalogue) -> None:
    encoding = Encoding.of(shop)
    generator = Generator(encoding, 4, 8, 3).eval()
    encoder = Encoder(generator, 8, 3)
    real = torch.from_numpy(encoding.soften(encoding.read(shop), np.random.default_rng(0)))[:5]
    batch = Batch(real, torch.zeros(5, 3), torch.zeros(5, len(encoding.askable)))

    def far() -> torch.Tensor:
        torch.manual_seed(0)
        with_it = evidence(generator, encoder, batch, 1.0)
        torch.manual_seed(0)
        return with_it - evidence(generator, encoder, batch, 0.0)

    last = encoder.layers[-1]
    torch.nn.init.zeros_(last.weight)
    torch.nn.init.zeros_(last.bias)
    torch.testing.assert_close(far(), torch.zeros(5), atol=1e-4, rtol=0)
    torch.nn.init.constant_(last.bias, 1.0)  # means of 1, log variances of 1
    expected = 4 * 0.5 * (1 + np.e - 1 - 1)
    torch.testing.assert_close(far(), torch.full((5,), expected), atol=1e-3, rtol=1e-3)
