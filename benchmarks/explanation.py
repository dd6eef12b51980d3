"""How far each explainer is to be trusted, for each model: `make bench-explanation`.

Two sets, eight models in small settings, the same people for all. Faithfulness of the items at the first and the tenth
place of the slate (`zhiyin.explanation.faithfulness`), each explainer beside random orders, paired over people, Holm
over all models and explainers of a set. Stability over seeds and without the oldest event. Counterfactuals asked again
through the answering path, and beside all sets of up to four on ten items. Milliseconds of one SASRec item. Kept in
``results/explanation.json``; a model that is there is not asked again.
"""

import itertools
import json
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

import zhiyin
from benchmarks.protocols import RESULTS, data_folder
from zhiyin.answering import Answerer, Assembly
from zhiyin.answering.questions import of_people
from zhiyin.answering.why import explained
from zhiyin.data.bundled import online_retail
from zhiyin.data.contracts import Histories, Requests
from zhiyin.evaluation.comparison import compare_pairs
from zhiyin.explanation.attention import Attention, Attentive
from zhiyin.explanation.controls import Chance, Recency, Similarity
from zhiyin.explanation.counterfactual import MOST, without
from zhiyin.explanation.explainer import Explainer, Parts, scoring
from zhiyin.explanation.faithfulness import depth_of, faithfulness, overlap
from zhiyin.explanation.gradients import Gradients
from zhiyin.explanation.occlusion import LeaveOneOut
from zhiyin.explanation.shapley import Shapley
from zhiyin.explanation.smallest import smallest

PATH = RESULTS / "explanation.json"
PEOPLE, PROVEN, SHORT, STABLE = 100, 40, 40, 40
"""People whose items are explained; whose reasons are asked again; whose ten newest items are tried in all sets; for
whom stability is looked at."""
FEWEST, NEWEST, SLATE = 13, 50, 10
CHANCES, SEEDS, TOP = 5, 3, 5
NEURAL = {"epochs": 15, "hidden": 200}
MODELS: dict[str, dict[str, Any]] = {
    "MultVAE": {**NEURAL, "latent": 64}, "RecVAE": {**NEURAL, "latent": 64}, "SASRec": {"epochs": 8},
    "ESASRec": {"epochs": 4}, "CFGAN": {"epochs": 30}, "EASE": {}, "ItemKNN": {}, "ALS": {},
}  # fmt: skip
"""Small settings: the question is the explainers, not the models."""
MEASURES = ("deletion", "insertion", "comprehensiveness", "sufficiency")


def ml_100k() -> zhiyin.Dataset:
    return zhiyin.Dataset.from_frame(pl.read_parquet(data_folder() / "ml-100k" / "interactions.parquet")
                                     .select("user", "item", time="timestamp"))  # fmt: skip


DATA: dict[str, Callable[[], zhiyin.Dataset]] = {
    "online-retail": lambda: zhiyin.read(online_retail(), fixes="shop"), "ml-100k": ml_100k,
}  # fmt: skip


@dataclass(frozen=True)
class Question:
    """One person: the newest events, the items of the slate that are explained, the first that is not in it."""

    request: Requests
    items: np.ndarray
    rival: int


def chosen(dataset: zhiyin.Dataset) -> list[str]:
    """People of enough different items, drawn."""
    different = [len(set(dataset.histories.rows[b][-NEWEST:].tolist())) for b in range(len(dataset.users))]
    enough = np.flatnonzero(np.array(different) >= FEWEST)
    drawn = np.sort(np.random.default_rng(8).choice(enough, min(PEOPLE, len(enough)), replace=False))
    return [dataset.users[int(row)] for row in drawn]


def question(model: Any, history: Histories) -> Question:
    request = Requests.of(history.newest(NEWEST))
    rows = model.candidates(request, SLATE + 1).rows[0]
    return Question(request, rows[[0, SLATE - 1]].astype(np.int32), int(rows[SLATE]))


def explainers(model: Any, taken: Any) -> dict[str, Explainer]:
    """Those that a model can have, and the controls."""
    score = scoring(model)
    found: dict[str, Explainer] = {"loo": LeaveOneOut(score), "shapley": Shapley(score)}
    if hasattr(model, "score_from_embeddings"):
        found["gradients"] = Gradients(model)
    if isinstance(model, Attentive):
        found["attention"] = Attention(model)
    return {**found, "recency": Recency(), "similarity": Similarity(taken)}


