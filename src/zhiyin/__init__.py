"""Zhiyin (知音): from a raw behaviour log to recommendations made by large models, with reasons and honest figures."""

from zhiyin.core.lazy import lazily

__version__ = "0.1.0"

__getattr__, __dir__ = lazily(
    __name__,
    {
        "Catalogue": "data.contracts",
        "Dataset": "data.dataset",
        "Histories": "data.contracts",
        "Requests": "data.contracts",
        "Slates": "data.contracts",
        "Weighting": "data.weighting",
        "ZhiyinError": "core.errors",
        "compare": "evaluation",
        "evaluate": "evaluation",
        "explain": "answering",
        "load": "registry",
        "models": "",
        "read": "data.reading",
        "split": "data.splits",
    },
)
