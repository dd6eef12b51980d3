"""One call from models to figures that cannot mislead: all items ranked, intervals, references, the rule in words.

Letters: B cases, P people, T targets, N items.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape

import numpy as np

from zhiyin.core.errors import DataError, RefusedError
from zhiyin.core.wire import EvaluateJSON, FigureJSON
from zhiyin.data.contracts import Cases, RatingPredictor, Scorer
from zhiyin.data.dataset import Dataset
from zhiyin.data.splits import Split
from zhiyin.evaluation.audit import Audit, audit
from zhiyin.evaluation.intervals import figure, resampled_means
from zhiyin.evaluation.lists import TRAITS, ListTraits, coverage
from zhiyin.evaluation.metrics import Ranks, named_metric
from zhiyin.evaluation.ranking import ranked
from zhiyin.evaluation.references import references

USUAL = ("ndcg@10", "recall@10", "hit_rate@10", "precision@10", "map@10", "mrr@10", "ndcg@100", "recall@100")
K = 10
"""Length of the lists whose traits (coverage, novelty, diversity …) are measured."""
COMPARED = (*USUAL, *(f"{trait}@{K}" for trait in TRAITS))
"""What every evaluation has person by person, so that differences can be tested."""
STRATA = ("hot", "warm", "cold")


@dataclass(frozen=True, eq=False)
class Evaluation:
    """Figures of every model, person by person."""

    table: Mapping[str, Mapping[str, np.ndarray]]
    """Model → metric → float64 (P,), one number a person (the mean of the person's cases)."""
    metrics: tuple[str, ...]
    references: tuple[str, ...]
    figures: Mapping[str, Mapping[str, FigureJSON]]
    strata: Mapping[str, Mapping[str, Mapping[str, FigureJSON]]]
    """Model → hot (trained on), warm (met, not trained on), cold (never met) → metric, over targets of that kind."""
    rule: str
    audit: Audit
    parts: Mapping[str, Sequence[str]]
    """Which parts the fit of each model read."""
    n_cases: int
    dropped: Mapping[str, int] = field(default_factory=dict)
    stratum_table: Mapping[str, Mapping[str, Mapping[str, np.ndarray]]] = field(default_factory=dict)
    """Model → stratum → metric → float64, one number for each case with a target there."""

    def to_dict(self) -> EvaluateJSON:
        """The JSON shape of ``evaluate``."""
        split = {
            "rule": self.rule, "cases": self.n_cases, "left_out": dict(self.dropped),
            "fitted_on": {name: list(parts) for name, parts in self.parts.items()},
            "references": list(self.references), "warnings": self.warnings,
            "strata": {name: dict(found) for name, found in self.strata.items()},
        }  # fmt: skip
        figures = {name: dict(found) for name, found in self.figures.items()}
        return {"split": split, "models": figures, "leakage": self.audit.to_dict()}

    @property
    def warnings(self) -> list[str]:
        """One line on the models that do not beat popularity and are not popularity, and what the audit warns of."""
        metric = self.metrics[0]
        beside = [name for name in self.references if name != "random"]
        popular = max(self.figures[name][metric]["value"] for name in beside)
        values = {
            name: found[metric]["value"]
            for name, found in self.figures.items()
            if name not in self.references
            and not any(np.array_equal(self.table[name][metric], self.table[other][metric]) for other in beside)
        }
        weak = ", ".join(f"{name} {value:.4f}" for name, value in values.items() if value <= popular)
        said = [f"no better than popularity ({popular:.4f} {metric}): {weak}"] if weak else []
        return said + [f"{finding.check}: {finding.found}" for finding in self.audit.findings]

    def rows(self) -> list[list[str]]:
        """Model, then each of the first metrics with its interval."""
        shown = [*self.metrics[:2], f"coverage@{K}"]
        table = [["model", *shown, "fitted on"]]
        for name, figures in self.figures.items():
            cells = [
                f"{f['value']:.4f} [{f['low']:.4f}, {f['high']:.4f}]" for f in (figures[metric] for metric in shown)
            ]
            table.append([name, *cells, "+".join(self.parts.get(name, ())) or "–"])
        return table

    def __repr__(self) -> str:
        table = self.rows()
        widths = [max(len(row[column]) for row in table) for column in range(len(table[0]))]
        lines = [
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in table
        ]
        return "\n".join(
            [*lines, f"{self.n_cases:,} cases; {self.rule}", *(f"warning: {text}" for text in self.warnings)]
        )

    def _repr_html_(self) -> str:
        head, *body = self.rows()
        cells = "".join(f"<th>{escape(cell)}</th>" for cell in head)
        rows = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in body)
        notes = "".join(f"<p>{escape(text)}</p>" for text in [self.rule, *self.warnings])
        return f"<table><thead><tr>{cells}</tr></thead><tbody>{rows}</tbody></table>{notes}"


