"""EASE beside the limit of the machine, one thread, CPU seconds: `python -m benchmarks.linear [--turns 3]`.

Writes ``benchmarks/results/linear.json``. On ML-1M: the fit, and the 100 best for everybody with what they have seen
left out. On Beauty (12,101 items): the fit beside LAPACK's Cholesky inverse of the same matrix, in turns. The peers'
own seconds are measured by `benchmarks.speed`, on the same protocol.
"""

import argparse
import json
import statistics
import time
from collections.abc import Callable

import numpy as np
from scipy.linalg import lapack
from threadpoolctl import threadpool_limits

import zhiyin
from benchmarks import protocols
from benchmarks.zhiyin_jobs import dataset_of
from zhiyin.models.linear.ease import triangle

K = 100


def seconds(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def lapack_alone(dataset: zhiyin.Dataset, regularisation: float) -> float:
    """The least that an exact fit costs here: potrf and potri, in place, on a matrix that is there already."""
    gram = triangle(dataset.histories.matrix(dataset.n_items), np.dtype(np.float32))
    gram[np.diag_indices_from(gram)] += regularisation

    def inverted() -> None:
        root, _ = lapack.spotrf(gram.T, lower=0, overwrite_a=1, clean=0)
        lapack.spotri(root, lower=0, overwrite_c=1)

    return seconds(inverted)


def everybody(turns: int) -> dict[str, object]:
    """ML-1M, fitted on all but the last two events of everybody."""
    dataset = dataset_of(protocols.last("ml-1m"), "train")
    model = zhiyin.models.EASE(regularisation=200)
    fits = [seconds(lambda: model.fit(dataset)) for _ in range(turns)]
    requests = dataset.requests()
    answers = [seconds(lambda: model.candidates(requests, K)) for _ in range(turns)]
    return {
        "people": len(dataset),
        "items": dataset.n_items,
        "fit_cpu_s": fits,
        "fit_cpu_s_median": statistics.median(fits),
        "recommend_cpu_s": answers,
        "people_per_cpu_s": len(dataset) / statistics.median(answers),
    }


def beside_lapack(turns: int) -> dict[str, object]:
    """Beauty, fitted on all but the last two events of everybody."""
    dataset = dataset_of(protocols.last("amazon-beauty"), "train")
    fits, limits = [], []
    for _ in range(turns):
        limits.append(lapack_alone(dataset, 200))
        fits.append(seconds(lambda: zhiyin.models.EASE(regularisation=200).fit(dataset)))
    return {
        "items": dataset.n_items,
        "fit_cpu_s": fits,
        "lapack_cpu_s": limits,
        "ratio": statistics.median(fits) / statistics.median(limits),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--turns", type=int, default=3)
    turns = parser.parse_args().turns
    with threadpool_limits(1):
        result = {"threads": 1, "ml-1m": everybody(turns), "amazon-beauty": beside_lapack(turns)}
    protocols.RESULTS.mkdir(exist_ok=True)
    (protocols.RESULTS / "linear.json").write_text(json.dumps(result, indent=2) + "\n")
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
