"""Writes ``docs/models/NAME.md`` and its pictures from the code and from the files in ``benchmarks/results``.

``python docs/models.py``, run by ``make docs``; a test compares pages and pictures with the code. What code does not
say of a model, its drawing and a few sentences, stands in `MODELS`.
"""

import json
import re
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from drawings import Beside, Box, Drawing, svg
from reference import first_line, own_settings, row

from zhiyin import models
from zhiyin.charts import Curve, curves
from zhiyin.charts.canvas import ACCENT
from zhiyin.models.learning import LearningConfig

DOCS = Path(__file__).parent
PAGES, PICTURES, RESULTS = DOCS / "models", DOCS / "pictures", DOCS.parent / "benchmarks" / "results"
METRICS = {"recall@10": "recall@10", "ndcg@10": "NDCG@10", "ndcg@100": "NDCG@100"}
PAPERS = {
    "1406.2661": "Goodfellow et al. 2014, Generative adversarial networks",
    "1511.05644": "Makhzani et al. 2015, Adversarial autoencoders",
    "1801.04406": "Mescheder et al. 2018, Which training methods for GANs do actually converge?",
    "1802.05814": "Liang et al. 2018, Variational autoencoders for collaborative filtering",
    "1808.09781": "Kang and McAuley 2018, Self-attentive sequential recommendation",
    "1912.11160": "Shenbin et al. 2020, RecVAE: a new variational autoencoder for top-N recommendations with implicit "
    "feedback",
    "2201.01815": "Pérez Maurera et al. 2022, An evaluation study of generative adversarial networks for "
    "collaborative filtering",
    "2308.07192": "Petrov and Macdonald 2023, gSASRec: reducing overconfidence in sequential recommendation trained "
    "with negative sampling",
    "2502.03417": "Borisyuk et al. 2025, From features to transformers: redefining ranking for scalable impact (LiGR)",
    "2508.06450": "Tikhonovich et al. 2025, eSASRec: enhancing Transformer-based recommendations in a modular fashion",
    "10.1145/3269206.3271743": "Chae et al. 2018, CFGAN: a generic collaborative filtering framework based on "
    "generative adversarial networks",
}
"""By arXiv number or doi."""


class Large(NamedTuple):
    """What is said of a large model beside its code."""

    papers: tuple[str, ...]
    computes: str
    drawing: Drawing


BAG = (Box("bag of items", "(B, N)"), Box("brought to length 1, dropout", "(B, N)"))
LATENT = Box("z = mean + σ · noise\nasked: the mean alone", "(B, D)")
SCORES = Box("scores: products with item vectors,\nplus a bias of each item", "(B, N)")
MULTVAE = (
    *BAG, Box("sum of item rows + bias, tanh", "(B, H)"), Box("linear: mean, log variance", "(B, 2D)"), LATENT,
    Box("linear, tanh", "(B, H)"), SCORES,
)  # fmt: skip
LIKELIHOOD = "loss: −Σ log softmax\nover what is liked"
ATTENTION = (
    Box("normalise", "(T, D)"), Box("queries, keys, values: linear;\ncausal attention in heads", "(T, D)"),
    Box("linear, dropout", "(T, D)"),
)  # fmt: skip
READ = (Box("start and events, oldest first", "(T,)"), Box("item vectors × 16", "(T, D)"), Box("+"),
        Box("dropout", "(T, D)", learning=True))  # fmt: skip
ASKED = (Box("asked: each history's last event", "(B, D)"), Box("scores: products with item vectors", "(B, N)"))
NEXT_ITEM = (
    *READ, *ATTENTION, Box("+"), Box("normalise", "(T, D)"), Box("linear, GELU", "(T, 4D)"),
    Box("linear, dropout", "(T, D)"), Box("+"), Box("normalise", "(T, D)"), *ASKED,
)  # fmt: skip
BLOCKS, SKIPS = (4, 11, "× blocks"), ((3, 7), (7, 11))
FROM_OLDEST, FROM_NEWEST = (
    Beside(2, f"place vectors, from the {end}", "(T, D)", gives=(2,), learning=False) for end in ("oldest", "newest")
)


