"""The same seed gives the same weights, whatever the number of threads; schedules; the validation figure."""

import math
import os
import subprocess
import sys

import numpy as np
import pytest
import torch

from zhiyin.core.errors import ResourceError
from zhiyin.data.contracts import Cases, Histories, Ragged, Requests
from zhiyin.training import ndcg_on, reproducible, validation
from zhiyin.training.schedules import rise, warm_cosine


def test_random_state_and_settings_come_back():
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    with reproducible(1):
        inside = torch.rand(1)
        assert torch.are_deterministic_algorithms_enabled()
    with reproducible(1):
        assert torch.rand(1) == inside
    assert torch.rand(1) == expected
    assert not torch.are_deterministic_algorithms_enabled()
    assert torch.utils.deterministic.fill_uninitialized_memory


FIT = """
import hashlib
import sys
import numpy as np, polars as pl, torch
import zhiyin
assert torch.get_num_threads() == int(sys.argv[1])
rng = np.random.default_rng(1)
rows = [{"user": f"u{u}", "item": f"i{i}"} for u in range(300) for i in rng.choice(900, 40, replace=False)]
dataset = zhiyin.Dataset.from_frame(pl.DataFrame(rows))
for estimator in (zhiyin.models.MultVAE, zhiyin.models.SASRec):
    model = estimator(epochs=1, seed=4).fit(dataset)
    slates = model.recommend([[], ["i1"], ["i5", "i9", "i700"]], k=10)
    print(hashlib.sha256(b"".join(a.tobytes() for _, a in sorted(model.arrays().items()))).hexdigest(), slates.ids)
"""


def test_the_same_seed_gives_the_same_model_with_one_thread_and_with_two():
    def printed(threads: str) -> str:
        environment = {**os.environ, "OMP_NUM_THREADS": threads, "MKL_NUM_THREADS": threads}
        return subprocess.run(
            [sys.executable, "-c", FIT, threads], env=environment, capture_output=True, text=True, check=True
        ).stdout

    one = printed("1")
    assert len(one.splitlines()) == 2
    assert printed("2") == one


def test_schedules_are_functions_of_the_share_done():
    assert [rise(done, 0.5) for done in (0, 0.25, 0.5, 1)] == [0, 0.5, 1, 1]
    assert rise(0, 0) == 1
    assert warm_cosine(0.1, warm=0.1) == pytest.approx(1)
    assert 0 < warm_cosine(0, warm=0.1) < warm_cosine(0.05, warm=0.1) < 1
    assert warm_cosine(0.55, warm=0.1) == pytest.approx(0.5)
    assert warm_cosine(1, floor=0.2) == pytest.approx(0.2)


class Fixed:
    """Everybody gets the same scores: item 0 the highest."""

    def score(self, requests: Requests, candidates: np.ndarray | None = None) -> np.ndarray:
        return np.tile(np.arange(6, 0, -1, dtype=np.float32), (len(requests), 1))


def cases(histories: list[list[int]], targets: list[list[int]]) -> Cases:
    requests = Requests.of(Histories.of(histories))
    return Cases(requests, Ragged.of(targets), np.arange(len(targets)))


def test_the_validation_figure_by_hand():
    # best three: 0 1 2, and 1 2 3 for the second, who has seen 0
    found = ndcg_on(Fixed(), cases([[], [0]], [[1, 5], [3, 1, 2, 4]]), k=3)
    first = (1 / math.log2(3)) / (1 + 1 / math.log2(3))
    assert found == pytest.approx((first + 1) / 2)
    assert ndcg_on(Fixed(), cases([], []), k=3) == 0


def test_a_target_that_stands_twice_counts_once_and_blocks_do_not_matter():
    asked = cases([[], [0], [1], [], [5]], [[1, 1], [3], [0, 2], [5], [4]])
    assert ndcg_on(Fixed(), cases([[]], [[0, 0]]), k=3) == 1
    assert ndcg_on(Fixed(), asked, k=3, block=2) == ndcg_on(Fixed(), asked, k=3)


def test_many_cases_are_sampled_the_same_each_time(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(validation, "MOST_CASES", 10)
    asked = cases([[]] * 40, [[n % 6] for n in range(40)])
    assert ndcg_on(Fixed(), asked, k=3) == ndcg_on(Fixed(), asked, k=3)
    sizes = []

    class Counting(Fixed):
        def score(self, requests: Requests, candidates: np.ndarray | None = None) -> np.ndarray:
            sizes.append(len(requests))
            return super().score(requests)

    ndcg_on(Counting(), asked, k=3)
    assert sizes == [10]


def test_what_does_not_fit_into_memory_is_one_sentence_and_other_mistakes_stay_what_they_are():
    for size, said in ((10**15, "18,626,451.5 GiB were asked for at once; make the settings smaller"),
                       (10**19, "more was asked for than there is; make")):  # fmt: skip
        with pytest.raises(ResourceError, match=f"there is not enough memory: {said}") as found, reproducible(1):
            torch.empty(size, 5)
        assert found.value.exit_code == 4
    with pytest.raises(RuntimeError, match="mat1"), reproducible(1):
        torch.ones(2, 3) @ torch.ones(2, 3)
