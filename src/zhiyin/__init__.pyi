from typing import Any

from zhiyin import client as client
from zhiyin import models as models
from zhiyin import serving as serving
from zhiyin.answering import explain as explain
from zhiyin.core.errors import ZhiyinError as ZhiyinError
from zhiyin.data.contracts import Catalogue as Catalogue
from zhiyin.data.contracts import Histories as Histories
from zhiyin.data.contracts import Requests as Requests
from zhiyin.data.contracts import Slates as Slates
from zhiyin.data.dataset import Dataset as Dataset
from zhiyin.data.reading import read as read
from zhiyin.data.weighting import Weighting as Weighting
from zhiyin.registry import load as load

__version__: str

compare: Any
evaluate: Any
split: Any