MODELS = {
    "MultVAE": Large(
        ("1802.05814",),
        "A person is a bag of items (B, N), +1 for what is liked and −1 for what is disliked, brought to length 1. The "
        "items' rows added up, a bias and tanh make H numbers of it; a linear layer makes mean and log variance of D "
        "numbers each. While learning, a share of the items is hidden and z (B, D) is drawn from that Gaussian; asked, "
        "z is the mean. A linear layer and tanh unfold z to H numbers, whose products with the items' vectors, plus a "
        "bias of each item, are the scores (B, N). Learned is the multinomial likelihood of what is liked, while each "
        "Gaussian is pulled towards N(0, I) by a weight that rises from 0.",
        Drawing(MULTVAE, (
            Beside(3, "divergence from N(0, I),\nits weight rising", "(B,)", reads=(3,)),
            Beside(6, LIKELIHOOD, "(B,)", reads=(6,)),
        )),
    ),
    "RecVAE": Large(
        ("1912.11160", "1802.05814"),
        "The bag (B, N) is read as in MultVAE. Every layer of the encoder is H wide, adds the sum of all layers before "
        "it inside the Swish, and is normalised; a linear layer gives mean and log variance of D numbers each. The "
        "decoder is linear: the products of z (B, D) with the items' vectors, plus a bias of each item, are the scores "
        "(B, N). While learning, z is pulled towards a mixture of N(0, 1), of what an earlier, frozen copy of the "
        "encoder says of the same person, and of N(0, e¹⁰), as many times as the person took items. Passes for the "
        "encoder, with dropout, and for the decoder, without, take turns; the copy is made anew between them.",
        Drawing(
            (
                *BAG, Box("sum of item rows + bias,\nSwish, normalise", "(B, H)"), Box("linear", "(B, H)"),
                Box("+", "all layers before"), Box("Swish", "(B, H)"), Box("normalise", "(B, H)"),
                Box("linear: mean, log variance", "(B, 2D)"), LATENT, SCORES,
            ),
            (
                Beside(5, "earlier encoder, frozen", "(B, 2D)", reads=(0,), up=True),
                Beside(8, "divergence from the mixture of\nN(0, 1), earlier, N(0, e¹⁰); × items", "(B,)", reads=(8,)),
                Beside(9, LIKELIHOOD, "(B,)", reads=(9,)),
            ),
            ((2, 4),), (3, 6, "× (layers − 1)"),
        ),
    ),
    "AdversarialVAE": Large(
        ("1511.05644", "1406.2661", "1801.04406", "1802.05814"),
        "Bag, encoder and decoder are MultVAE's, and asked it answers as MultVAE does. No formula pulls z (B, D) "
        "towards N(0, I) unless `kl_weight` is set: a critic, C wide, says the log odds (B,) that D numbers were drawn "
        "from N(0, I) and not by the encoder. Each batch is three steps: the autoencoder rebuilds the bags, the critic "
        "learns to tell draws of N(0, I) from z, the encoder learns to fool it. Afterwards the training says how many "
        "latent numbers tell people apart, and whether all together can be told from N(0, I).",
        Drawing(MULTVAE, (
            Beside(2.6, "draws of N(0, I)", "(B, D)", up=True),
            Beside(4, "critic: linear and LeakyReLU, twice;\nlinear to log odds of a draw", "(B,)", reads=(4,)),
            Beside(6, LIKELIHOOD, "(B,)", reads=(6,)),
        )),
    ),
    "CFGAN": Large(
        ("10.1145/3269206.3271743", "2201.01815", "1406.2661"),
        "The generator reads a history (B, N) brought to length 1; while learning it reads a part and is to give the "
        "whole. The items' rows added up, a bias and, where wanted, Z numbers of noise pass a sigmoid (B, H); the "
        "products with the items' vectors, plus a bias of each item, are the scores (B, N): near 1 for what is taken, "
        "near 0 for the rest. While learning, what was taken is pulled to 1 and a part of the rest to 0. The critic, W "
        "wide, reads the same part of the history beside either the scores of what was taken and of some others, or "
        "what was really taken, and says the log odds (B,) that this is real; the generator learns to fool it.",
        Drawing(
            (
                Box("history\nwhile learning: a part of it", "(B, N)"), Box("brought to length 1", "(B, N)"),
                Box("sum of item rows + bias", "(B, H)"), Box("+"), Box("sigmoid", "(B, H)"),
                SCORES,
            ),
            (
                Beside(3, "noise (B, Z), off by default: linear", "(B, H)", gives=(3,)),
                Beside(5, "loss: taken to 1, some others to 0", "(B,)", reads=(5,)),
                Beside(6.3, "scores of the taken and some others,\nor what was really taken", "(B, N)", (5,), up=True),
                Beside(7.7, "critic: linear on both, LeakyReLU;\nlinear to log odds of the real", "(B,)", reads=(0,)),
            ),
        ),
    ),
    "SASRec": Large(
        ("1808.09781",),
        "Of a start and a history's events of positive weight the newest are read, oldest first; those of a batch "
        "stand end to end (T,), only inside attention in a rectangle (B, L). An event's vector is its item's, 16 "
        "times as large, plus its place's (T, D), places counted from the oldest event that is read; kinds and gaps "
        "of events are added where wanted. A block lets each event ask the earlier ones of its own history, then "
        "passes a layer 4D wide; both are normalised before, and added to what came in. The last event's vector is "
        "the person's (B, D), and its products with the same item vectors are the scores (B, N). While learning, R "
        "events are asked for what comes next: the exact softmax over all items (R, N).",
        Drawing(
            NEXT_ITEM,
            (
                Beside(1, "item table, start in its last row", "(N + 1, D)", gives=(1, 14), learning=False),
                FROM_OLDEST,
                Beside(12.6, "loss: exact softmax over all items,\nof each event that is asked", "(R, N)", (12,)),
            ),
            SKIPS, BLOCKS,
        ),
    ),
    "GSASRec": Large(
        ("2308.07192", "1808.09781"),
        "The network is SASRec's with places counted from the newest event, and with a second vector of each item for "
        "being scored. While learning, each of E targets stands beside K drawn items (E, 1 + K), and the loss is "
        "binary cross-entropy. Of few drawn items it would make the network overconfident: so the target's part of it "
        "weighs β = 1 − t (1 − K / (N − 1)), with `calibration` t.",
        Drawing(
            NEXT_ITEM,
            (
                Beside(1, "item table, start in its last row", "(N + 1, D)", gives=(1,), learning=False),
                FROM_NEWEST,
                Beside(12.6, "loss: gBCE of each target\nbeside K drawn items", "(E, 1 + K)", reads=(12,)),
                Beside(14, "output table", "(N, D)", gives=(14,), learning=False),
            ),
            SKIPS, BLOCKS,
        ),
    ),
    "ESASRec": Large(
        ("2508.06450", "2502.03417", "1808.09781"),
        "SASRec with gated layers, places counted from the newest event, and no normalisation after the last block. "
        "What attention and the feed-forward layer give (T, D) is multiplied by a gate, the sigmoid of a linear layer "
        "of what came in, not normalised, and only then added. The feed-forward layer is SwiGLU: of two halves, 4D "
        "each, one passes SiLU and multiplies the other. While learning, each of E targets stands beside K drawn items "
        "(E, 1 + K), draws of the target itself taken out: the loss is the softmax among these, without correction.",
        Drawing(
            (
                *READ, *ATTENTION, Box("×"), Box("+"), Box("normalise", "(T, D)"),
                Box("linear to two halves a, b", "(T, 8D)"), Box("SiLU(a) · b, dropout", "(T, 4D)"),
                Box("linear, dropout", "(T, D)"), Box("×"), Box("+"), *ASKED,
            ),
            (
                Beside(1, "item table, start in its last row", "(N + 1, D)", gives=(1, 16), learning=False),
                FROM_NEWEST,
                Beside(7, "gate: linear, sigmoid", "(T, D)", reads=(3,), gives=(7,), learning=False),
                Beside(13, "gate: linear, sigmoid", "(T, D)", reads=(8,), gives=(13,), learning=False),
                Beside(14.7, "loss: softmax over each target\nand K drawn items", "(E, 1 + K)", reads=(14,)),
            ),
            ((3, 8), (8, 14)), (4, 14, "× blocks"),
        ),
    ),
}  # fmt: skip


