"""The whole line on a tiny world: run, run again, stop and go on, answer; JSON shapes and exit codes."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, get_type_hints

import pytest

from zhiyin.cli import app
from zhiyin.core import wire
from zhiyin.core.files import locked
from zhiyin.testing import worlds

RECIPE = """
[split]
by = "last"

[models.popular]
model = "Popular"

[models.ease]
model = "EASE"
regularisation = 5

[models.vae]
model = "MultVAE"
epochs = {epochs}
hidden = 8
latent = 4

[generation]
settings = {{epochs = 1}}

[answer]
k = 3
examples = 2
"""


def zhiyin(*arguments: object) -> int:
    return app.main([str(argument) for argument in arguments])


def shaped(content: Any, shape: type) -> None:
    allowed, required = set(get_type_hints(shape)), getattr(shape, "__required_keys__", frozenset())
    assert required <= set(content) <= allowed


def prepared(folder: Path, epochs: int = 2) -> Path:
    """A workspace with the log and the recipe."""
    folder.mkdir(parents=True)
    worlds.even_csv(folder / "log.csv")
    (folder / "zhiyin.toml").write_text(RECIPE.format(epochs=epochs))
    assert zhiyin("ingest", folder / "log.csv", "-w", folder) == 0
    return folder


@pytest.fixture(scope="module")
def line(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace in which everything was run once."""
    folder = prepared(tmp_path_factory.mktemp("line") / "w")
    assert zhiyin("run", "-w", folder) == 0
    return folder


@pytest.fixture
def copy(line: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(line, tmp_path / "copy"))


def result_of(capsys: pytest.CaptureFixture[str]) -> Any:
    return json.loads(capsys.readouterr().out)


def again(result: Any) -> dict[str, bool]:
    return {step["name"]: step["again"] for step in result["steps"]}


STEPS = ("data", "models", "features", "ranking", "generation", "answering")


