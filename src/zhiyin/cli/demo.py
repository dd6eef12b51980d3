"""``zhiyin demo``: the whole line on real data."""

from dataclasses import replace
from pathlib import Path

from zhiyin.cli.command import Asked
from zhiyin.cli.compare import show_comparison
from zhiyin.cli.evaluate import show_evaluation
from zhiyin.cli.generate import named
from zhiyin.cli.recommend import show_slate
from zhiyin.cli.report import WRITTEN, write_report
from zhiyin.cli.run import show_data, show_steps
from zhiyin.core.languages import Sentence

ABOUT = Sentence(
    "Online Retail: 541,909 invoice lines of a British gift shop, as they are (Chen 2015, UCI, CC BY 4.0)",
    "Online Retail：一家英国礼品店的 541,909 条原始发票行（Chen 2015，UCI，CC BY 4.0）",
)
NEWEST = 8
"""Events of a history that are shown, beside those that a reason names."""
HISTORY = Sentence("history, newest last: {items}", "历史（最新在后）：{items}")
NEW = Sentence("an item that could be: {attributes}", "可能的新商品：{attributes}")
GAP = Sentence(
    "what to stock next: {attributes}; asked for by {people} people [{low}, {high}]; nearest: {item}, farther than "
    "19 of 20 items have theirs",
    "接下来进什么货：{attributes}；{people} 人想要 [{low}, {high}]；最近的商品：{item}，比 20 件中 19 件的最近商品更远",
)


def run(asked: Asked) -> None:
    """Make a workspace from the bundled shop data, do all six steps, show and report what came out.

    Example: zhiyin demo -w zhiyin-demo
    """
    from zhiyin.data.bundled import online_retail
    from zhiyin.data.ingest import ingest
    from zhiyin.pipeline.run import run as run_line
    from zhiyin.pipeline.workspace import Workspace
    from zhiyin.reports.found import shown_history

    asked = replace(asked, folder=Path("zhiyin-demo")) if asked.folder == Path() else asked
    workspace = Workspace.create(asked.folder, "demo")
    asked.show(ABOUT)
    if not (asked.folder / "data" / "current").is_file():
        ingest(online_retail(), asked.folder, progress=asked.progress)
    result = run_line(workspace, progress=asked.progress, language=asked.language)
    show_data(asked, result["data"])
    show_steps(asked, result)
    show_evaluation(asked, result["evaluation"])
    show_comparison(asked, result["comparison"], result["metric"], result["answers"])
    for specification in result["specifications"][:3]:
        asked.show(NEW, attributes=specification["text_zh" if asked.language == "zh" else "text"])
    for gap in result["generation"]["gaps"][:2]:
        text = gap["specification"]["text_zh" if asked.language == "zh" else "text"]
        near = named(gap["specification"]["neighbours"][0]["item"], result["titles"])
        asked.show(GAP, attributes=text, item=near, **{part: gap[part] for part in ("people", "low", "high")})
    for slate in result["recommendations"]:
        newest = shown_history(slate, NEWEST)
        asked.show(HISTORY, items=", ".join("…" if id_ is None else result["titles"].get(id_, id_) for id_ in newest))
        show_slate(asked, slate)
    path = write_report(asked)
    asked.show(WRITTEN, path=path)
    steps = [{key: step[key] for key in ("name", "seconds", "summary")} for step in result["steps"]]
    asked.answer({"recommendations": result["recommendations"], "report": str(path), "steps": steps})
