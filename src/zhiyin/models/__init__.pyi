from typing import Any

from zhiyin.models.factors.als import ALS as ALS
from zhiyin.models.factors.biased_mf import BiasedMF as BiasedMF
from zhiyin.models.gan.training import AdversarialVAE as AdversarialVAE
from zhiyin.models.gan.training_cfgan import CFGAN as CFGAN
from zhiyin.models.linear.ease import EASE as EASE
from zhiyin.models.neighbours.content_knn import ContentKNN as ContentKNN
from zhiyin.models.neighbours.item_knn import ItemKNN as ItemKNN
from zhiyin.models.neighbours.sequence_knn import SequenceKNN as SequenceKNN
from zhiyin.models.neighbours.user_knn import UserKNN as UserKNN
from zhiyin.models.popularity.chance import Random as Random
from zhiyin.models.popularity.popular import Popular as Popular
from zhiyin.models.transformer.training import ESASRec as ESASRec
from zhiyin.models.transformer.training import GSASRec as GSASRec
from zhiyin.models.transformer.training import SASRec as SASRec
from zhiyin.models.vae.training import MultVAE as MultVAE
from zhiyin.models.vae.training import VAECosine as VAECosine
from zhiyin.models.vae.training_recvae import RecVAE as RecVAE

ESTIMATORS: dict[str, str]

def estimator(name: str) -> Any: ...
def names() -> list[str]: ...
def __getattr__(name: str) -> Any: ...