def test_a_second_run_does_nothing_again_and_answers_the_same(copy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = json.loads((copy / "runs" / "last.json").read_text())
    assert zhiyin("run", "-w", copy, "--json") == 0
    result = result_of(capsys)
    assert again(result) == dict.fromkeys(STEPS, True)
    assert result["recommendations"] == before["recommendations"]
    assert result["evaluation"] == before["evaluation"]
    assert len(result["recommendations"]) == 2


def test_only_what_a_change_touches_is_made_again(copy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    recipe = copy / "zhiyin.toml"
    recipe.write_text(recipe.read_text().replace("settings = {epochs = 1}", "settings = {epochs = 2}"))
    assert zhiyin("run", "-w", copy, "--json") == 0
    assert again(result_of(capsys)) == {**dict.fromkeys(STEPS, True), "generation": False}
    recipe.write_text(recipe.read_text().replace("regularisation = 5", "regularisation = 6"))
    assert zhiyin("run", "-w", copy, "--json") == 0
    result = result_of(capsys)
    assert {name: facts["again"] for name, facts in result["models"].items()} == {
        "popular": True, "ease": False, "vae": True,
    }  # fmt: skip
    assert again(result) == {**dict.fromkeys(STEPS, False), "data": True, "generation": True}


def test_a_model_that_was_lost_is_trained_again(copy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.rmtree(copy / "models" / "ease")
    assert zhiyin("train", "-w", copy, "--json") == 0
    models = result_of(capsys)["models"]
    assert {name: facts["again"] for name, facts in models.items()} == {"popular": True, "ease": False, "vae": True}


def test_ctrl_c_in_the_middle_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = prepared(tmp_path / "w")

    def stopped(*arguments: object, **further: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("zhiyin.models.vae.training.MultVAE.fit", stopped)
        assert zhiyin("run", "-w", folder) == 130
    assert "stopped; what was finished is kept" in capsys.readouterr().err
    assert zhiyin("train", "-w", folder, "--json") == 0
    models = result_of(capsys)["models"]
    assert {name: facts["again"] for name, facts in models.items()} == {"popular": True, "ease": True, "vae": False}


@pytest.mark.slow
def test_kill_9_in_the_middle_goes_on_and_gives_the_same(line: Path, tmp_path: Path) -> None:
    """Killed in the large model again and again; the answers are those of a run that nobody killed."""
    folder = prepared(tmp_path / "w")
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "zhiyin", "run", "-w", str(folder), "--json"]
    for step in ("training vae", "step features", "step answering"):
        with subprocess.Popen(
            command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True, env=environment
        ) as run:
            assert run.stderr is not None
            for said in run.stderr:
                if step in said:
                    run.send_signal(signal.SIGKILL)
                    break
            run.stderr.close()
        assert run.returncode == -signal.SIGKILL
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=True)
    unbroken = json.loads((line / "runs" / "last.json").read_text())
    assert json.loads(done.stdout)["recommendations"] == unbroken["recommendations"]
    assert not list(folder.rglob("*.part"))


def test_a_second_run_at_once_ends_with_4(copy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with locked(copy / ".lock"):
        assert zhiyin("run", "-w", copy) == 4
    assert "in use by process" in capsys.readouterr().err


def test_run_stops_where_it_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = prepared(tmp_path / "w")
    capsys.readouterr()
    assert zhiyin("run", "--until", "data", "-w", folder, "--json") == 0
    assert [step["name"] for step in result_of(capsys)["steps"]] == ["data"]
    assert zhiyin("run", "--until", "dat", "-w", folder) == 2
    assert "there is no step 'dat'; did you mean 'data'?" in capsys.readouterr().err


def test_evaluate_and_compare_give_the_json_of_the_design(copy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert zhiyin("evaluate", "-w", copy, "--json") == 0
    evaluation = result_of(capsys)
    shaped(evaluation, wire.EvaluateJSON)
    shaped(evaluation["leakage"], wire.LeakageJSON)
    assert {"popular", "ease", "vae", "all six steps (BoostedTrees)", "all six steps (Logistic)"} <= set(
        evaluation["models"]
    )
    for figures in evaluation["models"].values():
        figure = figures["ndcg@10"]
        shaped(figure, wire.FigureJSON)
        assert figure["low"] <= figure["value"] <= figure["high"]
    assert zhiyin("compare", "-w", copy, "--json") == 0
    comparison = result_of(capsys)
    shaped(comparison, wire.CompareJSON)
    for pair in comparison["pairs"]:
        shaped(pair, wire.PairJSON)
    assert comparison["answers"] == "all six steps (Logistic)"  # the recipe's, whichever is best
    assert zhiyin("compare", "-w", copy) == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert "p p (Holm) detectable" in shown
    assert "The one to ask first is what answers, all six steps (Logistic), beside popularity" in shown
    last = json.loads((copy / "runs" / "last.json").read_text())
    assert "NDCG@10 of what answers, all six steps (Logistic): 0." in last["steps"][-1]["summary"]


@pytest.mark.parametrize("command", ["evaluate", "compare"])
def test_it_is_said_first_that_models_have_to_be_trained(
    command: str, copy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert zhiyin(command, "-w", copy) == 0
    assert "training first" not in capsys.readouterr().err
    shutil.rmtree(copy / "models/ease")
    assert zhiyin(command, "-w", copy, "--json", "--lang", "en") == 0
    assert capsys.readouterr().err.startswith("training first: ease; once trained, they are not trained again")


def test_evaluate_shows_a_table_and_knows_its_metrics(copy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert zhiyin("evaluate", "-w", copy, "--metrics", "ndcg@10") == 0
    assert re.search(r"ease +0\.\d{4} \[0\.\d{4}, \d\.\d{4}\]", capsys.readouterr().out)
    assert zhiyin("evaluate", "-w", copy, "--metrics", "ndgc@10") == 2
    assert "did you mean 'ndcg@10'?" in capsys.readouterr().err
    for metric, words in (
        ("ndgc@10", "'ndgc@10' is not compared; did you mean 'ndcg@10'? compared are: ndcg@10, recall@10, hit_rate@10"),
        ("mrr@1", "'mrr@1' is not compared; did you mean 'mrr@10'?"),
    ):
        assert zhiyin("compare", "-w", copy, "--metric", metric) == 2
        assert words in capsys.readouterr().err


@pytest.mark.parametrize("metric", ["ndcg@10", "mrr@10", "novelty@10"])
def test_every_metric_can_be_compared(metric: str, line: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert zhiyin("compare", "-w", line, "--metric", metric, "--json") == 0
    pairs = result_of(capsys)["pairs"]
    assert zhiyin("evaluate", "-w", line, "--json") == 0
    figures = result_of(capsys)["models"]
    assert {pair["metric"] for pair in pairs} == {metric}
    for pair in pairs:
        difference = figures[pair["a"]][metric]["value"] - figures[pair["b"]][metric]["value"]
        assert pair["difference"] == pytest.approx(difference, abs=1e-9)


def test_the_line_knows_even_from_odd(line: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert zhiyin("recommend", "--history", "i0,i2,i4", "-w", line, "--json") == 0
    (slate,) = result_of(capsys)["recommendations"]
    assert [worlds.parity(item["item"]) for item in slate["items"]] == [0, 0, 0]
    assert not {"i0", "i2", "i4"} & {item["item"] for item in slate["items"]}


def test_a_slate_has_the_shape_of_the_design(line: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert zhiyin("recommend", "--user", "u0", "-k", "2", "-w", line, "--json") == 0
    answer = result_of(capsys)
    shaped(answer, wire.Recommendations)
    (slate,) = answer["recommendations"]
    shaped(slate, wire.SlateJSON)
    assert len(slate["items"]) == 2
    for item in slate["items"]:
        shaped(item, wire.SlateItem)
        assert 0 <= item["score"] <= 1
        for reason in item["reasons"]:
            shaped(reason, wire.Reason)
            assert set(reason["events"]) <= set(slate["history"])


def test_without_changes_the_history_and_names_what_was_not_there(
    line: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert zhiyin("recommend", "--user", "u0", "-w", line, "--json") == 0
    item = result_of(capsys)["recommendations"][0]["history"][-1]
    assert zhiyin("recommend", "--user", "u0", "--without", f"{item},i1", "-w", line, "--json") == 0
    slate = result_of(capsys)["recommendations"][0]
    assert item not in slate["history"]
    assert item not in [entry["item"] for entry in slate["items"]]
    assert slate["notes"] == ["item 'i1' is not in the history; nothing to take out"]


def test_an_answer_loads_no_training_code_and_no_pipeline(line: Path) -> None:
    """The wall of the design, tried: a whole assembly with a network, answering in a process of its own."""
    code = (
        "import json, sys; from pathlib import Path; from zhiyin.answering import Answerer\n"
        f"answer = Answerer.of(Path({str(line)!r})).people(['u0'])\n"
        "print(json.dumps([answer, [name for name in sys.modules if name.startswith('zhiyin.')]]))"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    answer, loaded = json.loads(told.stdout)
    assert "zhiyin.models.vae.network" in loaded
    assert len(answer["recommendations"][0]["items"]) == 3
    assert not [name for name in loaded if name.split(".")[1] in ("training", "pipeline")]


def test_a_reason_holds_when_its_events_are_taken_out(line: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert zhiyin("recommend", "--user", "u1", "-w", line, "--json") == 0
    items = result_of(capsys)["recommendations"][0]["items"]
    checked = [(item["item"], reason) for item in items for reason in item["reasons"]]
    assert checked
    for item, reason in checked:
        assert zhiyin("recommend", "--user", "u1", "--without", ",".join(reason["events"]), "-w", line, "--json") == 0
        after = [entry["item"] for entry in result_of(capsys)["recommendations"][0]["items"]]
        assert (item not in after) == (reason["kind"] == "counterfactual")


def test_house_rules_hold_and_a_wrong_one_is_refused(copy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert zhiyin("recommend", "--user", "u0", "-w", copy, "--json") == 0
    first = result_of(capsys)["recommendations"][0]["items"][0]["item"]
    recipe = copy / "zhiyin.toml"
    plain = recipe.read_text()
    recipe.write_text(f'{plain}\n[answer.rules]\nhide = {{item = ["{first}"]}}\n')
    assert zhiyin("run", "-w", copy, "--json") == 0
    assert again(result_of(capsys)) == dict.fromkeys(STEPS, True)
    assert zhiyin("recommend", "--user", "u0", "-w", copy, "--json") == 0
    slate = result_of(capsys)["recommendations"][0]
    assert len(slate["items"]) == 3
    assert first not in [item["item"] for item in slate["items"]]
    for rules, words in (
        ("stok = 'left'", "[answer] has no setting 'rules.stok'; did you mean 'stock'? its settings are: hide"),
        ("most = {category = 'x'}", "[answer] setting 'rules.most.category': found 'x'"),
        ("stock = 'prise'", "[answer.rules] stock names the column 'prise', which the items do not have; did you mean"),
    ):
        recipe.write_text(f"{plain}\n[answer.rules]\n{rules}\n")
        assert zhiyin("run", "-w", copy) == 2
        assert words in capsys.readouterr().err


def test_ids_with_commas_quotes_and_line_breaks_can_be_asked_for(
    line: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert zhiyin("recommend", "--history", '"a,b","say ""x""","two\nlines",i1', "-w", line, "--json") == 0
    assert result_of(capsys)["recommendations"][0]["unknown_items"] == ["a,b", 'say "x"', "two\nlines"]
    assert zhiyin("recommend", "--history", "two\nlines", "-w", line, "--json") == 0
    assert zhiyin("recommend", "--history", "i1", "-k", "9" * 20, "-w", line, "--json") == 0


def test_the_answer_depends_on_the_history_alone(line: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for model in ("ease", "vae"):
        assert zhiyin("recommend", "--user", "u0", "--model", model, "-w", line, "--json") == 0
        stored = result_of(capsys)["recommendations"][0]
        bare = ",".join(stored["history"])
        assert zhiyin("recommend", "--history", bare, "--model", model, "-w", line, "--json") == 0
        assert result_of(capsys)["recommendations"][0]["items"] == stored["items"]


def test_unknown_people_items_and_empty_histories_are_answered(line: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert zhiyin("recommend", "--user", "U0", "-w", line, "--json") == 0
    slate = result_of(capsys)["recommendations"][0]
    assert len(slate["items"]) == 3
    assert slate["notes"] == ["person 'U0' is unknown; 'u0' is known: answered as for somebody new"]
    assert zhiyin("recommend", "--history", "i0,nothing", "-w", line, "--json") == 0
    slate = result_of(capsys)["recommendations"][0]
    assert slate["unknown_items"] == ["nothing"]
    assert zhiyin("recommend", "--history", "", "-w", line, "--json") == 0
    assert len(result_of(capsys)["recommendations"][0]["items"]) == 3


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["recommend", "--user", "u0", "-k", "0"], "k is 0; a slate has at least 1 item"),
        (["recommend", "--user", "u0", "--without", "I0"], "--without: item 'I0' is unknown; 'i0' is known"),
        (["recommend", "--user", "u0", "--model", "vea"], "holds no 'vea'; did you mean 'vae'?"),
        (["recommend", "--user", "u0", "--model", "ranker-Logistic"], "does not recommend by itself"),
        (["similar", "--item", "I0"], "item 'I0' is unknown; 'i0' is known"),
        (["train", "vea"], "the recipe has no [models.vea]; did you mean 'vae'?"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_wrong_use_of_a_trained_line_ends_with_2(
    arguments: list[str], words: str, line: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert zhiyin(*arguments, "-w", line) == 2
    assert words in capsys.readouterr().err


def test_similar_items_are_of_the_same_kind(line: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert zhiyin("similar", "--item", "i3", "-k", "3", "--model", "ease", "-w", line, "--json") == 0
    slate = result_of(capsys)["recommendations"][0]
    assert [worlds.parity(item["item"]) for item in slate["items"]] == [1, 1, 1]
    assert "i3" not in [item["item"] for item in slate["items"]]


def test_a_damaged_part_of_the_assembly_is_refused_and_made_again(
    line: Path, copy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arrays = copy / "models" / "ease" / "1" / "arrays.safetensors"
    content = bytearray(arrays.read_bytes())
    content[-1] ^= 1
    arrays.write_bytes(content)
    assert zhiyin("recommend", "--user", "u0", "-w", copy) == 2
    assert "arrays.safetensors is damaged" in capsys.readouterr().err
    (copy / "assembly.json").write_text("{")
    assert zhiyin("recommend", "--user", "u0", "-w", copy) == 2
    assert "assembly.json is damaged; run again" in capsys.readouterr().err
    shutil.copytree(line / "models" / "ease", copy / "models" / "ease", dirs_exist_ok=True)
    assert zhiyin("run", "-w", copy) == 0
    assert zhiyin("recommend", "--user", "u0", "-w", copy) == 0


@pytest.mark.parametrize(
    ("place", "content", "command"),
    [("runs/last.json", "[]", "report"), ("workspace.json", '{"format": 1e400}', "recommend --user u0"),
     ("runs/evaluation/*.parquet", "garbage", "compare --metric mrr@10")],
)  # fmt: skip
def test_a_damaged_file_is_named(
    place: str, content: str, command: str, copy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (file,) = copy.glob(place)
    file.write_text(content)
    assert zhiyin(*command.split(), "-w", copy) == 2
    said = capsys.readouterr().err
    assert f"{file} is damaged" in said
    assert "unexpected" not in said


def test_run_says_what_was_set_aside_and_what_each_fix_took(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = prepared(tmp_path / "w")
    assert zhiyin("run", "--until", "data", "-w", folder) == 0
    assert re.search(r"^data quality [\d.]+ of 1$", capsys.readouterr().out, re.MULTILINE)
    lines = (folder / "log.csv").read_text().splitlines()
    (folder / "log.csv").write_text("\n".join([*lines, *lines[-2:], "," + lines[1].partition(",")[2]]) + "\n")
    recipe = (folder / "zhiyin.toml").read_text()
    (folder / "zhiyin.toml").write_text(f'[data]\nfixes = ["price", "duplicates"]\n{recipe}')
    assert zhiyin("ingest", folder / "log.csv", "-w", folder) == 0
    capsys.readouterr()
    assert zhiyin("run", "--until", "data", "-w", folder) == 0
    said = capsys.readouterr().out
    assert re.search(
        r"of 1; rows set aside, left out or changed:\n  1 lines have no customer: left out\n  2 exact", said
    )
    assert "price" not in said  # of which there is none
    assert zhiyin("run", "--until", "data", "-w", folder, "--lang", "zh") == 0
    assert "被隔离、剔除或修改的行：\n  1 行没有顾客" in capsys.readouterr().out


def test_recommend_starts_within_its_time(line: Path) -> None:
    started = time.process_time()
    assert zhiyin("recommend", "--user", "u0", "-w", line) == 0
    assert time.process_time() - started < 5


def test_chinese_output(line: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert zhiyin("recommend", "--user", "u0", "--lang", "zh", "-w", line) == 0
    assert "给 u0" in capsys.readouterr().out
    assert zhiyin("run", "--lang", "zh", "-w", line) == 0
    assert "3 个模型：popular、ease、vae" in capsys.readouterr().out.replace(", ", "、")


@pytest.mark.parametrize(("language", "other"), [("en", "zh"), ("zh", "en")])
def test_a_report_speaks_one_language_whatever_the_run_spoke(copy: Path, language: str, other: str) -> None:
    assert zhiyin("run", "--lang", other, "-w", copy) == 0
    assert zhiyin("report", "--lang", language, "-w", copy) == 0
    page = (copy / "reports" / "run.html").read_text("utf-8")
    assert ("because of " in page) == (language == "en")
    assert ("因为 " in page) == (language == "zh")


def test_demo_shows_all_and_writes_a_report(copy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """In a workspace that has its data and recipe already: the bundled log itself is the slow test below."""
    assert zhiyin("demo", "-w", copy, "--json") == 0
    answer = result_of(capsys)
    assert set(answer) == {"recommendations", "report", "steps"}
    assert [step["name"] for step in answer["steps"]] == list(STEPS)
    for step in answer["steps"]:
        shaped(step, wire.StepJSON)
    assert "ndcg@10" in Path(answer["report"]).read_text("utf-8")
    assert zhiyin("demo", "-w", copy) == 0
    out = capsys.readouterr().out
    for words in (
        "1 data",
        "6 answering",
        "ease",
        "leakage audit: ",
        "for u",
        "report: ",
    ):
        assert words in out
    assert re.search(r"history, newest last: (even 双数|odd 单数) jug \d", out)


def test_report_in_chinese_goes_where_it_is_told(copy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert zhiyin("report", "--lang", "zh", "--to", copy / "bericht" / "r.html", "-w", copy) == 0
    assert "报告：" in capsys.readouterr().out
    assert "知音" in (copy / "bericht" / "r.html").read_text("utf-8")


def test_the_report_shows_an_ablation_of_these_features_and_of_no_others(copy: Path) -> None:
    key = json.loads((copy / "runs" / "last.json").read_text("utf-8"))["features"]["key"]
    cell = {"features": "VAE", "predictor": "Logistic", "difference": 0.02, "low": 0.01, "high": 0.03}
    kept = {"cells": [cell], "control": {"cells": []}, "metric": "ndcg@10", "people": 9, "verdict": "VAE helps"}
    for of, shown in ((key, True), ("other features", False)):
        (copy / "runs" / "ablation.json").write_text(json.dumps({**kept, "of": of}), "utf-8")
        assert zhiyin("report", "-w", copy) == 0
        assert ("VAE helps" in (copy / "reports" / "run.html").read_text("utf-8")) == shown
    (copy / "runs" / "ablation.json").write_text("damaged", "utf-8")
    assert zhiyin("report", "-w", copy) == 0


def test_a_leak_ends_with_1_names_rows_and_makes_no_figure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = prepared(tmp_path / "w")

    class Leak:
        verdict = "fail"
        findings = ({"name": "same event", "verdict": "fail", "rows": [3, 17]},)

    monkeypatch.setattr("zhiyin.pipeline.prepare.audit", lambda *parts: Leak())
    for command in ("run", "evaluate", "train"):
        capsys.readouterr()
        assert zhiyin(command, "-w", folder) == 1
        assert "no figure is made: name: same event; rows: [3, 17]" in capsys.readouterr().err
    assert not (folder / "models").exists()


@pytest.mark.slow
def test_demo_on_the_bundled_log(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert zhiyin("demo", "-w", tmp_path / "demo", "--json") == 0
    answer = result_of(capsys)
    assert len(answer["recommendations"]) == 5
    for slate in answer["recommendations"]:
        shaped(slate, wire.SlateJSON)
        assert len(slate["items"]) == 10
        assert slate["history"]
    assert zhiyin("run", "-w", tmp_path / "demo", "--json") == 0
    result = result_of(capsys)
    assert again(result) == dict.fromkeys(STEPS, True)
    fixed = {fix["name"]: fix["rows"] for fix in result["data"]["fixes"]}
    assert (fixed["no user"], fixed["returns"]) == (135_080, 8_905)


def test_a_changed_answer_section_is_said_until_it_is_run(copy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert zhiyin("recommend", "--user", "u0", "-w", copy, "--json") == 0
    assert result_of(capsys)["recommendations"][0]["notes"] == []
    recipe = copy / "zhiyin.toml"
    recipe.write_text(recipe.read_text() + '\n[answer.rules]\nhide = {item = ["i1"]}\n')
    assert zhiyin("recommend", "--user", "u0", "-w", copy, "--json") == 0
    (note,) = result_of(capsys)["recommendations"][0]["notes"]
    assert note == f"[answer] of the recipe was changed since the last run; take it up: zhiyin run -w {copy}"
    assert zhiyin("run", "-w", copy, "--json") == 0
    capsys.readouterr()
    assert zhiyin("recommend", "--user", "u0", "-w", copy, "--json") == 0
    assert result_of(capsys)["recommendations"][0]["notes"] == []


def test_what_is_no_workspace_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert zhiyin("recommend", "--user", "u0", "-w", tmp_path / "nowhere") == 2
    assert "nowhere is no workspace (it has no zhiyin.toml); make one: zhiyin init" in capsys.readouterr().err


def test_similar_asks_the_best_model_of_the_last_run_and_names_it(
    line: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert zhiyin("evaluate", "-w", line, "--json") == 0
    figures = result_of(capsys)["models"]
    best = max(("ease", "vae"), key=lambda name: figures[name]["ndcg@10"]["value"])
    assert zhiyin("similar", "--item", "i3", "-w", line, "--json") == 0
    assert result_of(capsys)["recommendations"][0]["model"]["name"] == best


def test_popularity_itself_is_not_blamed_for_being_no_better(line: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert zhiyin("evaluate", "-w", line) == 0
    said = [text for text in capsys.readouterr().out.splitlines() if "no better than popularity" in text]
    assert len(said) <= 1
    assert "popular 0." not in "".join(said)
