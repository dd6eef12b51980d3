"""What every recommender promises, as tests: inherit, say how to train, and add what is the model's own.

    class TestMyModel(RecommenderContract):
        def trained_on(self, dataset):
            return MyModel(epochs=5).fit(dataset)

A capability that a model lacks is a flag of its class (``lowers_disliked``, ``reads_history`` …) and a visible skip.
"""

import json
import shutil
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

import zhiyin
from zhiyin.core.errors import ModelError, SettingsError
from zhiyin.core.ids import IdIndex
from zhiyin.data.contracts import KINDS, Histories, Requests
from zhiyin.data.dataset import Dataset
from zhiyin.testing import worlds


class RecommenderContract:
    """The suite. Override `trained_on`; the rest are tests."""

    tolerance: ClassVar[float] = 1e-5
    """How far scores of one question may lie apart when it is asked among others (relative, and absolute below 1)."""
    _trained: ClassVar[dict[tuple[type, str], Any]] = {}

    def trained_on(self, dataset: Dataset) -> Any:
        """A model of yours, trained on this dataset with settings that learn a tiny world in a second or two."""
        raise NotImplementedError("say how your model is trained: def trained_on(self, dataset)")

    # -- worlds and questions -----------------------------------------------------------------------------------

    def world(self) -> Dataset:
        """The even world, with ratings for a model that learns from ratings."""
        return worlds.even(rated=self.model_class().needs_values)

    def model_class(self) -> Any:
        """The class of what `trained_on` gives."""
        return type(self.model())

    def fitted(self, dataset: Dataset) -> Any:
        """A freshly trained model; ratings are added where the model cannot do without them."""
        try:
            return self.trained_on(dataset)
        except ModelError as error:
            if "rating" not in str(error):
                raise
            return self.trained_on(worlds.valued(dataset))

    def model(self) -> Any:
        """A model trained on the even world, shared by the tests of one class: they must not change it."""
        key = (type(self), "even")
        if key not in self._trained:
            plain = self.fitted(worlds.even())
            self._trained[key] = self.trained_on(worlds.even(rated=True)) if plain.needs_values else plain
        return self._trained[key]

    @staticmethod
    def questions() -> Requests:
        """Histories of several lengths and both tastes, two of them empty."""
        return Requests.of(Histories.of([[0, 2, 4], [], [1, 3], [6], [], [15, 1, 5, 7, 9], [0, 1]]))

    def close(self, found: np.ndarray, wanted: np.ndarray) -> None:
        """Equal but for rounding."""
        np.testing.assert_allclose(found, wanted, rtol=self.tolerance, atol=self.tolerance)

    # -- scores ------------------------------------------------------------------------------------------------

    def test_scores_are_finite_numbers_for_every_history(self) -> None:
        model = self.model()
        scores = model.score(self.questions())
        assert scores.shape == (7, len(model.catalogue))
        assert scores.dtype == np.float32
        assert np.isfinite(scores).all()

    def test_an_empty_batch_has_a_shape(self) -> None:
        model, nobody = self.model(), Requests.of(Histories.empty(0))
        assert model.score(nobody).shape == (0, len(model.catalogue))
        assert model.candidates(nobody, 3).rows.shape == (0, 3)
        assert model.recommend([]).ids == []

    def test_candidates_are_scored_as_in_the_whole_catalogue(self) -> None:
        model, questions = self.model(), self.questions()
        chosen = np.random.default_rng(0).integers(-1, len(model.catalogue), (7, 5)).astype(np.int32)
        scores, whole = model.score(questions, chosen), model.score(questions)
        assert scores.dtype == np.float32
        assert np.isneginf(scores[chosen < 0]).all()
        there = chosen >= 0
        self.close(scores[there], np.take_along_axis(whole, np.maximum(chosen, 0), axis=1)[there])

    def test_one_question_is_answered_as_among_many(self) -> None:
        model, questions = self.model(), self.questions()
        alone = [model.score(questions.take(slice(b, b + 1))) for b in range(len(questions))]
        self.close(np.concatenate(alone), model.score(questions))

    def test_the_order_of_questions_does_not_matter(self) -> None:
        model, questions = self.model(), self.questions()
        order = np.array([6, 2, 0, 5, 1, 3, 4])
        self.close(model.score(questions.take(order)), model.score(questions)[order])

    def test_empty_histories_get_one_answer(self) -> None:
        if not self.model_class().reads_history:
            pytest.skip("reads no history")
        scores = self.model().score(self.questions())
        self.close(scores[1], scores[4])

    def test_asking_changes_nothing(self) -> None:
        model, questions = self.model(), self.questions()
        before = _copied(questions.histories)
        first = model.score(questions)
        model.candidates(questions, 4)
        np.testing.assert_array_equal(model.score(questions), first)
        _assert_same(questions.histories, before)

    # -- lists -------------------------------------------------------------------------------------------------

    def test_candidates_agree_with_scores(self) -> None:
        model, questions = self.model(), self.questions()
        found = model.candidates(questions, 4)
        assert found.rows.dtype == np.int32
        assert found.scores.dtype == np.float32
        scores = model.score(questions)
        scores[questions.exclude.owners, questions.exclude.rows] = -np.inf
        self.close(found.scores, -np.sort(-scores, axis=1)[:, :4])
        self.close(found.scores, np.take_along_axis(scores, found.rows, axis=1))

    def test_excluded_items_are_never_returned(self) -> None:
        questions = self.questions()
        found = self.model().candidates(questions, 20)
        for b in range(len(questions)):
            assert not set(questions.exclude[b].tolist()) & set(found.rows[b].tolist())

    def test_seen_items_are_left_out_unless_asked_for(self) -> None:
        model, history = self.model(), ["i0", "i2"]
        assert not set(history) & set(model.recommend([history], k=99).ids[0])
        assert set(history) <= set(model.recommend([history], k=99, exclude_seen=False).ids[0])

    def test_only_allowed_items_are_returned(self) -> None:
        slates = self.model().recommend([["i0"], []], k=5, allowed=["i3", "i8", "nobody's", "i0"])
        assert [set(ids) for ids in slates.ids] == [{"i3", "i8"}, {"i0", "i3", "i8"}]
        assert "'nobody\\'s' is unknown" in slates.notes[0][0] or '"nobody\'s" is unknown' in slates.notes[0][0]

    def test_a_list_longer_than_the_catalogue_ends_with_it(self) -> None:
        model = self.model()
        slates = model.recommend([["i0", "i1"], []], k=1000)
        assert [len(ids) for ids in slates.ids] == [len(model.catalogue) - 2, len(model.catalogue)]
        assert [len(set(ids)) for ids in slates.ids] == [len(ids) for ids in slates.ids]
        assert all(np.isfinite(scores).all() for scores in slates.scores)
        assert (model.candidates(self.questions(), 1000).rows[0] >= 0).sum() == len(model.catalogue) - 3

    def test_best_first(self) -> None:
        for scores in self.model().recommend([["i0"], ["i1", "i3"], []], k=16).scores:
            assert scores == sorted(scores, reverse=True)

    def test_a_slate_has_at_least_one_item(self) -> None:
        with pytest.raises(ModelError, match="k is 0; a slate has at least 1 item"):
            self.model().recommend([["i0"]], k=0)

    # -- ids ---------------------------------------------------------------------------------------------------

    def test_an_unknown_item_is_named_and_the_rest_answered(self) -> None:
        model = self.model()
        slates = model.recommend([["i0", "no such item", "i2"], ["no such item"]], k=3)
        assert slates.unknown_items == [["no such item"], ["no such item"]]
        assert "'no such item' is unknown" in slates.notes[0][0]
        assert [len(ids) for ids in slates.ids] == [3, 3]
        if model.reads_history:
            known = model.recommend([["i0", "i2"], []], k=3)
            assert slates.ids == known.ids

    def test_ids_come_out_byte_for_byte(self, tmp_path: Path) -> None:
        model = self.fitted(worlds.hard_ids())
        asked = [[id_] for id_ in worlds.HARD_IDS]
        slates = model.recommend(asked, k=100)
        assert not any(slates.unknown_items)
        for history, ids in zip(asked, slates.ids, strict=True):
            assert sorted([*ids, *history]) == sorted(worlds.HARD_IDS)
        model.save(tmp_path / "model")
        assert zhiyin.load(tmp_path / "model").recommend(asked, k=100).ids == slates.ids

    def test_the_answer_depends_on_the_history_alone(self) -> None:
        world = self.world()
        renamed = replace(world, users=IdIndex([f"renamed {id_}" for id_ in world.users]))
        model = self.model()
        for row in range(4):
            stored = model.recommend(world.history_of([world.users[row]]), k=8)
            other = model.recommend(renamed.history_of([renamed.users[row]]), k=8)
            bare = replace(world.histories.take(slice(row, row + 1)))
            assert stored.ids == other.ids == model.recommend(bare, k=8).ids
            assert stored.scores == other.scores

    def test_items_like_this_one(self) -> None:
        slates = self.model().similar_items(["i0", "no such item"], k=3)
        assert len(slates.ids[0]) == 3
        assert "i0" not in slates.ids[0]
        assert slates.ids[1] == []

    # -- what was learned --------------------------------------------------------------------------------------

    def test_it_knows_the_taste_of_the_even_world(self) -> None:
        model = self.model()
        if not model.reads_history:
            pytest.skip("reads no history: everybody gets the same")
        slates = model.recommend([["i0", "i2", "i4"], ["i3", "i1", "i5"], ["i8", "i10"], ["i9", "i11"]], k=3)
        wrong = [
            sum(worlds.parity(id_) != taste for id_ in ids) for ids, taste in zip(slates.ids, (0, 1, 0, 1), strict=True)
        ]
        assert sum(wrong) <= 1, f"{slates.ids} for tastes even, odd, even, odd"

    @pytest.mark.parametrize("kind", ["dislike", "hide", "return"])
    def test_a_disliked_item_lowers_what_resembles_it(self, kind: str) -> None:
        model = self.model()
        if not model.lowers_disliked:
            pytest.skip("declared: a disliked item lowers nothing (lowers_disliked is False)")
        for before in ([0, 2], [1, 4], []):
            after = model.score(Requests.of(_with_dislike(before, 6, kind)))[0]
            alike = [8, 10, 12, 14]
            assert (after - model.score(Requests.of(Histories.of([before])))[0])[alike].mean() < 0

    def test_new_items_can_be_asked_for(self) -> None:
        model, new = self.model(), worlds.new_even_items()
        slates = model.recommend([["i0", "i2", "i4"], ["new-even", "i2"]], k=100, new_items=new)
        assert {"new-even", "new-odd"} <= set(slates.ids[0])
        assert "new-even" not in slates.ids[1]
        assert not any(slates.unknown_items)
        if model.score_new(self.questions(), new) is None:
            assert set(slates.ids[0][-2:]) == {"new-even", "new-odd"}
            assert "knows items by their id alone: 2 new items stand last" in slates.notes[0][0]
        else:
            assert slates.ids[0].index("new-even") < slates.ids[0].index("new-odd")

    @pytest.mark.parametrize("name", ["one_user", "one_item", "repeats", "with_cold_items", "chain"])
    def test_small_and_strange_worlds_are_answered(self, name: str) -> None:
        dataset = getattr(worlds, name)()
        model = self.fitted(dataset)
        scores = model.score(dataset.requests())
        assert scores.shape == (len(dataset), dataset.n_items)
        assert np.isfinite(scores).all()
        slates = model.recommend(Histories.empty(1), k=dataset.n_items)
        assert len(slates.ids[0]) == dataset.n_items

    def test_training_changes_nothing_outside(self) -> None:
        dataset = self.world()
        before, digest = _copied(dataset.histories), dataset.digest
        self.trained_on(dataset)
        _assert_same(dataset.histories, before)
        assert type(dataset)(**{f.name: getattr(dataset, f.name) for f in fields(dataset)}).digest == digest

    def test_same_seed_same_answer_for_one_thread_and_two(self) -> None:
        answers = []
        for threads in (1, 2, 1):
            with threadpool_limits(threads):
                model = self.trained_on(self.world())
                answers.append(model.recommend(self.questions(), k=8))
        assert answers[0].ids == answers[1].ids == answers[2].ids
        assert answers[0].scores == answers[2].scores

    def test_no_event_is_refused(self) -> None:
        dataset = self.world()
        with pytest.raises(ModelError, match="nothing to learn from"):
            self.trained_on(dataset.with_histories(Histories.empty(len(dataset))))

    def test_it_says_what_it_was_made_from(self) -> None:
        model, world = self.model(), self.world()
        assert model.facts["parts"] == ["all"]
        assert model.facts["dataset"] == world.digest
        assert model.facts["events"] == world.histories.n_events
        assert model.name in repr(model)
        assert model.name in model.card()

    # -- settings ----------------------------------------------------------------------------------------------

    def test_a_misspelt_setting_is_refused(self) -> None:
        kind = self.model_class()
        with pytest.raises(SettingsError, match="has no setting 'sead'; did you mean 'seed'"):
            kind(sead=1)
        with pytest.raises(SettingsError, match="seed"):
            kind(seed="three")
        with pytest.raises(ModelError, match="give config= or single settings, not both"):
            kind(kind.Config(), seed=1)

    def test_asking_before_training_is_refused(self) -> None:
        with pytest.raises(ModelError, match="is not trained; call fit"):
            self.model_class()().recommend([[]])

    # -- saving ------------------------------------------------------------------------------------------------

    def test_saved_and_loaded_it_answers_the_same(self, tmp_path: Path) -> None:
        model, questions = self.model(), self.questions()
        model.save(tmp_path / "model")
        loaded = zhiyin.load(tmp_path / "model")
        assert loaded.name == model.name
        assert loaded.config == model.config
        np.testing.assert_array_equal(loaded.score(questions), model.score(questions))
        asked = [["i0", "i2"], ["i1"], []]
        assert loaded.recommend(asked, k=5).to_dicts() == model.recommend(asked, k=5).to_dicts()
        loaded.save(tmp_path / "again")
        assert _digests(tmp_path / "again") == _digests(tmp_path / "model")

    def test_no_file_of_it_can_run_code(self, tmp_path: Path) -> None:
        self.model().save(tmp_path / "model")
        for file in (tmp_path / "model").iterdir():
            content = file.read_bytes()
            if file.suffix == ".safetensors":
                assert content[8:9] == b"{"  # eight bytes of length, then a JSON header, then plain numbers
            elif file.suffix == ".parquet":
                assert content[:4] == content[-4:] == b"PAR1"
            else:
                assert file.suffix in {".json", ".md", ".txt"}
                content.decode()

    def test_a_damaged_copy_is_refused(self, tmp_path: Path) -> None:
        self.model().save(tmp_path / "model")
        for name in sorted(_digests(tmp_path / "model")):
            copy = Path(shutil.copytree(tmp_path / "model", tmp_path / f"copy of {name}"))
            content = bytearray((copy / name).read_bytes())
            content[len(content) // 2] ^= 1
            (copy / name).write_bytes(bytes(content))
            with pytest.raises(ModelError, match="is damaged"):
                zhiyin.load(copy)
            (copy / name).unlink()
            with pytest.raises(ModelError, match="is missing"):
                zhiyin.load(copy)

    def test_a_newer_format_is_refused(self, tmp_path: Path) -> None:
        self.model().save(tmp_path / "model")
        path = tmp_path / "model" / "manifest.json"
        path.write_text(json.dumps({**json.loads(path.read_text("utf-8")), "format": 99}), "utf-8")
        with pytest.raises(ModelError, match="has format 99, this version of zhiyin reads up to"):
            zhiyin.load(tmp_path / "model")


def _with_dislike(items: list[int], disliked: int, kind: str) -> Histories:
    """One history of likes, then one event of a negative kind."""
    histories = Histories.of([[*items, disliked]])
    kinds, weights = histories.kinds.copy(), histories.weights.copy()
    kinds[-1], weights[-1] = KINDS.index(kind), -1
    return replace(histories, kinds=kinds, weights=weights)


def _copied(histories: Histories) -> dict[str, np.ndarray]:
    names = ("offsets", "items", "times", "kinds", "values", "weights")
    return {name: getattr(histories, name).copy() for name in names}


def _assert_same(histories: Histories, before: dict[str, np.ndarray]) -> None:
    for name, array in before.items():
        np.testing.assert_array_equal(getattr(histories, name), array)


def _digests(folder: Path) -> dict[str, str]:
    return dict(json.loads((folder / "manifest.json").read_text("utf-8"))["files"])
