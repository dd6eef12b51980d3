"""The workspace: one folder that a person can look into.

``zhiyin.toml`` the recipe · ``data/`` snapshots and the rows set aside · ``models/NAME/VERSION/`` · ``reports/`` ·
``runs/`` what each step and run gave, in JSON · ``workspace.json`` the version of this layout.
"""

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import zhiyin
from zhiyin.core.errors import DataError, SettingsError
from zhiyin.core.files import disk_errors, locked, whole_file
from zhiyin.data.snapshots import Snapshot
from zhiyin.registry import Versions

FORMAT = 1
"""Version of the layout; a newer workspace is refused."""
RECIPE = "zhiyin.toml"
FACTS = "workspace.json"
BESIDE = ("ranker-", "content-", "generator")
"""How names of trained things begin that recommend nothing by themselves."""
RECIPES = Path(__file__).with_name("recipes")


class Workspace:
    """A folder with a recipe, data, models, reports and runs."""

    def __init__(self, folder: Path | str) -> None:
        """Opens what is there; writes nothing. Raises `DataError` for a workspace of a newer version."""
        self.folder = Path(folder)
        self._check_format()

    @classmethod
    def create(cls, folder: Path | str, recipe: str = "default") -> "Workspace":
        """The workspace at ``folder``, made where there is none: never changes a recipe that is there."""
        workspace = cls(folder)
        if not (workspace.folder / FACTS).exists():
            text = json.dumps({"format": FORMAT, "zhiyin": zhiyin.__version__}, indent=2) + "\n"
            workspace.write(workspace.folder / FACTS, text)
        if not workspace.recipe_path.exists():
            workspace.write(workspace.recipe_path, shipped_recipe(recipe))
        return workspace

    @property
    def recipe_path(self) -> Path:
        return self.folder / RECIPE

    @property
    def versions(self) -> Versions:
        """The trained things."""
        return Versions(self.folder / "models")

    @property
    def recommenders(self) -> list[str]:
        """Names of the trained models that recommend by themselves: not rankers, generators, encoders."""
        return [name for name in self.versions.names() if not name.startswith(BESIDE)]

    @property
    def runs(self) -> Path:
        return self.folder / "runs"

    @property
    def reports(self) -> Path:
        return self.folder / "reports"

    @property
    def last_path(self) -> Path:
        """What the last whole run gave, in JSON."""
        return self.runs / "last.json"

    def last_run(self) -> dict[str, Any]:
        """The same, read. Raises `DataError` where there was none."""
        try:
            result: Any = json.loads(self.last_path.read_text("utf-8"))
        except FileNotFoundError:
            raise DataError(
                f"workspace {self.folder} has no finished run; run: zhiyin run -w {self.folder}",
                do=f"zhiyin run -w {self.folder}",
            ) from None
        except ValueError:
            result = {}
        if not isinstance(result, dict) or "evaluation" not in result:
            raise DataError(f"{self.last_path} is damaged; run again: zhiyin run -w {self.folder}")
        return dict(result)

    def snapshot(self) -> Snapshot:
        """The log in use. Raises `DataError` where nothing was taken in yet."""
        if not self.recipe_path.is_file() and not (self.folder / "data").is_dir():
            raise DataError(
                f"{self.folder} is no workspace (it has no {RECIPE}); make one: zhiyin init -w {self.folder}",
                found=str(self.folder), do=f"zhiyin init -w {self.folder}",
            )  # fmt: skip
        if not (self.folder / "data" / "current").is_file():
            raise DataError(
                f"workspace {self.folder} has no events yet; take a log in first: zhiyin ingest FILE -w {self.folder}",
                found="no events", do=f"zhiyin ingest FILE -w {self.folder}",
            )  # fmt: skip
        return Snapshot.load(self.folder)

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Only one run at a time: a second gets a `ResourceError` (exit code 4)."""
        with locked(self.folder / ".lock"):
            yield

    def write(self, path: Path, text: str) -> None:
        """A text file, whole or not at all."""
        with whole_file(path) as part, disk_errors(path):
            part.write_text(text, "utf-8")

    def write_json(self, path: Path, content: Any) -> None:
        self.write(path, json.dumps(content, indent=1, ensure_ascii=False) + "\n")

    def _check_format(self) -> None:
        path = self.folder / FACTS
        if self.folder.exists() and not self.folder.is_dir():
            raise DataError(f"{self.folder} is a file; a workspace is a folder: give one with -w")
        if not path.is_file():
            return
        try:
            found = int(json.loads(path.read_text("utf-8"))["format"])
        except (ValueError, KeyError, TypeError, OverflowError):
            raise DataError(
                f'{path} is damaged; write {{"format": {FORMAT}}} into it, or make a new workspace'
            ) from None
        if found > FORMAT:
            raise DataError(
                f"workspace {self.folder} has layout {found}, this version of zhiyin reads up to {FORMAT}; "
                "upgrade zhiyin, or choose another workspace with -w", found=str(found), allowed=str(FORMAT),
            )  # fmt: skip


def shipped_recipe(name: str) -> str:
    """The text of a recipe that comes with the package; raises `SettingsError` naming the choices."""
    path = RECIPES / f"{name}.toml"
    if not path.is_file():
        known = ", ".join(sorted(file.stem for file in RECIPES.glob("*.toml")))
        raise SettingsError(f"there is no recipe {name!r}; the choices are: {known}", found=name, allowed=known)
    return path.read_text("utf-8")