def written() -> dict[Path, str]:
    """Every page and picture by its path."""
    found = {}
    for name, large in MODELS.items():
        found[PAGES / f"{name.lower()}.md"] = page(name)
        found[PICTURES / f"model-{name.lower()}.svg"] = svg(large.drawing, architecture(name)) + "\n"
        if drawn := curve(name):
            found[PICTURES / f"curve-{name.lower()}.svg"] = drawn + "\n"
    return found


def page(name: str) -> str:
    """One model's page, Markdown."""
    head = (f"# {name}", "", first_line(models.estimator(name)), "", image(f"model-{name}", architecture(name)))
    parts = (papers, computes, components, worth, onward, figures, settings)
    return "\n".join([*head, *[line for part in parts for line in part(name)]]) + "\n"


def architecture(name: str) -> str:
    return f"{name} from what it reads, below, to the scores, on top"


def image(picture: str, told: str) -> str:
    return f"![{told}](../pictures/{picture.lower()}.svg)"


def papers(name: str) -> Iterator[str]:
    """What it is made after."""
    yield from ("", "## Papers", "")
    for number in MODELS[name].papers:
        place = f"[doi {number}](https://doi.org/{number})" if "/" in number else (
            f"[arXiv {number}](https://arxiv.org/abs/{number})")  # fmt: skip
        yield f"- {PAPERS[number]}, {place}"


