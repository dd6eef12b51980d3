"""``zhiyin features``: every column with its meaning; what `show` says is what the table holds."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from tests.pipeline.conftest import RECIPE

from zhiyin.answering.assembly import Plan
from zhiyin.cli import app
from zhiyin.data.contracts import Requests
from zhiyin.features import Counters, definitions, popularity
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


def test_check_tells_that_nothing_looks_ahead_and_names_what_does(
    shop: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    assert app.main(["features", "check", "-w", str(shop)]) == 0
    assert "none changes when later events are put into the log" in " ".join(capsys.readouterr().out.split())
    ahead = popularity.popularity(7)

    def tomorrow(requests: Requests, candidates: np.ndarray, counters: Counters) -> np.ndarray:
        return ahead(replace(requests, now=requests.now + 86_400), candidates, counters)

    monkeypatch.setitem(definitions.BEHAVIOUR, "popularity_7d", (tomorrow, (), ""))
    assert app.main(["features", "check", "-w", str(shop), "--json"]) == 1
    told = capsys.readouterr()
    assert json.loads(told.out)["ahead"] == ["popularity_7d"]
    assert "looks at the future: popularity_7d" in " ".join(told.err.split())


def test_a_recipe_takes_further_columns_and_defines_its_own(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    worlds.even_csv(tmp_path / "log.csv")
    own = '[features.lately]\nratio = ["popularity_7d", "popularity"]\nsmoothing = 1\n'
    features = '[features]\nnames = ["popularity", "ease.score"]\nfurther = ["at_hour", "session_taken"]\n'
    (tmp_path / "zhiyin.toml").write_text(RECIPE.replace("[features]\nfolds = 2\n", features) + own)
    assert app.main(["ingest", str(tmp_path / "log.csv"), "-w", str(tmp_path)]) == 0
    assert app.main(["run", "-w", str(tmp_path)]) == 0
    capsys.readouterr()
    assert app.main(["features", "list", "-w", str(tmp_path), "--json"]) == 0
    names = [column["name"] for column in json.loads(capsys.readouterr().out)["columns"]]
    assert names[:5] == ["popularity", "ease.score", "at_hour", "session_taken", "lately"]
    plan = Plan.read_from(tmp_path)
    assert plan is not None
    assert plan.defined["lately"].ratio == ("popularity_7d", "popularity")
    assert app.main(["recommend", "--user", "u0", "-w", str(tmp_path), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["recommendations"][0]["items"]
