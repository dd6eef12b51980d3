"""Versions count up, aliases point, and what is not there is answered with what is."""

from pathlib import Path

import pytest

from zhiyin.core.errors import ModelError
from zhiyin.registry import Artefact, Manifest, Versions, read, write


class Thing:
    def __init__(self, word: str) -> None:
        self.word = word

    def save(self, folder: Path) -> None:
        write(folder, Artefact(Manifest(name="Thing", facts={"word": self.word})))


@pytest.fixture
def shelf(tmp_path: Path) -> Versions:
    versions = Versions(tmp_path / "models")
    for word in ("first", "second"):
        versions.save("vae", Thing(word))
    return versions


def word_of(shelf: Versions, version: int | str) -> str:
    return str(read(shelf.path("vae", version)).manifest.facts["word"])


def test_versions_count_up_and_latest_is_the_highest(shelf: Versions):
    assert shelf.versions("vae") == [1, 2]
    for n in range(3, 11):
        assert shelf.save("vae", Thing(str(n))) == n
    assert word_of(shelf, "latest") == "10"  # as numbers, not as text
    assert word_of(shelf, "2") == word_of(shelf, 2) == "second"
    assert shelf.names() == ["vae"]


def test_an_alias_points_until_it_is_moved(shelf: Versions):
    assert shelf.point("vae", "champion", 1) == 1
    shelf.save("vae", Thing("third"))
    assert word_of(shelf, "champion") == "first"
    shelf.point("vae", "champion", "latest")
    shelf.point("vae", "擂主", 2)
    assert shelf.aliases("vae") == {"champion": 3, "擂主": 2}


def test_what_is_not_there_is_answered_with_what_is(shelf: Versions):
    with pytest.raises(ModelError, match="holds no 'vea'; did you mean 'vae'. it holds: vae; train and save it first"):
        shelf.path("vea")
    with pytest.raises(ModelError, match="vae has no version 7; it has 1, 2 and the aliases: latest"):
        shelf.path("vae", 7)
    with pytest.raises(ModelError, match="vae has no version 'champion'; it has 1, 2"):
        shelf.path("vae", "champion")
    with pytest.raises(ModelError, match="alias 'latest' would read as a version; choose a word such as 'champion'"):
        shelf.point("vae", "latest", 1)


@pytest.mark.parametrize("name", ["", "..", ".hidden", "a/b", "a\\b", "a\0b"])
def test_a_name_never_leaves_the_folder(shelf: Versions, name: str):
    with pytest.raises(ModelError, match="cannot name a folder"):
        shelf.save(name, Thing("x"))


def test_a_failed_save_leaves_no_version(shelf: Versions):
    class Broken:
        def save(self, folder: Path) -> None:
            raise OSError("no")

    with pytest.raises(OSError, match="no"):
        shelf.save("vae", Broken())
    assert shelf.versions("vae") == [1, 2]


def test_damaged_aliases_are_named(shelf: Versions):
    (shelf.folder / "vae" / "aliases.json").write_text("[1]")
    with pytest.raises(ModelError, match="aliases.json is damaged; remove it and set the aliases again"):
        shelf.path("vae", "champion")