def computes(name: str) -> Iterator[str]:
    """In sentences, and what the letters of shapes mean."""
    yield from ("", "## What it computes", "", MODELS[name].computes, "", f"Letters: {letters(name)}.")


def letters(name: str) -> str:
    """What they mean, as the network's module and those that it is made of declare them."""
    declared: dict[str, str] = {}
    for kind in models.estimator(name).__mro__:
        if kind.__module__.rpartition(".")[2].startswith("network"):
            said = re.search(r"Letters: (.*?)\.\s", sys.modules[kind.__module__].__doc__ or "", re.DOTALL)
            for letter, meaning in re.findall(r"\b([A-Z])\s([^,]+)", said[1] if said else ""):
                declared.setdefault(letter, " ".join(meaning.split()))
    return ", ".join(f"{letter} {meaning}" for letter, meaning in declared.items())


def components(name: str) -> Iterator[str]:
    """Each with the test that fails where it does nothing."""
    yield from ("", "## Components", "", "| component | shown to be active by |", "|---|---|")
    for component, test in models.estimator(name).components.items():
        yield row(component, f"`{test}`")


def worth(name: str) -> Iterator[str]:
    """Each component switched off."""
    told = results("components").get(name)
    if told is None:
        return
    seeds = f"{len(told['seeds'])} seed{'s' if len(told['seeds']) > 1 else ''}"
    yield from ("", "## What each component is worth", "", f"Switched off, the rest as it is: {told['data']}, "
                f"{told['protocol']}, {told['people']:,} people, {seeds}, {shown(told['metric'])} of the whole "
                f"{told['whole']:.4f}. Paired over people, 95 % intervals, bold where 0 is outside.", "",
                "| component | without | adds |", "|---|---|---|")  # fmt: skip
    for component, cell in told["components"].items():
        adds = interval(cell["adds"], cell["low"], cell["high"], "+")
        outside = cell["low"] > 0 or cell["high"] < 0
        yield row(component, f"{cell['without']:.4f}", f"**{adds}**" if outside else adds)


