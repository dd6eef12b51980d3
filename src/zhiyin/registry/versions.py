"""Every version of every trained thing: ``FOLDER/NAME/VERSION/``, integers from 1, and aliases such as ``champion``."""

import json
from pathlib import Path
from typing import Any, Protocol

from zhiyin.core.errors import ModelError
from zhiyin.core.files import locked, whole_file
from zhiyin.registry.loading import load

LATEST = "latest"
"""Reads as the highest version; no alias can have this name."""
CHAMPION = "champion"
"""The alias of the version that answers."""


class Savable(Protocol):
    """Anything with ``save(folder)``: models, rankers, generators."""

    def save(self, folder: Path) -> None: ...


class Versions:
    """The versions below one folder, usually ``models/`` of a workspace. Saved versions are never changed."""

    def __init__(self, folder: Path | str) -> None:
        self.folder = Path(folder)

    def names(self) -> list[str]:
        """Names with at least one version, sorted."""
        if not self.folder.is_dir():
            return []
        return sorted(path.name for path in self.folder.iterdir() if path.is_dir() and self.versions(path.name))

    def versions(self, name: str) -> list[int]:
        """Versions of one name, ascending; none for a name that was never saved."""
        place = self._place(name)
        if not place.is_dir():
            return []
        return sorted(int(path.name) for path in place.iterdir() if path.name.isdecimal() and path.is_dir())

    def save(self, name: str, thing: Savable) -> int:
        """Save as the next version and return its number; two processes never get the same one."""
        with locked(self._place(name) / ".lock"):
            version = max(self.versions(name), default=0) + 1
            thing.save(self._place(name) / str(version))
        return version

    def path(self, name: str, version: int | str = LATEST) -> Path:
        """The folder of a version: a number, ``"latest"`` or an alias. Raises `ModelError` naming what there is."""
        known = self.versions(name)
        if not known:
            raise ModelError.unknown(
                f"{self.folder} holds no {name!r}", name, self.names(), "it holds", "; train and save it first"
            )
        number = self._number(name, version, known)
        if number not in known:
            raise ModelError(
                f"{name} has no version {version!r}; it has {', '.join(map(str, known))}"
                f" and the aliases: {', '.join([LATEST, *self.aliases(name)])}"
            )
        return self._place(name) / str(number)

    def load(self, name: str, version: int | str = LATEST) -> Any:
        """What was saved, ready to answer; it knows its ``version``."""
        path = self.path(name, version)
        thing = load(path)
        thing.version = int(path.name)
        return thing

    def aliases(self, name: str) -> dict[str, int]:
        """Aliases of a name and the versions they stand for."""
        file = self._place(name) / "aliases.json"
        if not file.exists():
            return {}
        try:
            return {str(alias): int(version) for alias, version in json.loads(file.read_text("utf-8")).items()}
        except (ValueError, AttributeError, TypeError):
            raise ModelError(f"{file} is damaged; remove it and set the aliases again") from None

    def point(self, name: str, alias: str, version: int | str) -> int:
        """Let ``alias`` stand for a version from now on; returns its number."""
        if alias == LATEST or alias.isdecimal():
            raise ModelError(f"alias {alias!r} would read as a version; choose a word such as {CHAMPION!r}")
        number = int(self.path(name, version).name)
        with (
            locked(self._place(name) / ".lock"),
            whole_file(self._place(name) / "aliases.json") as part,
        ):
            part.write_text(json.dumps({**self.aliases(name), alias: number}, ensure_ascii=False), "utf-8")
        return number

    def _number(self, name: str, version: int | str, known: list[int]) -> int | None:
        if version == LATEST:
            return known[-1]
        if isinstance(version, int) or version.isdecimal():
            return int(version)
        return self.aliases(name).get(version)

    def _place(self, name: str) -> Path:
        if not name or name.startswith(".") or any(sign in name for sign in "/\\\0"):
            raise ModelError(f"{name!r} cannot name a folder; give a name without slashes that begins with no dot")
        return self.folder / name
