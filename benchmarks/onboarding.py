"""Five questions to somebody new on ML-1M: `python -m benchmarks.onboarding`.

604 people of whom training knows nothing (`protocols.people`) are asked about five items, one after the other; they
like an item if it is among the 80 % of theirs that are shown, else it is not known. What is recommended after that is
judged by the other 20 %: recall@20 divided by min(20, targets), items that were liked left out. Questions: those whose
answers are expected to tell most, popular ones, random ones. Lists: EASE's from the answers as a history, those of the
groups' posterior, and the sum of both, each standardised for a person. Kept in ``results/onboarding.json``.
"""

import json
from typing import Any

import numpy as np

import zhiyin
from benchmarks import protocols
from benchmarks.protocols import RESULTS
from benchmarks.quality import standardised
from benchmarks.zhiyin_jobs import dataset_of, held_out_cases
from zhiyin.core.randomness import generator
from zhiyin.data.contracts import Cases, Requests
from zhiyin.evaluation import compare_pairs, metrics_of_lists
from zhiyin.models.onboarding import Onboarding, histories_of
from zhiyin.retrieval import best_rows

QUESTIONS, METRIC, SEEDS = 5, "recall@20", (0, 1, 2)
HOWS = ("expected information", "popular", "random")


def asked(onboarding: Onboarding, likes: np.ndarray, how: str, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Items asked about, and the answers, (B, QUESTIONS) each, of people who like ``likes``, bool (B, N)."""
    n_people = len(likes)
    items = np.zeros((n_people, 0), np.int64)
    nothing = np.zeros((1, 0), np.int64)
    popular = np.argsort(-onboarding.likely(nothing, nothing)[0])
    drawn = generator(seed, "questions").random(likes.shape).argsort(axis=1)
    for turn in range(QUESTIONS):
        answers = np.take_along_axis(likes, items, axis=1).astype(np.int64)
        new = {
            "expected information": lambda told=answers, before=items: onboarding.ask(before, told),
            "popular": lambda turn=turn: np.full((n_people, 1), popular[turn]),
            "random": lambda turn=turn: drawn[:, turn : turn + 1],
        }[how]()
        items = np.concatenate([items, new], axis=1)
    return items, np.take_along_axis(likes, items, axis=1).astype(np.int64)


def recalls(
    model: Any, onboarding: Onboarding, cases: Cases, items: np.ndarray, answers: np.ndarray
) -> dict[str, np.ndarray]:
    """Of each kind of list, float64 (B,)."""
    requests = Requests.of(histories_of(items, answers))
    by_model, by_groups = model.score(requests), onboarding.likely(items, answers)
    both = standardised(by_model, requests) + standardised(by_groups, requests)
    lists = {"EASE": by_model, "groups": by_groups, "both": both.astype(np.float32)}
    found = {}
    for name, scores in lists.items():
        rows, _ = best_rows(scores.copy(), 20, exclude=requests.exclude)
        found[name] = metrics_of_lists(rows, cases.targets, (METRIC,))[METRIC]
    return found


def one(seed: int) -> dict[str, dict[str, Any]]:
    """Kind of question → kind of list → each person's recall, and the likes among the answers."""
    folder = protocols.people("ml-1m", seed)
    train = dataset_of(folder, "train")
    cases = held_out_cases(folder, train)
    model = zhiyin.models.EASE(regularisation=800).fit(train)
    onboarding = Onboarding.of(model, train.histories, seed=seed)
    likes = cases.requests.histories.matrix(train.n_items).toarray() > 0
    found: dict[str, dict[str, Any]] = {}
    for how in HOWS:
        items, answers = asked(onboarding, likes, how, seed)
        found[how] = {**recalls(model, onboarding, cases, items, answers), "likes": answers.sum(axis=1)}
    nothing = np.full((len(cases), 1), -1)
    found["no question"] = recalls(model, onboarding, cases, nothing, np.zeros_like(nothing))
    return found


def main() -> None:
    splits = [one(seed) for seed in SEEDS]
    people = {
        how: {name: np.concatenate([found[how][name] for found in splits]) for name in splits[0][how]}
        for how in splits[0]
    }
    rows = {how: {name: float(values.mean()) for name, values in told.items()} for how, told in people.items()}
    pairs = {
        name: [dict(pair) for pair in compare_pairs(
            {how: people[how][name] for how in HOWS}, [(HOWS[0], other) for other in HOWS[1:]], METRIC).pairs]
        for name in ("EASE", "groups", "both")
    }  # fmt: skip
    told = {"data": "ml-1m", "metric": METRIC, "questions": QUESTIONS, "seeds": SEEDS,
            "people": len(people["random"]["likes"]), "rows": rows, "pairs": pairs}  # fmt: skip
    (RESULTS / "onboarding.json").write_text(json.dumps(told, indent=1) + "\n", "utf-8")
    print(json.dumps(rows, indent=1))


if __name__ == "__main__":
    main()
