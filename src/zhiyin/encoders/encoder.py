"""What an encoder is. One writes `width`, `prepared` and `vectors`; an encoder that learns also `arrays`, `restore`.

Letters: n things, D numbers of a vector.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, ClassVar, Generic, Literal, Self, TypeVar

import numpy as np

from zhiyin.core.errors import ModelError, SettingsError
from zhiyin.core.plugins import find
from zhiyin.core.progress import Progress, Silent
from zhiyin.core.settings import Config
from zhiyin.registry import Artefact, Manifest, write

Modality = Literal["text", "image", "sound", "vectors"]
BATCH = 64
"""Things that are prepared and encoded at once."""


class Unusable(Exception):  # noqa: N818  no error: it is caught, counted and told
    """One thing cannot be encoded; its words say why ("it is empty", "12 bytes, no image")."""


@dataclass(frozen=True, eq=False)
class Encoded:
    """Vectors of things, and what was wrong with those that have none."""

    vectors: np.ndarray
    """float32 (n, D); a NaN row is a thing without content: absent, or unusable."""
    unusable: Mapping[int, str] = field(default_factory=dict)
    """Position of each thing that was there and could not be used → why. What was absent (None) is not among them."""

    @property
    def reasons(self) -> dict[str, int]:
        """How many things each reason spoiled, most first."""
        return dict(Counter(self.unusable.values()).most_common())


def package_version(package: str, encoder: str, extra: str) -> str:
    """The version of what an encoder comes with. Raises `SettingsError` with the line that installs it."""
    try:
        return version(package)
    except PackageNotFoundError:
        raise SettingsError.not_installed(f"the encoder {encoder}", extra) from None


class EncoderConfig(Config):
    """Settings that every encoder has."""


C = TypeVar("C", bound=EncoderConfig)


class Encoder(Generic[C]):
    """Base of every encoder: things of one kind to vectors of one width."""

    name: ClassVar[str]
    """Its public name, the same as in the entry-point group ``zhiyin.encoders``."""
    Config: ClassVar[type[EncoderConfig]] = EncoderConfig
    """Its settings class."""
    reads: ClassVar[Modality]
    """What its things are: a text is a str, an image or a sound the path of a file or its bytes, vectors are lists."""
    learns: ClassVar[bool] = False
    """Whether it must be fitted before it encodes."""
    estimator: ClassVar[str] = ""
    """Where the class that can be fitted stands, ``module:Class``, if that is not this one."""

    config: C

    def __init__(self, config: C | None = None, **settings: Any) -> None:
        if config is not None and settings:
            raise ModelError(f"{self.name}: give config= or single settings, not both")
        self.config = config or self.Config.read(settings, self.name)  # type: ignore[assignment]

    # -- what an encoder writes ---------------------------------------------------------------------------------

    @property
    def width(self) -> int:
        """D"""
        raise ModelError(f"{self.name} must define width")

    def prepared(self, thing: Any) -> Any:
        """One thing as `vectors` wants it; raises `Unusable` where nothing can be made of it."""
        raise ModelError(f"{self.name} must define prepared")

    def vectors(self, prepared: Sequence[Any]) -> np.ndarray:
        """Vectors of at most `BATCH` prepared things, float32 (n, D), finite."""
        raise ModelError(f"{self.name} must define vectors")

    def fit(self, things: Sequence[Any], *, progress: Progress | None = None) -> Self:
        """Learn from things (None is absent). A packaged encoder has learned already."""
        return self

    def arrays(self) -> Mapping[str, np.ndarray]:
        """What was learned, as arrays by name; nothing where it comes with a package."""
        return {}

    def restore(self, arrays: Mapping[str, np.ndarray]) -> None:
        """Take back what `arrays` gave."""

    @property
    def origin(self) -> str:
        """What is not in settings and arrays and yet changes vectors: the package's version, the digest of a file."""
        return ""

    # -- what comes with it -------------------------------------------------------------------------------------

    def encode(self, things: Sequence[Any], *, progress: Progress | None = None) -> Encoded:
        """A vector for each thing, in order; a NaN row for None and for what is unusable, which is told."""
        vectors = np.full((len(things), self.width), np.nan, np.float32)
        unusable: dict[int, str] = {}
        starts: Iterable[int] = range(0, len(things), BATCH)
        for start in (progress or Silent()).track(
            starts, f"encoding with {self.name}", len(range(0, len(things), BATCH))
        ):
            usable: dict[int, Any] = {}
            for place, thing in enumerate(things[start : start + BATCH], start):
                if thing is None:
                    continue
                try:
                    usable[place] = self.prepared(thing)
                except Unusable as why:
                    unusable[place] = str(why)
            if usable:
                vectors[list(usable)] = self.vectors(list(usable.values()))
        return Encoded(vectors, unusable)

    @property
    def digest(self) -> str:
        """sha256 of all that its vectors depend on: name, settings, origin, what was learned."""
        told = json.dumps([self.name, self.config.model_dump(mode="json"), self.origin], ensure_ascii=False)
        digest = hashlib.sha256(told.encode())
        for name, array in sorted(self.arrays().items()):
            digest.update(f"{name}{array.dtype}{array.shape}".encode())
            digest.update(np.ascontiguousarray(array).tobytes())
        return digest.hexdigest()

    def save(self, folder: Path | str) -> None:
        """Write it to ``folder``, whole or not at all; `zhiyin.load` takes it back."""
        manifest = Manifest(kind="encoder", name=self.name, settings=self.config.model_dump(mode="json"))
        write(folder, Artefact(manifest, self.arrays()))

    @classmethod
    def restored(cls, artefact: Artefact) -> Self:
        """From what `save` wrote; used by `zhiyin.load`."""
        encoder = cls(**artefact.manifest.settings)
        encoder.restore(artefact.arrays)
        return encoder


def estimator(name: str) -> type[Encoder[Any]]:
    """The class to make, and to fit where it learns; raises `ModelError` naming the choices."""
    found: type[Encoder[Any]] = find("zhiyin.encoders", name)
    if not found.estimator:
        return found
    module, _, attribute = found.estimator.partition(":")
    fitted: type[Encoder[Any]] = getattr(import_module(module), attribute)
    return fitted
