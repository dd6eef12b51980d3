"""``zhiyin features``: every column with its meaning; what `show` says is what the table holds."""

import json
from pathlib import Path

import polars as pl
import pytest
from tests.pipeline.conftest import RECIPE

from zhiyin.cli import app
from zhiyin.testing import worlds


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("features")
    worlds.even_csv(folder / "log.csv")
    (folder / "zhiyin.toml").write_text(RECIPE)
    assert app.main(["ingest", str(folder / "log.csv"), "-w", str(folder)]) == 0
    assert app.main(["run", "--until", "ranking", "-w", str(folder)]) == 0
    return folder


def test_before_the_first_run_there_is_no_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    worlds.even_csv(tmp_path / "log.csv")
    assert app.main(["ingest", str(tmp_path / "log.csv"), "-w", str(tmp_path)]) == 0
    assert app.main(["features", "list", "-w", str(tmp_path)]) == 2
    assert f"has no feature table yet; make one: zhiyin run -w {tmp_path}" in " ".join(capsys.readouterr().err.split())
    assert not (tmp_path / "models").exists()


def test_list_and_show(shop: Path, capsys: pytest.CaptureFixture[str]):
    assert app.main(["features", "list", "-w", str(shop), "--json"]) == 0
    table = json.loads(capsys.readouterr().out)
    frame = pl.read_parquet(next((shop / "runs" / "features").glob("*.parquet")))
    names = [column["name"] for column in table["columns"]]
    assert names == [name for name in frame.columns if name not in ("label", "group")]
    assert table["rows"] == len(frame)
    assert all(column["meaning"] and column["inputs"] for column in table["columns"])
    assert sum(column["counts"] for column in table["columns"]) == pytest.approx(1)
    assert app.main(["features", "show", "ease.score", "-w", str(shop), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    values = frame.filter(pl.col("label"))["ease.score"]
    assert found["mean_taken"] == pytest.approx(values.mean(), rel=1e-5)
    assert found["quantiles"]["50"] == pytest.approx(frame["ease.score"].median(), rel=1e-5)
    assert app.main(["features", "-w", str(shop), "--lang", "zh"]) == 0
    assert "含义" in capsys.readouterr().out


def test_what_is_not_there_ends_with_2(shop: Path, capsys: pytest.CaptureFixture[str]):
    assert app.main(["features", "show", "eas.score", "-w", str(shop)]) == 2
    assert "there is no column 'eas.score'; did you mean 'ease.score'?" in capsys.readouterr().err
    assert app.main(["features", "show", "-w", str(shop)]) == 2
    assert "show needs the name of a column" in capsys.readouterr().err
    assert app.main(["features", "sho", "-w", str(shop)]) == 2
