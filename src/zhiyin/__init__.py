"""Zhiyin (知音): from a raw behaviour log to recommendations made by large models, with reasons and honest figures."""

import os

from zhiyin.core.lazy import lazily

__version__ = "0.1.0"

# Threads of OpenMP wait for each other by spinning, by default so long that on a machine with other work a training
# takes several times as long (a SASRec epoch beside two busy processes: 34 s, with this 12 s; alone: 4 s either way).
# Read when PyTorch is loaded, which nothing here does.
os.environ.setdefault("GOMP_SPINCOUNT", "1000")
# With AVX-512 a product of matrices is else summed up in another order with two threads than with one, so that one seed
# gives two models. Read at PyTorch's first product.
os.environ.setdefault("MKL_CBWR", "AUTO,STRICT")

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
        "client": "",
        "compare": "evaluation",
        "evaluate": "evaluation",
        "explain": "answering",
        "load": "registry",
        "models": "",
        "read": "data.reading",
        "serving": "",
        "split": "data.splits",
    },
)
