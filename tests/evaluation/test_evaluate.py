"""Figures that cannot mislead: ties, intervals, references, leaks, comparisons."""

import json
import re
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import zhiyin
from zhiyin.core.errors import DataError, ModelError, RefusedError, SettingsError
from zhiyin.data.contracts import Cases, Histories, Ragged, Requests
from zhiyin.data.popularity import counts
from zhiyin.data.splits import Split
from zhiyin.evaluation import audit, compare, compare_pairs, evaluate
from zhiyin.evaluation.comparison import holm
from zhiyin.evaluation.intervals import figure, resampled_means
from zhiyin.evaluation.ranking import ranked
from zhiyin.evaluation.references import Fixed


def log(n_users: int = 60, n_items: int = 30, seed: int = 0) -> pl.DataFrame:
    """Random events, one a day for each person, ids in no order."""
    rng = np.random.default_rng(seed)
    rows = [
        (f"u{user}", f"i{item}", 86_400 * (1 + day))
        for user in range(n_users)
        for day, item in enumerate(rng.permutation(n_items)[:10])
    ]
    return pl.DataFrame(rows, schema=["user", "item", "time"], orient="row")


@pytest.fixture(scope="module")
def parts() -> Split:
    return zhiyin.split(zhiyin.Dataset.from_frame(log()), "time", days=2)


class Constant:
    """Everything alike."""

    name = "constant"

    def __init__(self, n: int) -> None:
        self.n = n

    def score(self, requests, candidates=None):
        return np.zeros((len(requests), self.n), np.float32)


class Oracle:
    """Knows the answers."""

    name = "oracle"

    def __init__(self, cases: Cases, n: int, parts: tuple[str, ...] = ()) -> None:
        self.cases, self.n, self.facts = cases, n, {"parts": list(parts)}
        self.asked = 0

    def score(self, requests, candidates=None):
        scores = np.zeros((len(requests), self.n), np.float32)
        part = self.cases.targets.take(np.arange(self.asked, self.asked + len(requests)))
        scores[part.owners, part.rows] = 1
        self.asked += len(requests)
        return scores


def test_a_constant_scorer_gains_nothing_from_ties():
    cases = Cases(Requests.of(Histories.of([[0], [1]])), Ragged.of([[3], [4]]), np.array([0, 1]))
    ranks, _ = ranked(Constant(11), cases, 5)
    assert ranks.tolist() == [5.5, 5.5]  # ten items are ranked, all alike


def test_seen_items_are_not_ranked_and_an_excluded_target_is_never_found():
    cases = Cases(Requests.of(Histories.of([[0, 1]])), Ragged.of([[2, 0]]), np.array([0]))
    ranks, lists = ranked(Fixed("f", np.array([9.0, 8, 7, 1])), cases, 4)
    assert ranks.tolist() == [1.0, np.inf]
    assert lists.tolist() == [[2, 3, -1, -1]]


def test_a_score_that_is_no_number_is_refused(parts: Split):
    with pytest.raises(ModelError, match="broken gives NaN as a score"):
        evaluate(Fixed("broken", np.full(30, np.nan)), parts)


def test_what_does_not_beat_popularity_is_named_in_one_line_but_for_popularity_itself(parts: Split):
    worst = counts(parts.train)
    scorers = {name: Fixed(name, -worst - np.arange(30) * shift) for name, shift in (("one", 0.0), ("two", 1e-3))}
    found = evaluate({**scorers, "popular": Fixed("popular", worst)}, parts)
    (said,) = (text for text in found.warnings if "popular" in text)
    assert re.fullmatch(r"no better than popularity \(0\.\d{4} ndcg@10\): one 0\.\d{4}, two 0\.\d{4}", said)


def test_references_intervals_and_strata_stand_beside_every_figure(parts: Split):
    found = evaluate({"oracle": Oracle(parts.test, 30), "constant": Constant(30)}, parts)
    assert found.references == ("popularity", "popularity of 7 days", "random")
    assert found.figures["oracle"]["recall@10"]["value"] == pytest.approx(1)  # its two targets tie for the first place
    for figures in found.figures.values():
        low, value, high = (figures["ndcg@10"][name] for name in ("low", "value", "high"))
        assert 0 <= low <= value <= high <= 1
    assert set(found.strata["oracle"]) == {"hot"}
    assert any("no better than popularity" in text and "constant" in text for text in found.warnings) or (
        found.figures["constant"]["ndcg@10"]["value"] > found.figures["popularity"]["ndcg@10"]["value"]
    )
    shape = json.loads(json.dumps(found.to_dict()))
    assert shape["leakage"]["verdict"] == "pass"
    assert shape["split"]["rule"].startswith("by time: events from 1970-01-")
    assert "oracle" in repr(found)
    assert "<th>model</th>" in found._repr_html_()