def measured(model: Any, dataset: zhiyin.Dataset, people: list[str]) -> dict[str, Any]:
    """Faithfulness of every explainer for every person, and the stability of each."""
    named = explainers(model, dataset.histories.matrix(dataset.n_items))
    tables: dict[str, dict[str, list[float]]] = {m: {} for m in MEASURES}
    stable: dict[str, list[float]] = {}
    changed: dict[str, list[float]] = {name: [] for name in named}
    gaps: list[float] = []
    for number, user in enumerate(people):
        asked = question(model, dataset.history_of([user]))
        parts = Parts.of(asked.request)
        found = {name: one.explain(asked.request, asked.items, asked.rival) for name, one in named.items()}
        if "gradients" in found:
            gaps += found["gradients"].gap.tolist()
        chances = [Chance(seed).explain(asked.request, asked.items) for seed in range(CHANCES)]
        for place, item in enumerate(asked.items.tolist()):
            depth = depth_of(model.score_all, parts, item)
            for name, one in found.items():
                for measure, value in faithfulness(one.order(place), depth).items():
                    tables[measure].setdefault(name, []).append(value)
            drawn = [faithfulness(one.order(place), depth) for one in chances]
            for measure in MEASURES:
                tables[measure].setdefault("random", []).append(statistics.mean(one[measure] for one in drawn))
        if number >= STABLE:
            continue
        shorter = Requests(asked.request.histories.newest(asked.request.histories.n_events - 1), asked.request.now,
                           asked.request.exclude)  # fmt: skip
        for name, one in named.items():
            before, after = found[name], one.explain(shorter, asked.items, asked.rival)
            changed[name].append(statistics.mean(
                overlap(before.items[before.order(p)], after.items[after.order(p)], TOP)
                for p in range(len(asked.items))
            ))  # fmt: skip
        seeds = [Shapley(scoring(model), seed=seed).explain(asked.request, asked.items, asked.rival)
                 for seed in range(SEEDS)]  # fmt: skip
        stable.setdefault("shapley", []).append(statistics.mean(
            overlap(a.items[a.order(0)], b.items[b.order(0)], TOP) for a, b in itertools.combinations(seeds, 2)
        ))  # fmt: skip
    per_person = {m: {name: np.reshape(values, (len(people), -1)).mean(axis=1).round(4).tolist()
                      for name, values in table.items()} for m, table in tables.items()}  # fmt: skip
    return {
        "table": per_person, "jaccard_seeds": {name: statistics.mean(v) for name, v in stable.items()},
        "jaccard_one_event": {name: statistics.mean(v) for name, v in changed.items()},
        "incomplete": float(np.mean(np.array(gaps) > 0.01)) if gaps else None,
    }  # fmt: skip


def proven(name: str, model: Any, dataset: zhiyin.Dataset, people: list[str]) -> dict[str, Any]:
    """Counterfactuals of whole histories, asked again by another answerer; sizes beside all sets."""
    answerer = Answerer(Assembly.alone(name, model), dataset, k=SLATE)
    again = Answerer(Assembly.alone(name, model), dataset, k=SLATE)

    def shown(user: str, out: list[str]) -> list[str]:
        asked = of_people(dataset, again.assembly.catalogue, [user], again.assembly.exclude, out)
        rows = again.ranked(asked.requests, SLATE).rows[0, :SLATE]
        return [model.catalogue.ids[int(row)] for row in rows if row >= 0]

    found, held, sizes = 0, 0, []
    for user in people:
        item = shown(user, [])[0]
        outcome = explained(answerer, answerer.question(user), item, "counterfactual")["outcome"]
        if outcome is not None:
            found += 1
            held += item not in shown(user, outcome["without"])
            sizes.append(len(outcome["without"]))
    reasons, reasons_held = 0, 0
    for slate in answerer.people(people[:PROVEN])["recommendations"]:
        for entry in slate["items"]:
            for reason in entry["reasons"]:
                if reason["kind"] == "counterfactual":
                    reasons += 1
                    reasons_held += entry["item"] not in shown(str(slate["user"]), reason["events"])
    return {
        "asked": len(people), "found": found, "held": held, "mean_size": statistics.mean(sizes) if sizes else None,
        "reasons": reasons, "reasons_held": reasons_held, **against_all(answerer, dataset, people[:SHORT]),
    }  # fmt: skip


