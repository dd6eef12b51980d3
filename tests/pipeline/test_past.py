"""Rows from past moments: no model that makes a column has seen what the row is about; what answers has seen all."""

import shutil
from typing import Any

import numpy as np
import polars as pl
import pytest

from zhiyin.core.errors import RefusedError, SettingsError
from zhiyin.data.contracts import Requests
from zhiyin.pipeline import Recipe, Workspace
from zhiyin.pipeline.assemble import sources_now
from zhiyin.pipeline.line import Line
from zhiyin.pipeline.past import folds_of, models_then
from zhiyin.pipeline.run import STEPS, run, train_models
from zhiyin.pipeline.tables import _no_leak, features_of
from zhiyin.pipeline.union import MEASURES, contributions
from zhiyin.pipeline.whole import Tables, WholeLine


def line_of(shop: Workspace, until: str) -> Line:
    """The line of this workspace after these steps."""
    line = Line(shop, Recipe.load(shop.recipe_path))
    for name, step in STEPS.items():
        line.done[name] = step(line)
        if name == until:
            break
    return line


@pytest.fixture
def line(shop: Workspace) -> Line:
    return line_of(shop, "features")


def test_what_makes_a_row_has_not_seen_its_outcome(line: Line):
    folds = folds_of(line)
    assert folds[0].rule == "the validation part"
    assert len(folds) == 2
    for number, fold in enumerate(folds):
        models = models_then(line, number, fold)
        assert set(models) == {"popular", "ease", "vae", "gan", "generator"}
        assert {model.facts["dataset"] for name, model in models.items() if name != "generator"} == {fold.train.digest}
        met = fold.train.histories.met
        known = set(zip(met.owners.tolist(), met.rows.tolist(), strict=True))
        taken = zip(fold.cases.users[fold.cases.targets.owners].tolist(), fold.cases.targets.rows.tolist(), strict=True)
        assert known.isdisjoint(taken)
    assert folds[0].train.histories.n_events > folds[1].train.histories.n_events


def test_a_model_that_saw_the_outcome_is_refused(line: Line):
    fold = folds_of(line)[0]
    later = {"vae": line.models["vae"]}  # what answers: it has seen the validation part
    with pytest.raises(RefusedError, match="a leak in the rows of the validation part, so no ranker is trained"):
        _no_leak(fold, later)


def test_what_answers_learned_from_both_parts_for_as_long_as_the_validation_part_chose(line: Line):
    for name, facts in line.done["models"]["models"].items():
        assert facts["parts"] == ["train", "validation"], name
        assert line.models[name].facts["dataset"] == line.split.refit.digest
    chosen = line.done["models"]["models"]["vae"]["best_epoch"]
    assert line.models["vae"].facts["epochs"] == chosen


def test_the_ranker_is_told_who_proposed(line: Line):
    names = line.done["features"]["names"]
    assert names[-3:] == ["from.popular", "from.ease", "from.generator"]
    assert not [name for name in names if name.startswith("generator.")]


def test_what_was_made_of_the_past_is_not_made_again_and_comes_back_where_it_is_lost(shop: Workspace, line: Line):
    assert line_of(shop, "features").done["models"]["again"]
    shutil.rmtree(shop.runs / "past")
    again = line_of(shop, "models").done["models"]
    assert not again["again"]
    assert list((shop.runs / "past").iterdir())