def test_popularity_beside_a_refitted_model_knows_the_validation_part_too(parts: Split):
    """A model that learned from both parts must not be compared with a popularity that stopped earlier."""
    early, late = (zhiyin.models.Popular().fit(part) for part in (parts.train, parts.refit))
    beside_early, beside_late = evaluate({"m": early}, parts), evaluate({"m": late}, parts)
    for evaluation in (beside_early, beside_late):
        figures = evaluation.figures
        assert figures["popularity"]["ndcg@10"]["value"] == figures["m"]["ndcg@10"]["value"]
    assert beside_early.figures["m"]["ndcg@10"] != beside_late.figures["m"]["ndcg@10"]


def test_pairs_are_compared_as_one_family():
    rng = np.random.default_rng(0)
    table = {"none": rng.normal(size=200), "much": rng.normal(1, 1, 200), "little": rng.normal(0.02, 1, 200)}
    found = compare_pairs(table, [("much", "none"), ("little", "none")], "ndcg@10").pairs
    assert [(pair["a"], pair["b"]) for pair in found] == [("much", "none"), ("little", "none")]
    assert found[0]["p_holm"] == pytest.approx(2 * found[0]["p"])
    assert found[0]["difference"] == pytest.approx((table["much"] - table["none"]).mean())
    assert found[1]["p_holm"] > 0.05
    assert compare_pairs(table, [], "ndcg@10").pairs == ()


def test_the_order_of_people_does_not_matter(parts: Split):
    model = zhiyin.models.ItemKNN().fit(parts.train)
    turned = np.arange(len(parts.test))[::-1]
    one = evaluate(model, parts.test, train=parts.train)
    other = evaluate(model, parts.test.take(turned), train=parts.train)
    assert one.figures["ItemKNN"]["ndcg@10"]["value"] == pytest.approx(other.figures["ItemKNN"]["ndcg@10"]["value"])


def test_scores_may_be_stretched_without_effect(parts: Split):
    model = zhiyin.models.ItemKNN().fit(parts.train)

    class Stretched:
        name = "stretched"

        def score(self, requests, candidates=None):
            return 3 * model.score(requests) + 7

    found = evaluate({"plain": model, "stretched": Stretched()}, parts)
    assert found.figures["plain"]["mrr@10"] == found.figures["stretched"]["mrr@10"]
    same = next(pair for pair in compare(found).pairs if {pair["a"], pair["b"]} == {"plain", "stretched"})
    assert (same["difference"], same["p"], same["p_holm"]) == (0, 1, 1)


def test_an_unknown_metric_and_missing_train_are_explained(parts: Split):
    found = evaluate(Constant(30), parts)
    with pytest.raises(SettingsError, match=r"'ndcg@11' was not evaluated; did you mean 'ndcg@10'"):
        compare(found, "ndcg@11")
    with pytest.raises(DataError, match=r"give train=split\.train"):
        evaluate(Constant(30), parts.test)


def test_a_better_model_is_told_from_a_worse_one(parts: Split):
    found = evaluate({"oracle": Oracle(parts.test, 30), "constant": Constant(30)}, parts)
    pair = next(pair for pair in compare(found).pairs if (pair["a"], pair["b"]) == ("oracle", "constant"))
    assert pair["low"] > 0
    assert pair["p_holm"] < 0.05
    assert pair["detectable"] > 0


def test_the_bootstrap_agrees_with_the_normal_interval():
    column = np.random.default_rng(1).normal(5, 2, 10_000)
    found = figure(column, resampled_means(column[:, None])[:, 0])
    assert found["low"] == pytest.approx(column.mean() - 1.96 * 0.02, abs=0.006)
    assert found["high"] == pytest.approx(column.mean() + 1.96 * 0.02, abs=0.006)


def test_nobody_hit_still_has_a_width():
    column = np.zeros(60)
    assert figure(column, resampled_means(column[:, None])[:, 0]) == {"value": 0, "low": 0, "high": 0.05, "n": 60}


def test_holm_by_hand():
    assert holm(np.array([0.01, 0.04, 0.03])) == pytest.approx([0.03, 0.06, 0.06])


def test_an_untouched_split_has_no_leak(parts: Split):
    assert audit(parts.train, parts.test, {"ItemKNN": zhiyin.models.ItemKNN().fit(parts.train)}).verdict == "pass"


def test_a_planted_test_event_in_training_is_found_and_stops_the_figures(parts: Split):
    whole = zhiyin.Dataset.from_frame(log())
    found = audit(whole, parts.test)
    assert found.verdict == "fail"
    checks = {finding.check for finding in found.findings}
    assert checks >= {"same event in both parts", "training after the test's start"}
    assert "user 'u0', item 'i" in found.findings[0].rows[0]
    with pytest.raises(RefusedError, match="a leak, so no figure is made: same event in both parts") as caught:
        evaluate(Constant(30), parts.test, train=whole)
    assert caught.value.exit_code == 1


def test_a_model_fitted_on_everything_is_found(parts: Split):
    model = zhiyin.models.ItemKNN().fit(zhiyin.Dataset.from_frame(log()))
    with pytest.raises(RefusedError, match=r"ItemKNN was fitted on all; fit it on split\.train"):
        evaluate(model, parts)


