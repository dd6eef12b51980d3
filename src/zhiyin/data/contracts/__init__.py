"""The types and promises that every room shares: a user is a history, an item is its id and its content.

Letters: B histories (or requests), E events, N items of the catalogue, C candidates of a request, D numbers of a
vector, k length of a list. Row numbers are 0-based rows of a `Catalogue`; they never leave the package: public
methods take your own ids and give them back.
"""

from zhiyin.data.contracts.catalogue import Catalogue, column_array
from zhiyin.data.contracts.histories import KINDS, NEGATIVE_KINDS, SILENT_KINDS, Histories
from zhiyin.data.contracts.protocols import (
    CandidateSource,
    Differentiable,
    Estimator,
    Generative,
    HistoriesLike,
    RatingPredictor,
    Recommender,
    Scorer,
    VectorModel,
)
from zhiyin.data.contracts.ragged import FILL, Ragged, Table
from zhiyin.data.contracts.requests import Candidates, Cases, Requests
from zhiyin.data.contracts.slates import Slates

__all__ = [
    "FILL",
    "KINDS",
    "NEGATIVE_KINDS",
    "SILENT_KINDS",
    "CandidateSource",
    "Candidates",
    "Cases",
    "Catalogue",
    "Differentiable",
    "Estimator",
    "Generative",
    "Histories",
    "HistoriesLike",
    "Ragged",
    "RatingPredictor",
    "Recommender",
    "Requests",
    "Scorer",
    "Slates",
    "Table",
    "VectorModel",
    "column_array",
]