@pytest.mark.parametrize("file", ["arrays.safetensors", "items.parquet", "manifest.json"])
def test_a_damaged_model_is_trained_again(shop: Workspace, file: str):
    folder = shop.folder / "models" / "ease" / str(train_models(shop, ("ease",))["ease"]["version"])
    assert train_models(shop, ("ease",))["ease"]["again"]
    damaged = bytearray((folder / file).read_bytes())
    damaged[len(damaged) // 2] ^= 1
    (folder / file).write_bytes(damaged)
    facts = train_models(shop, ("ease",))["ease"]
    assert not facts["again"]
    assert len(shop.versions.load("ease", facts["version"]).recommend([["i0"]], k=3).ids[0]) == 3


def test_rows_are_made_for_some_people_at_a_time_and_are_the_same(shop: Workspace, line: Line, monkeypatch):
    whole = pl.read_parquet(shop.folder / line.done["features"]["file"])
    seen: list[int] = []

    def few(cases):
        parts = [cases.take(np.arange(start, min(start + 7, len(cases)))) for start in range(0, len(cases), 7)]
        seen.extend(len(part) for part in parts)
        return iter(parts)

    monkeypatch.setattr("zhiyin.pipeline.tables.blocks", few)
    shutil.rmtree(shop.runs / "features")
    again = line_of(shop, "features").done["features"]
    assert max(seen) == 7
    assert len(seen) > 3
    assert pl.read_parquet(shop.folder / again["file"]).equals(whole)


def test_the_generator_proposes_in_what_answers(shop: Workspace):
    result = run(shop)
    assert list(result["sources"]) == ["popular", "ease", "generator"]
    plan = (shop.folder / "assembly.json").read_text()
    assert '"condition": "vae"' in plan
    assert all(slate["items"] for slate in result["recommendations"])
    assert run(shop)["sources"] == result["sources"]


def test_what_a_source_adds_is_what_a_count_by_hand_says(shop: Workspace):
    line = line_of(shop, "generation")
    tables = Tables(sources_now(line), features_of(line, line.models), _counters(line))
    whole = WholeLine(tables, _first_column(line), np.arange(16.0))
    found = contributions(whole, line.split.test, 3)
    cases = line.split.test
    lists = {name: model.candidates(cases.requests, n).rows for name, (model, n) in sources_now(line).items()}
    slates = whole.ranked(cases.requests).rows[:, :3]
    for name in lists:
        reached, alone, hits, hits_alone = [], [], [], []
        for b in range(len(cases)):
            targets = set(cases.targets[b].tolist())
            by = {who: set(rows[b][rows[b] >= 0].tolist()) & targets for who, rows in lists.items()}
            others = set().union(*(items for who, items in by.items() if who != name))
            slate = set(slates[b].tolist())
            reached.append(len(by[name]) / len(targets))
            alone.append(len(by[name] - others) / len(targets))
            hits.append(len(by[name] & slate))
            hits_alone.append(len((by[name] - others) & slate))
        for measure, values in zip(MEASURES, (reached, alone, hits, hits_alone), strict=True):
            assert found[name][measure]["value"] == pytest.approx(np.mean(values)), (name, measure)
    assert found["ease"]["reached"]["value"] > 0


def _counters(line: Line) -> Any:
    from zhiyin.features import EventCounters

    return EventCounters(line.split.refit)


def _first_column(line: Line) -> Any:
    class Ranker:
        def probability(self, values: np.ndarray) -> np.ndarray:
            return np.nan_to_num(values[..., 0]) / 100

    return Ranker()


def test_the_same_people_are_not_asked_twice_and_others_are(shop: Workspace):
    line = line_of(shop, "generation")
    asked: list[int] = []

    class Counting:
        def __init__(self, model: Any) -> None:
            self.model = model

        def __getattr__(self, name: str) -> Any:
            return getattr(self.model, name)

        def candidates(self, requests: Requests, k: int, allowed: Any = None) -> Any:
            asked.append(len(requests))
            return self.model.candidates(requests, k, allowed)

    tables = Tables({"ease": (Counting(line.models["ease"]), 5)}, features_of(line, line.models)[:3], _counters(line))
    requests = line.split.test.requests
    first, again = tables.of(requests)[1], tables.of(requests)[1]
    assert again is first
    assert tables.of(requests.take(slice(0, 4)))[1].values.shape[0] == 4
    assert asked == [len(requests), 4]


def test_a_source_that_cannot_be_is_refused_before_anything_is_trained(shop: Workspace):
    text = shop.recipe_path.read_text()
    shop.recipe_path.write_text(text.replace('condition = "vae"', 'condition = "vae"\nmodel = "none"'))
    with pytest.raises(SettingsError):
        Recipe.load(shop.recipe_path)
    with pytest.raises(SettingsError, match="names the generator alone"):
        Recipe.from_toml('[models.ease]\nmodel = "EASE"\n[sources]\ngenerator = 5')
    with pytest.raises(SettingsError, match="names 'eas', which .* does not have; did you mean 'ease'"):
        Recipe.from_toml('[models.ease]\nmodel = "EASE"\n[sources]\neas = 5')


def test_rows_of_folds_are_joined_oldest_first(line: Line):
    rows = line.done["features"]
    assert rows["folds"][-1] == "the validation part"
    assert rows["people"] == sum(len(fold.cases) for fold in folds_of(line))