def test_people_that_should_be_unseen_are_found():
    parts = zhiyin.split(zhiyin.Dataset.from_frame(log()), "people")
    assert audit(parts.train, parts.test, unseen_people=True).verdict != "fail"
    whole = zhiyin.Dataset.from_frame(log())
    found = audit(whole, parts.test, unseen_people=True)
    assert "people that should be unseen" in {finding.check for finding in found.findings}


def test_a_history_newer_than_its_question_is_found(parts: Split):
    requests = parts.test.requests
    early = Requests(requests.histories, np.zeros_like(requests.now), requests.exclude)
    found = audit(parts.train, Cases(early, parts.test.targets, parts.test.users))
    assert "history after asking" in {finding.check for finding in found.findings}


def test_ties_in_the_order_of_ids_are_a_warning_and_shuffling_ends_it():
    frame = log().with_columns(time=pl.lit(86_400)).sort("user", "item")
    found = audit(
        zhiyin.split(zhiyin.Dataset.from_frame(frame), "last").train,
        zhiyin.split(zhiyin.Dataset.from_frame(frame), "last").test,
    )
    finding = next(finding for finding in found.findings if finding.check == "ties follow the ids")
    assert finding.verdict == "warn"
    assert "100% of" in finding.found
    mixed = zhiyin.split(zhiyin.Dataset.from_frame(frame), "last", ties="shuffle", seed=1)
    assert "ties follow the ids" not in {finding.check for finding in audit(mixed.train, mixed.test).findings}


def test_the_cases_of_one_person_count_as_one_person(parts: Split):
    """Two questions to one person, one answered: that person scores a half, and there is one person."""
    cases = Cases(Requests.of(Histories.of([[0], [0]])), Ragged.of([[1], [2]]), np.array([0, 0]))
    train = parts.train.with_histories(Histories.of([[0], [5]]))
    found = evaluate(Fixed("f", np.arange(30, 0, -1) * 1.0), cases, train=train, metrics=("hit_rate@1",))
    assert found.table["f"]["hit_rate@1"].tolist() == [0.5]
    assert found.figures["f"]["hit_rate@1"]["n"] == 1


@pytest.mark.slow
def test_the_anchors_on_beauty(data_folder: Path):
    """Popularity to four digits, fitted on train and on train and validation."""
    parts = zhiyin.split(
        zhiyin.Dataset.from_frame(pl.read_parquet(data_folder / "amazon-beauty/interactions.parquet")), "last"
    )
    models = {"train": zhiyin.models.Popular().fit(parts.train), "refit": zhiyin.models.Popular().fit(parts.refit)}
    models |= {
        "sequence": zhiyin.models.SequenceKNN().fit(parts.train),
        "again": zhiyin.models.SequenceKNN().fit(parts.refit),
    }
    found = evaluate(models, parts, metrics=("recall@10", "ndcg@10")).figures
    four = {
        name: tuple(round(found[name][metric]["value"], 4) for metric in ("recall@10", "ndcg@10")) for name in models
    }
    assert four == {
        "train": (0.0110, 0.0053), "refit": (0.0130, 0.0059), "sequence": (0.0831, 0.0523), "again": (0.0926, 0.0596),
    }  # fmt: skip


@pytest.mark.slow
def test_the_anchors_on_beauty_with_ties_shuffled(data_folder: Path):
    """What a model learns from the order of ids alone is gone: the published figures, about."""
    events = zhiyin.Dataset.from_frame(pl.read_parquet(data_folder / "amazon-beauty/interactions.parquet"))
    parts = zhiyin.split(events, "last", ties="shuffle", seed=0)
    models = {
        "train": zhiyin.models.SequenceKNN().fit(parts.train),
        "refit": zhiyin.models.SequenceKNN().fit(parts.refit),
    }
    found = evaluate(models, parts, metrics=("recall@10", "ndcg@10")).figures
    for name, recall, ndcg in (("train", 0.0744, 0.0455), ("refit", 0.0822, 0.0507)):
        assert found[name]["recall@10"]["value"] == pytest.approx(recall, abs=1e-3)
        assert found[name]["ndcg@10"]["value"] == pytest.approx(ndcg, abs=1e-3)
    assert "ties in time shuffled" in parts.rule


@pytest.mark.parametrize("shape", [(1, 29), (1, 30, 1), (30,)])
def test_scores_of_a_wrong_shape_are_refused_with_the_right_one(shape: tuple[int, ...], parts: Split):
    class Wrong:
        name = "wrong"

        def score(self, requests, candidates=None):
            return np.zeros(shape if len(shape) != 2 else (len(requests) - 1, 30), np.float32)

    with pytest.raises(ModelError, match=r"wrong.score gives shape .* for \d+ requests; give float32 \(B, N\)"):
        evaluate(Wrong(), parts)
