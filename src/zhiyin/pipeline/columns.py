"""What stands in the feature table: each column's meaning, its values, and what the ranker makes of it."""

from typing import Any

import numpy as np

from zhiyin.core.errors import DataError
from zhiyin.core.progress import Progress
from zhiyin.features import looking_ahead
from zhiyin.pipeline.run import line_after
from zhiyin.pipeline.tables import features_of, rows_of
from zhiyin.pipeline.workspace import Workspace

QUANTILES = (5, 50, 95)
FROM = "whether {} proposed the candidate"


def columns_of(workspace: Workspace, *, progress: Progress | None = None) -> dict[str, Any]:
    """``rows``, ``ranker``, and of each of the ``columns``: name, inputs, meaning, share of known values, quantiles,
    means where the candidate was taken and was not, and its share in what the ranker says. Steps whose recipe has
    changed since the last run are done first. Raises `DataError` where nothing was run, or the recipe gives no rows."""
    if not (workspace.runs / "features").is_dir():
        raise DataError(
            f"workspace {workspace.folder} has no feature table yet; make one: zhiyin run -w {workspace.folder}",
            do=f"zhiyin run -w {workspace.folder}",
        )  # fmt: skip
    with line_after(workspace, ("data", "models", "features", "ranking"), progress) as line:
        told = line.done["features"]
        if not told["rows"]:
            raise DataError(f"there is no feature table: {told['summary']['en']}")
        rankers = line.done["ranking"]["rankers"]
        ranker = next(iter(rankers), None)
        counts = rankers[ranker]["importance"] if ranker else {}
        known = {feature.name: feature for feature in features_of(line, line.models)}
        rows = rows_of(workspace.folder / told["file"], told["negative_rate"])
    columns = []
    for f, name in enumerate(rows.names):
        feature = known.get(name) or known.get(name.rpartition(".")[0])
        inputs, meaning = (feature.inputs, feature.meaning) if feature else (("sources",), FROM.format(name[5:]))
        columns.append({"name": name, "inputs": list(inputs), "meaning": meaning, "counts": counts.get(name, 0.0),
                        **_values(rows.values[:, f], rows.labels)})  # fmt: skip
    return {"rows": len(rows), "ranker": ranker, "columns": columns}


def ahead_of(workspace: Workspace, *, progress: Progress | None = None) -> dict[str, Any]:
    """``features``: how many were checked, and ``ahead``: names of those of which a number moves once later events are
    in the log. Trains what is not trained yet. Raises `DataError` for a log without time."""
    with line_after(workspace, ("data", "models"), progress) as line:
        features = features_of(line, line.models)
        return {"features": len(features), "ahead": looking_ahead(features, line.dataset, line.recipe.seed)}


def _values(column: np.ndarray, taken: np.ndarray) -> dict[str, Any]:
    """What one column (n,) holds."""
    known = ~np.isnan(column)
    quantiles = np.percentile(column[known], QUANTILES) if known.any() else [None] * len(QUANTILES)
    return {
        "known": float(known.mean()),
        "quantiles": {str(q): None if v is None else float(v) for q, v in zip(QUANTILES, quantiles, strict=True)},
        "mean_taken": _mean(column[known & taken]), "mean_not_taken": _mean(column[known & ~taken]),
    }  # fmt: skip


def _mean(values: np.ndarray) -> float | None:
    return float(values.mean()) if len(values) else None