def against_all(answerer: Answerer, dataset: zhiyin.Dataset, people: list[str]) -> dict[str, Any]:
    """Sizes on the ten newest different items, and those of the smallest of all sets."""
    ours, best, missed = [], [], 0
    for user in people:
        rows = list(dict.fromkeys(dataset.history_of([user]).items[::-1].tolist()))[:10][::-1]
        request = Requests.of(Histories.of([rows]))
        slate = answerer.ranked(request, SLATE).rows[0, :SLATE]
        item = int(slate[0])
        found = smallest(request, slate, item, lambda asked: answerer.ranked(asked, SLATE))
        truth = None
        for size in range(1, MOST + 1):
            sets = list(itertools.combinations(rows, size))
            left = answerer.ranked(without(request, sets), SLATE).rows[:, :SLATE]
            if (left != item).all(axis=1).any():
                truth = size
                break
        if found is not None and truth is not None:
            ours.append(len(found.items))
            best.append(truth)
        missed += found is None and truth is not None
    ratio = statistics.mean(ours) / statistics.mean(best) if ours else None
    return {"short": len(people), "short_found": len(ours), "short_missed": missed, "size_ratio": ratio}


def milliseconds(model: Any, dataset: zhiyin.Dataset, people: list[str]) -> dict[str, Any]:
    """For one item of people with as many events as SASRec reads, median: wall time, and the processor's."""
    long = [user for user in people if dataset.history_of([user]).n_events >= NEWEST][:30]
    answerer = Answerer(Assembly.alone("SASRec", model), k=SLATE)
    score = scoring(model)
    taken: dict[str, list[float]] = {name: [] for name in ("loo", "shapley", "gradients", "counterfactual")}
    busy: dict[str, list[float]] = {name: [] for name in taken}
    different = []
    for user in long:
        asked = question(model, dataset.history_of([user]))
        slate, item = answerer.ranked(asked.request, SLATE).rows[0, :SLATE], asked.items[:1]
        different.append(len(Parts.of(asked.request)))
        ways: dict[str, Callable[[], Any]] = {
            "loo": lambda: LeaveOneOut(score).explain(asked.request, item, asked.rival),  # noqa: B023
            "shapley": lambda: Shapley(score).explain(asked.request, item, asked.rival),  # noqa: B023
            "gradients": lambda: Gradients(model).explain(asked.request, item, asked.rival),  # noqa: B023
            "counterfactual": lambda: smallest(asked.request, slate, int(item[0]),  # noqa: B023
                                               lambda some: answerer.ranked(some, SLATE)),
        }  # fmt: skip
        for name, way in ways.items():
            start = time.perf_counter(), time.process_time()
            way()
            taken[name].append(1000 * (time.perf_counter() - start[0]))
            busy[name].append(1000 * (time.process_time() - start[1]))
    return {"wall": {name: statistics.median(ms) for name, ms in taken.items()},
            "cpu": {name: statistics.median(ms) for name, ms in busy.items()}, "people": len(long),
            "different_items": statistics.median(different)}  # fmt: skip


def judged(models: dict[str, Any]) -> dict[str, Any]:
    """Every explainer beside random orders, one family for each measure."""
    found: dict[str, Any] = {}
    for measure in MEASURES:
        table = {f"{model}/{name}": np.array(values) for model, told in models.items()
                 for name, values in told["table"][measure].items()}  # fmt: skip
        pairs = [(key, f"{key.partition('/')[0]}/random") for key in table if not key.endswith("/random")]
        found[measure] = {
            pair["a"]: {"value": float(table[pair["a"]].mean()), "random": float(table[pair["b"]].mean()),
                        **{part: pair[part] for part in ("difference", "low", "high", "p_holm")}}  # type: ignore[literal-required]
            for pair in compare_pairs(table, pairs, measure).pairs
        }  # fmt: skip
    return found


def main() -> None:
    kept = json.loads(PATH.read_text("utf-8")) if PATH.exists() else {}
    for data, read in DATA.items():
        dataset = read()
        people = chosen(dataset)
        told = kept.setdefault(data, {"people": len(people), "items": dataset.n_items, "models": {}})
        for name, settings in MODELS.items():
            row = told["models"].get(name, {})
            if "table" in row and "counterfactual" in row:
                continue
            start = time.process_time()
            model = getattr(zhiyin.models, name)(seed=1, **settings).fit(dataset)
            row["fit_cpu_s"] = round(time.process_time() - start, 1)
            if "table" not in row:
                row |= measured(model, dataset, people)
            if "counterfactual" not in row:
                row["counterfactual"] = proven(name, model, dataset, people)
                if name == "SASRec":
                    told["milliseconds"] = milliseconds(model, dataset, people)
            row["cpu_s"] = round(time.process_time() - start, 1)
            told["models"] = {model: told["models"].get(model, row) for model in MODELS
                              if model == name or model in told["models"]}  # fmt: skip
            print(f"{data} {name}: {row['counterfactual']} {row['cpu_s']} s", file=sys.stderr, flush=True)
            told["judged"] = judged(told["models"])
            PATH.write_text(json.dumps(kept, ensure_ascii=False) + "\n", "utf-8")


if __name__ == "__main__":
    main()
