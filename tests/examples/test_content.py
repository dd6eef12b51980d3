"""From real pictures and sounds to recommendations of what nobody took: what people like is made up, so it is known."""

import importlib.util
from pathlib import Path
from types import ModuleType

import polars as pl
import pytest

from zhiyin.pipeline import Workspace

PAGE = Path(__file__).parents[2] / "examples" / "content.py"
SETS = {"clothes": "clothing-images", "digits": "audio-fsdd"}


def example() -> ModuleType:
    spec = importlib.util.spec_from_file_location("content_example", PAGE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.slow
@pytest.mark.parametrize("world", SETS)
def test_what_nobody_took_is_offered_to_those_who_like_its_kind(world: str, data_folder: Path, tmp_path: Path) -> None:
    content = example()
    share = content.main(world, data_folder / SETS[world], tmp_path)
    assert share > 0.6, "chance is 0.2"
    html = (tmp_path / "reports" / "content.html").read_text("utf-8")
    assert "Nobody took these yet" in html
    assert html.count("<img") == (4 * 6 + 3 if world == "clothes" else 0)
    column, kind, _ = content.WORLDS[world]
    items = pl.read_parquet(data_folder / SETS[world] / "items.parquet")
    log, liked, new = content.made_up(items, kind)
    blocks = Workspace(tmp_path).versions.load("vae").catalogue.content
    assert list(blocks) == [column]
    assert not set(log["item"]) & set(new)
    shuffled = dict(zip(liked, [*list(liked.values())[1:], liked["p0"]], strict=True))
    assert content.share_liked(Workspace(tmp_path), items, kind, shuffled, new) < 0.45, "of somebody else's kinds"