def evaluate(
    models: Scorer | Mapping[str, Scorer], on: Split | Cases, *, train: Dataset | None = None,
    metrics: Sequence[str] = USUAL, seed: int = 0,
) -> Evaluation:  # fmt: skip
    """Figures of ``models`` on the test part of a `Split` (or on `Cases`, with the ``train`` part they go with).

    Every item is ranked, seen ones left out; popularity and chance stand beside; a 95 % bootstrap interval over people
    on everything. Raises `RefusedError` where the audit finds a leak.
    """
    metrics = (metrics,) if isinstance(metrics, str) else tuple(metrics)
    _checked_kinds(models, on, metrics)
    named = dict(models) if isinstance(models, Mapping) else {getattr(models, "name", "model"): models}
    cases, base, rule = (on.test, _read(on, named), on.rule) if isinstance(on, Split) else (on, train, "cases as given")
    if base is None:
        raise DataError("cases alone do not say what was trained on; give train=split.train, or evaluate on the split")
    if not len(cases):
        raise DataError("there is no case to evaluate on; check the split")
    _checked_catalogues(named, base)
    found = audit(base, cases, named, unseen_people=isinstance(on, Split) and on.facts.get("by") == "people")
    if found.verdict == "fail":
        first = next(finding for finding in found.findings if finding.verdict == "fail")
        rows = f" (such as {'; '.join(first.rows)})" if first.rows else ""
        raise RefusedError(
            f"a leak, so no figure is made: {first.check}: {first.found}{rows}; mend the split or the fit",
            found=first.found,
        )
    beside = {name: scorer for name, scorer in references(base, seed).items() if name not in named}
    measure = _Measure(base, cases, tuple(metrics))
    measured = {name: measure.of(scorer) for name, scorer in {**named, **beside}.items()}
    table = {name: one.people for name, one in measured.items()}
    figures = _figures(table)
    for name, one in measured.items():
        figures[name][f"coverage@{K}"] = one.coverage
    strata: dict[str, dict[str, dict[str, FigureJSON]]] = {name: {} for name in measured}
    for stratum in measure.strata:
        for name, found_there in _figures({name: one.strata[stratum] for name, one in measured.items()}).items():
            strata[name][stratum] = found_there
    return Evaluation(
        table, tuple(metrics), tuple(beside), figures, strata, rule, found,
        {name: (getattr(scorer, "facts", None) or {}).get("parts", ()) for name, scorer in named.items()},
        len(cases), cases.dropped, {name: one.strata for name, one in measured.items()},
    )  # fmt: skip


def _read(on: Split, models: Mapping[str, Scorer]) -> Dataset:
    """What may be known before the test: where a model read the validation part, popularity beside it does too."""
    read = {part for model in models.values() for part in (getattr(model, "facts", None) or {}).get("parts", ())}
    return on.refit if "validation" in read else on.train


def _checked_kinds(models: object, on: object, metrics: Sequence[str]) -> None:
    """Raises `DataError` for arguments that are no models, no split, or no metric."""
    if not isinstance(on, (Split, Cases)):
        raise DataError(
            f"evaluate(models, on) was asked on a {type(on).__name__}; give a split of the data: "
            "zhiyin.split(dataset)", found=type(on).__name__, allowed="Split, Cases",
        )  # fmt: skip
    for model in models.values() if isinstance(models, Mapping) else (models,):
        if isinstance(model, type) or not hasattr(model, "score"):
            shown = model.__name__ if isinstance(model, type) else repr(model)[:60]
            raise DataError(
                f"evaluate was given {shown} as a model; give a trained model, or several by name: "
                "{'mine': zhiyin.models.EASE().fit(split.train)}", found=shown,
            )  # fmt: skip
    if not metrics:
        raise DataError(f"no metric was named; name at least one, for example {USUAL[0]!r}", allowed=", ".join(USUAL))


def _checked_catalogues(models: Mapping[str, Scorer], train: Dataset) -> None:
    """Rows mean other items in another catalogue: figures would be of nothing."""
    for name, model in models.items():
        theirs = getattr(model, "catalogue", None)
        if theirs is not None and theirs.ids.digest != train.catalogue.ids.digest:
            raise DataError(
                f"{name} was trained on another catalogue ({len(theirs):,} items; this split has {train.n_items:,}); "
                "fit it on split.train of this very split", found=name,
            )  # fmt: skip


