"""Tuning: the space is checked, the search goes on where it stopped, what is found is better and can be taken over."""

from pathlib import Path

import pytest

from zhiyin.core.errors import ModelError, SettingsError
from zhiyin.experiments import tune
from zhiyin.pipeline import Recipe, Workspace

pytest.importorskip("optuna")

RECIPE = """
[split]
by = "last"

# kept: the simplest
[models.ease]
model = "EASE"
regularisation = 1e7   # far too much

[models.vae]
model = "MultVAE"
epochs = 8
hidden = 8
latent = 4
learning_rate = 0.02
"""


def test_a_better_setting_is_found_and_the_recipe_with_it_can_be_taken_over(shop: Workspace):
    (shop.folder / "search.toml").write_text("[ease]\nregularisation = {low = 1, high = 1e7, log = true}\n")
    found = tune(shop, "ease", trials=8)
    assert len(found["trials"]) == 8
    assert found["trials"][0]["settings"] == {"regularisation": 1e7}  # the recipe's own come first
    assert found["own"] == found["trials"][0]["value"] < found["best"]["value"]
    assert found["best"]["value"] == max(trial["value"] for trial in found["trials"])
    text = Path(found["recipe"]).read_text("utf-8")
    assert "# kept: the simplest" in text
    recipe = Recipe.from_toml(text)
    assert recipe.models["ease"].settings == found["best"]["settings"]
    assert recipe.models["vae"].settings["hidden"] == 8
    assert shop.recipe_path.read_text("utf-8") == RECIPE


def test_a_search_goes_on_where_it_stopped(shop: Workspace):
    (shop.folder / "search.toml").write_text("[ease]\nregularisation = [1, 10, 100, 1000, 1e7]\n")
    first = tune(shop, "ease", trials=2)
    again = tune(shop, "ease", trials=5)
    assert again["trials"][:2] == first["trials"]
    assert len(again["trials"]) == 5
    nothing = tune(shop, "ease", trials=5)
    assert nothing["trials"] == again["trials"]
    (shop.folder / "search.toml").write_text("[ease]\nregularisation = [1, 10, 1e7]\n")
    assert len(tune(shop, "ease", trials=1)["trials"]) == 1  # another space is another search


def test_no_trial_begins_after_the_time(shop: Workspace):
    (shop.folder / "search.toml").write_text("[ease]\nregularisation = [1, 1e7]\n")
    with pytest.raises(ModelError, match="no trial of ease came to an end: the time was over before"):
        tune(shop, "ease", minutes=1e-9)
    tune(shop, "ease", trials=1)
    assert len(tune(shop, "ease", trials=9, minutes=1e-9)["trials"]) == 1


def test_a_hopeless_network_is_given_up(shop: Workspace):
    (shop.folder / "search.toml").write_text("[vae]\nlearning_rate = [0.02, 1.0]\n")
    trials = tune(shop, "vae", trials=16)["trials"]
    states = [trial["state"] for trial in trials]
    assert states[:5] == ["complete"] * 5  # nothing to compare with yet
    assert {trial["settings"]["learning_rate"] for trial in trials if trial["state"] == "pruned"} == {1.0}


def test_the_settings_of_the_recipe_need_not_be_in_the_space(shop: Workspace):
    (shop.folder / "search.toml").write_text("[ease]\nregularisation = [1, 2]\n")
    assert tune(shop, "ease", trials=1)["trials"][0]["settings"] == {"regularisation": 1e7}
    (shop.folder / "search.toml").write_text("[ease]\nregularisation = {low = 1, high = 9}\n")
    assert tune(shop, "ease", trials=1)["trials"][0]["settings"] == {"regularisation": 1e7}


def test_the_test_part_is_not_looked_at(shop: Workspace, monkeypatch: pytest.MonkeyPatch):
    """Whatever the test part holds, the same trials have the same values."""
    from zhiyin.pipeline.line import Line

    (shop.folder / "search.toml").write_text("[ease]\nregularisation = [1, 1e7]\n")
    whole = Line.split.func

    class Untouched:
        def __init__(self, parts):
            self.train, self.validation = parts.train, parts.validation

    prepared = tune(shop, "ease", trials=1)["trials"]
    monkeypatch.setattr(Line, "split", property(lambda line: Untouched(whole(line))))
    (shop.runs / "tune" / "trials.log").unlink()
    again = tune(shop, "ease", trials=1)["trials"]
    assert [trial["value"] for trial in again] == [trial["value"] for trial in prepared]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[ease]\nregularization = [1, 2]", "which EASE does not have; did you mean 'regularisation'"),
        ("[ease]\nregularisation = 3", "is 3; write a list of values, or {low = 0.1, high = 0.7}"),
        ("[ease]\nregularisation = [1]", "must be a list"),
        ("[ease]\nregularisation = {low = 2, high = 1}", "low must be below high"),
        ("[ease]\nregularisation = {low = 0, high = 1, log = true}", "above 0 where log is true"),
        ("ease = 3", "must be a section with settings to try"),
        ("[ease", "is no TOML"),
    ],
)
def test_a_wrong_space_says_where(shop: Workspace, text: str, words: str):
    (shop.folder / "search.toml").write_text(text)
    with pytest.raises(SettingsError, match=r"search\.toml") as caught:
        tune(shop, "ease", trials=1)
    assert words in caught.value.message


def test_a_trial_that_cannot_be_is_told_and_the_others_go_on(shop: Workspace):
    (shop.folder / "search.toml").write_text("[vae]\nhidden = [8, -1]\n")
    found = tune(shop, "vae", trials=6)
    assert {trial["state"] for trial in found["trials"]} >= {"complete", "fail"}
    assert found["best"]["settings"] == {"hidden": 8}
    assert all("hidden" in trial["trouble"] for trial in found["trials"] if trial["state"] == "fail")


def test_names_are_checked_before_anything_is_done(shop: Workspace):
    shop.recipe_path.write_text(RECIPE + '\n[models.chance]\nmodel = "Random"\n')
    with pytest.raises(SettingsError, match=r"nothing says which settings of chance \(Random\) to try; write"):
        tune(shop, "chance")
    (shop.folder / "data" / "current").unlink()
    with pytest.raises(SettingsError, match=r"the recipe has no \[models.eas\]; did you mean 'ease'"):
        tune(shop, "eas")


def test_without_a_validation_part_there_is_nothing_to_judge_by(shop: Workspace):
    shop.recipe_path.write_text(RECIPE.replace('by = "last"', 'by = "last"\nvalidation = false'))
    with pytest.raises(ModelError, match="tuning needs a validation part"):
        tune(shop, "ease")
