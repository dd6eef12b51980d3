"""What a run hands to its report: the JSON that `zhiyin run` keeps in ``runs/last.json``."""

from typing import Any, TypedDict

from zhiyin.core.languages import Language
from zhiyin.core.wire import CompareJSON, EvaluateJSON, FigureJSON, LeakageJSON, QualityJSON, SlateJSON, StepJSON


class FixJSON(TypedDict):
    """A cleaning step: rows it touched and rows left after it, in words of both languages."""

    name: str
    rows: int
    left: int
    en: str
    zh: str


class DataJSON(TypedDict, total=False):
    """What was read."""

    summary: dict[Language, str]
    events: int
    users: int
    items: int
    taken_in: dict[str, int]
    """Rows set aside at reading, by reason."""
    fixes: list[FixJSON]
    quality: QualityJSON
    split: dict[str, Any]
    distributions: dict[str, Any]
    """``labels`` and ``counts`` by person, item, time, kind, value; ``half``: items that half of all events are on."""
    leakage: LeakageJSON


class EpochJSON(TypedDict, total=False):
    epoch: int
    loss: float
    validation: float


class ModelJSON(TypedDict, total=False):
    model: str
    version: int
    digest: str
    parts: list[str]
    seconds: float
    verdict: str
    verdict_zh: str
    curve: list[EpochJSON]


class RunJSON(TypedDict, total=False):
    """Every section may be missing; the report then leaves it out."""

    steps: list[StepJSON]
    data: DataJSON
    metric: str
    seed: int
    models: dict[str, ModelJSON]
    rankers: dict[str, dict[str, Any]]
    """``importance``: share of each column."""
    calibration: dict[str, dict[str, Any]]
    """Of each ranker on the test part: ``predicted``, ``observed``, ``rows`` of each bin, ``error``."""
    sources: dict[str, dict[str, FigureJSON]]
    ablation: dict[str, Any]
    effects: dict[str, Any]
    content: dict[str, Any]
    """``blocks``, ``near`` (of each block: items and those most alike), ``cold`` (``model``, ``of``, ``items`` with the
    ``people`` who would get them), ``pictures`` by item."""
    content_effects: dict[str, Any]
    """``model``, ``metric``, ``people``, ``value`` with all content, ``cells``: without a block, or shuffled."""
    generation: dict[str, Any]
    """``judgement``, ``goals``, ``gaps``, ``curve``, ``verdict``, ``summary``."""
    specifications: list[dict[str, Any]]
    evaluation: EvaluateJSON
    comparison: CompareJSON | None
    answers: str | None
    """The list that answers, by its name among ``evaluation``'s models."""
    recommendations: list[SlateJSON]
    titles: dict[str, str]
    """Of items in histories and near to generated ones."""
