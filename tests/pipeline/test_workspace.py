"""The workspace: made once, newer ones refused, one run at a time."""

import errno
import json
import re
from pathlib import Path

import pytest

from zhiyin.core.errors import DataError, ResourceError, SettingsError
from zhiyin.pipeline.workspace import FORMAT, RECIPES, Workspace, shipped_recipe


def test_create_writes_a_recipe_and_never_changes_one_that_is_there(tmp_path: Path) -> None:
    workspace = Workspace.create(tmp_path / "shop")
    assert workspace.recipe_path.read_text("utf-8") == shipped_recipe("default")
    workspace.recipe_path.write_text("seed = 7\n")
    Workspace.create(tmp_path / "shop", "demo")
    assert workspace.recipe_path.read_text() == "seed = 7\n"


def test_opening_a_folder_writes_nothing(tmp_path: Path) -> None:
    Workspace(tmp_path / "none")
    assert list(tmp_path.iterdir()) == []


def test_a_newer_workspace_is_refused(tmp_path: Path) -> None:
    (tmp_path / "workspace.json").write_text(json.dumps({"format": FORMAT + 1}))
    with pytest.raises(
        DataError, match=f"has layout {FORMAT + 1}, this version of zhiyin reads up to {FORMAT}; upgrade"
    ):
        Workspace(tmp_path)


@pytest.mark.parametrize("text", ["", "[]", '{"format": "new"}', "null"])
def test_a_damaged_workspace_says_what_to_write(tmp_path: Path, text: str) -> None:
    (tmp_path / "workspace.json").write_text(text)
    with pytest.raises(DataError, match=re.escape(f'is damaged; write {{"format": {FORMAT}}} into it')):
        Workspace(tmp_path)


def test_a_file_is_no_workspace(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match="is a file; a workspace is a folder"):
        Workspace(tmp_path / "file")


def test_a_second_run_is_refused_and_the_lock_ends_with_the_first(tmp_path: Path) -> None:
    workspace = Workspace.create(tmp_path)
    with workspace.locked(), pytest.raises(ResourceError, match="in use by process"), Workspace(tmp_path).locked():
        pass
    with Workspace(tmp_path).locked():
        pass


def test_no_events_yet_names_the_command(tmp_path: Path) -> None:
    with pytest.raises(
        DataError, match=re.escape(f"has no events yet; take a log in first: zhiyin ingest FILE -w {tmp_path}")
    ):
        Workspace.create(tmp_path).snapshot()


def test_a_full_disk_is_no_resource_and_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    workspace = Workspace.create(tmp_path)
    workspace.write(tmp_path / "note", "old")

    def full(self: Path, *args: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(ResourceError, match="no space left on the disk of .*; free some space and run again"):
        workspace.write(tmp_path / "note", "new")
    assert (tmp_path / "note").read_text() == "old"
    assert [path.name for path in tmp_path.iterdir() if path.name.endswith(".part")] == []


def test_an_unknown_recipe_names_those_there_are() -> None:
    known = ", ".join(sorted(path.stem for path in RECIPES.glob("*.toml")))
    with pytest.raises(SettingsError, match=f"there is no recipe 'shop'; the choices are: {known}"):
        shipped_recipe("shop")