def onward(name: str) -> Iterator[str]:
    """Going on with new items against learning everything again."""
    told = results("onward").get(name)
    if told is None:
        return
    gap = told["gap"]
    yield from ("", "## Going on with new items", "", "`fit(dataset, start=earlier)`: Online Retail, NDCG@10 of the "
                f"last 30 days, {told['cases']:,} people. The earlier version ends 30 days before and lacks "
                f"{told['new_items']:,} of {told['items']:,} items; going on takes {told['epochs_onward']} epochs, "
                f"learning again {told['epochs']}.", "",
                "| as it was | gone on | learned again | gone on − learned again | CPU s, going on and again |",
                "|---|---|---|---|---|",
                row(*(f"{told[who]:.4f}" for who in ("as it was", "gone on", "learned again")),
                    interval(gap["difference"], gap["low"], gap["high"], "+"),
                    f"{told['onward_cpu_s']:.0f}, {told['again_cpu_s']:.0f}"))  # fmt: skip


def figures(name: str) -> Iterator[str]:
    """Every cell that is kept, and the curve."""
    cells = [cell for cell in quality() if cell["model"] == name]
    if not cells:
        return
    there = [metric for metric in METRICS if any(metric in cell for cell in cells)]
    yield from ("", "## Figures", "", "In brackets 95 % intervals over people. Peers on the same splits: "
                "[figures](../figures.md#quality).", "",
                f"| data, protocol | seed | {' | '.join(map(shown, there))} | best epoch | verdict |",
                f"|---|---|{'---|' * len(there)}---|---|")  # fmt: skip
    for cell in cells:
        values = [interval(cell[metric], *cell.get(f"{metric} interval", ())) if metric in cell else "–"
                  for metric in there]  # fmt: skip
        best = f"{cell['best_epoch']:.0f}" if "best_epoch" in cell else "–"
        yield row(f"{cell['data']}, {cell['protocol']}", str(cell["seed"]), *values, best, cell.get("verdict", "–"))
    if curve(name):
        told = "NDCG on the validation part by epoch, seed 0; the dot is the epoch that was kept"
        yield from ("", image(f"curve-{name}", f"{name}: {told}"), "", f"{told}.")


@cache
def curve(name: str) -> str:
    """A panel for each dataset and protocol; "" where no cell of the model has a curve."""
    found = [
        Curve(f"{cell['data']}, {cell['protocol']}", [point["epoch"] for point in cell["curve"]],
              [point["validation"] for point in cell["curve"]], cell["best_epoch"])
        for cell in quality() if cell["model"] == name and cell["seed"] == 0 and "curve" in cell
    ]  # fmt: skip
    drawn = curves(found, f"{name}: NDCG on the validation part by epoch", x="epoch")
    return drawn.replace("<svg ", f'<svg color="{ACCENT}" font-family="sans-serif" ', 1)


def settings(name: str) -> Iterator[str]:
    """The names of its own."""
    config = models.estimator(name).Config
    own = [line.split(" | ")[0].removeprefix("| ") for line in own_settings(config, LearningConfig)]
    named = ", ".join(cell for cell in own if cell.startswith("`"))
    yield from ("", "## Settings", "", f"Its own, or with a default of its own: {named}. What each takes and means: "
                f"[reference](../reference.md#{name.lower()}).")  # fmt: skip


@cache
def quality() -> list[dict[str, Any]]:
    """The cells of all models."""
    return [json.loads(path.read_text("utf-8")) for path in sorted((RESULTS / "quality").glob("*.json"))]


@cache
def results(name: str) -> dict[str, Any]:
    """By model; nothing where it was not measured yet."""
    path = RESULTS / f"{name}.json"
    return dict(json.loads(path.read_text("utf-8"))) if path.exists() else {}


def shown(metric: str) -> str:
    return METRICS.get(metric, metric)


def interval(value: float, low: float | None = None, high: float | None = None, sign: str = "") -> str:
    """``0.2636 [0.2525, 0.2747]``"""
    beside = "" if low is None or high is None else f" [{low:{sign}.4f}, {high:{sign}.4f}]"
    return f"{value:{sign}.4f}{beside}"


if __name__ == "__main__":
    PAGES.mkdir(exist_ok=True)
    for path, said in written().items():
        path.write_text(said, encoding="utf-8")