@dataclass(frozen=True, eq=False)
class _Measured:
    """What one model shows."""

    people: dict[str, np.ndarray]
    """Metric → float64 (P,)."""
    coverage: FigureJSON
    strata: dict[str, dict[str, np.ndarray]]
    """Stratum → metric → a number for each case that has a target there."""


class _Measure:
    """Everything about the cases that does not depend on the model."""

    def __init__(self, train: Dataset, cases: Cases, metrics: tuple[str, ...]) -> None:
        self.train, self.cases = train, cases
        self.chosen = {name: named_metric(name) for name in metrics}
        self.depth = max(K, *(k for _, k in self.chosen.values()))
        self.people, self.person_of = np.unique(cases.users, return_inverse=True)
        self.traits = ListTraits(train)
        hot = train.hot_items
        met = hot.copy()
        met[train.histories.items] = True
        met[cases.requests.histories.items] = True
        kinds = np.where(hot, 0, np.where(met, 1, 2))
        self.stratum = kinds[cases.targets.rows]  # (T,)

    @property
    def strata(self) -> list[str]:
        """Those that have a target."""
        return [name for code, name in enumerate(STRATA) if (self.stratum == code).any()]

    def of(self, scorer: Scorer) -> _Measured:
        targets = self.cases.targets
        ranks, lists = ranked(scorer, self.cases, self.depth)
        found = Ranks(ranks, targets.owners, targets.lengths)
        columns = {name: self._people(metric(found, k)) for name, (metric, k) in self.chosen.items()}
        columns |= {name: self._people(values) for name, values in self.traits.of(lists, targets, K).items()}
        columns |= self._rating_errors(scorer)
        share = coverage(lists[:, :K], self.person_of, self.train.n_items)
        return _Measured(columns, share, {name: self._stratum(name, ranks) for name in self.strata})

    def _people(self, values: np.ndarray) -> np.ndarray:
        """The mean of each person's cases, float64 (P,)."""
        there = ~np.isnan(values)
        counts = np.bincount(self.person_of[there], minlength=len(self.people))
        sums = np.bincount(self.person_of[there], values[there], minlength=len(self.people))
        return sums / np.maximum(counts, 1)

    def _stratum(self, name: str, ranks: np.ndarray) -> dict[str, np.ndarray]:
        """The metrics over the targets of one stratum."""
        chosen = self.stratum == STRATA.index(name)
        lengths = np.bincount(self.cases.targets.owners[chosen], minlength=len(self.cases))
        place = np.cumsum(lengths > 0) - 1
        part = Ranks(ranks[chosen], place[self.cases.targets.owners[chosen]], lengths[lengths > 0])
        return {metric: fun(part, k) for metric, (fun, k) in self.chosen.items()}

    def _rating_errors(self, scorer: Scorer) -> dict[str, np.ndarray]:
        """Absolute and squared error of predicted ratings, where there are ratings and the model predicts them."""
        if self.cases.values is None or not isinstance(scorer, RatingPredictor):
            return {}
        targets = self.cases.targets
        items = np.full((len(self.cases), int(targets.lengths.max())), -1, np.int32)
        column = np.arange(len(targets.rows)) - np.repeat(targets.offsets[:-1], targets.lengths)
        items[targets.owners, column] = targets.rows
        predicted = scorer.predict_rating(self.cases.requests, items)[targets.owners, column]
        error = np.abs(predicted - self.cases.values).astype(np.float64)
        counts = np.bincount(targets.owners, minlength=len(self.cases))
        mean = np.bincount(targets.owners, error, minlength=len(self.cases)) / counts
        square = np.bincount(targets.owners, error**2, minlength=len(self.cases)) / counts
        return {"mae": self._people(mean), "mse": self._people(square)}


def _figures(table: Mapping[str, Mapping[str, np.ndarray]]) -> dict[str, dict[str, FigureJSON]]:
    """Each column's mean with its interval, the people drawn once for all models; RMSE is a root of a mean."""
    keys = [(model, metric) for model, columns in table.items() for metric in columns]
    means = resampled_means(np.stack([table[model][metric] for model, metric in keys], axis=1))
    figures: dict[str, dict[str, FigureJSON]] = {model: {} for model in table}
    for i, (model, metric) in enumerate(keys):
        found = figure(table[model][metric], means[:, i])
        if metric == "mse":
            low, value, high = (found[name] ** 0.5 for name in ("low", "value", "high"))
            found = {"value": value, "low": low, "high": high, "n": found["n"]}
        figures[model]["rmse" if metric == "mse" else metric] = found
    return figures
