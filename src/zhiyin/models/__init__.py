"""The models: a folder a family. ``zhiyin.models.NAME`` is the estimator; nothing is imported before it is named."""

from importlib import import_module
from typing import Any

from zhiyin.core.errors import did_you_mean
from zhiyin.core.plugins import find, registered

ESTIMATORS = {
    "Random": "zhiyin.models.popularity.chance:Random",
    "Popular": "zhiyin.models.popularity.popular:Popular",
    "ItemKNN": "zhiyin.models.neighbours.item_knn:ItemKNN",
    "SequenceKNN": "zhiyin.models.neighbours.sequence_knn:SequenceKNN",
    "UserKNN": "zhiyin.models.neighbours.user_knn:UserKNN",
    "ContentKNN": "zhiyin.models.neighbours.content_knn:ContentKNN",
    "EASE": "zhiyin.models.linear.ease:EASE",
    "ALS": "zhiyin.models.factors.als:ALS",
    "BiasedMF": "zhiyin.models.factors.biased_mf:BiasedMF",
    "MultVAE": "zhiyin.models.vae.training:MultVAE",
    "RecVAE": "zhiyin.models.vae.training_recvae:RecVAE",
    "VAECosine": "zhiyin.models.vae.training:VAECosine",
    "AdversarialVAE": "zhiyin.models.gan.training:AdversarialVAE",
    "CFGAN": "zhiyin.models.gan.training_cfgan:CFGAN",
    "SASRec": "zhiyin.models.transformer.training:SASRec",
    "GSASRec": "zhiyin.models.transformer.training:GSASRec",
    "ESASRec": "zhiyin.models.transformer.training:ESASRec",
}
"""Public name → where the estimator is. Strings, so that naming one model imports one model."""


def estimator(name: str) -> Any:
    """The class to train, for a built-in or a registered plug-in; raises `ModelError` naming the choices."""
    if name in ESTIMATORS:
        module, _, attribute = ESTIMATORS[name].partition(":")
        return getattr(import_module(module), attribute)
    found = find("zhiyin.models", name)
    if found.estimator:
        module, _, attribute = found.estimator.partition(":")
        return getattr(import_module(module), attribute)
    return found


def names() -> list[str]:
    """Every model that can be trained here, plug-ins included."""
    return sorted({*ESTIMATORS, *registered("zhiyin.models")})


def __getattr__(name: str) -> Any:
    if name in ESTIMATORS or name in registered("zhiyin.models"):
        return estimator(name)
    guess = did_you_mean(name, names()) or ";"
    raise AttributeError(f"zhiyin.models has no {name!r}{guess} it has {', '.join(names())}")


def __dir__() -> list[str]:
    return [*names(), "estimator", "names"]
