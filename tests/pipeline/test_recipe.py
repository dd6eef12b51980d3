"""The recipe: shipped ones are read, mistakes name their place and the nearest right word."""

import json
import re
from pathlib import Path

import pytest

from zhiyin import models
from zhiyin.core.errors import SettingsError
from zhiyin.data.cleaning import chosen
from zhiyin.pipeline.recipe import Recipe
from zhiyin.pipeline.workspace import RECIPES, shipped_recipe


@pytest.mark.parametrize("path", sorted(RECIPES.glob("*.toml")), ids=lambda path: path.stem)
def test_a_shipped_recipe_is_read_and_all_it_names_exists(path: Path) -> None:
    recipe = Recipe.from_toml(shipped_recipe(path.stem))
    assert {model.model for model in recipe.models.values()} <= set(models.names())
    assert set(chosen(recipe.data.fixes)) == set(recipe.data.fixes)
    recipe.check_models()


def test_an_empty_recipe_is_all_defaults() -> None:
    assert Recipe.from_toml("") == Recipe()


def test_settings_stand_beside_model_and_by() -> None:
    recipe = Recipe.from_toml('[split]\nby = "time"\ndays = 30\n[models.mine]\nmodel = "EASE"\nregularisation = 100\n')
    assert (recipe.split.by, recipe.split.settings) == ("time", {"days": 30})
    assert (recipe.models["mine"].model, recipe.models["mine"].settings) == ("EASE", {"regularisation": 100})


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("sed = 1", "shop.toml has no setting 'sed'; did you mean 'seed'? its settings are:"),
        ('[data]\nfixs = ["returns"]', "shop.toml [data] has no setting 'fixs'; did you mean 'fixes'?"),
        ("[answer]\nk = 0", "shop.toml [answer] setting 'k': found 0;"),
        ('[answer]\nk = "ten"', "shop.toml [answer] setting 'k': found 'ten';"),
        ('[answers]\nk = 1', "shop.toml has no setting 'answers'; did you mean 'answer'?"),
        ("[data.weights]\nlikes_from = 4", "[data] has no setting 'weights.likes_from'; did you mean 'like_from'?"),
        ("answer = 3", "shop.toml [answer] is 3; it must be a section with settings"),
        ("[models]\nvae = 3", "shop.toml [models.vae] is 3; it must be a section with settings"),
        ('[models.vae]\nmodel = "MultVEA"', "there is no model 'MultVEA'; did you mean 'MultVAE'? the choices are:"),
        ("[models.vae]\nepochs = 3", "shop.toml [models.vae] setting 'model': found nothing"),
        ('[models.vae]\nmodle = "EASE"', "'model' is misspelt, it stands there as 'modle'; correct it and run again"),
        ('[models.e]\nmodel = "EASE"\n[sources]\nease = 9', "[sources] names 'ease', which [models] does not have"),
        ('[models.e]\nmodel = "EASE"\n[sources]\ne = 1000000000000', "less than or equal to 100000"),
        ('[generation]\ncondition = "vae"', "[generation] condition names 'vae', which [models] does not have"),
        ('[split]\nby = "tim"', "shop.toml [split] setting 'by': found 'tim';"),
        ("seed = ", "shop.toml is no TOML:"),
        ("seed = 1\nseed = 2", "shop.toml is no TOML:"),
    ],
)  # fmt: skip
def test_a_mistake_says_where_and_what(text: str, words: str) -> None:
    with pytest.raises(SettingsError, match=re.escape(words)):
        Recipe.from_toml(text, "shop.toml")


def test_a_models_own_setting_is_checked_before_anything_is_trained() -> None:
    recipe = Recipe.from_toml('[models.mine]\nmodel = "EASE"\nregularization = 100\n')
    with pytest.raises(
        SettingsError, match=re.escape("[models.mine] has no setting 'regularization'; did you mean 'regularisation'?")
    ):
        recipe.check_models()


def test_no_recipe_names_init(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=re.escape(f"make one: zhiyin init -w {tmp_path}")):
        Recipe.load(tmp_path / "zhiyin.toml")


def test_a_recipe_of_other_bytes_is_said(tmp_path: Path) -> None:
    (tmp_path / "zhiyin.toml").write_bytes(b"seed = 1 # \xff")
    with pytest.raises(SettingsError, match="is not UTF-8; save it as UTF-8"):
        Recipe.load(tmp_path / "zhiyin.toml")


def test_all_models_propose_where_no_source_is_named() -> None:
    recipe = Recipe.from_toml('[models.a]\nmodel = "EASE"\n[models.b]\nmodel = "Popular"\n')
    assert recipe.proposing == {"a": 100, "b": 100}


@pytest.mark.parametrize(
    "name",
    ["popularity", "popularity of 7 days", "random", "all six steps (Logistic)", "ranker-Logistic", "content-words",
     "generator", "../x", "a/b", ".", "", "x" * 61, "knn · x", "m\x1b[31m", "a\nb"],
)  # fmt: skip
def test_a_name_that_is_ours_or_cannot_name_a_folder_is_refused_at_once(name: str) -> None:
    with pytest.raises(SettingsError, match="this name (is a name of ours|cannot name a folder); give one of letters"):
        Recipe.from_toml(f'[models.{json.dumps(name)}]\nmodel = "EASE"')


@pytest.mark.parametrize("name", ["ease", "item_knn", "模型一", "EASE-2", "my model"])
def test_names_in_any_script_are_fine(name: str) -> None:
    assert list(Recipe.from_toml(f'[models.{json.dumps(name, ensure_ascii=False)}]\nmodel = "EASE"').models) == [name]
