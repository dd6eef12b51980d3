"""Three sentences for whoever reads nothing else: what was read, whether what answers beats popularity, what to do."""

import re
from collections.abc import Mapping
from typing import Any

from zhiyin.core.languages import Language, Sentence
from zhiyin.reports.found import SURE, answering, differences, ordered, references, trained

READ = Sentence("Read: {summary}; data quality {score} of 1.", "读入：{summary}；数据质量 {score}（满分 1）。")
ANSWERS = Sentence("What answers, {name}", "负责推荐的 {name} ")
FOREMOST = Sentence("The best list, {name}", "最好的列表 {name} ")
"""Where nothing says which list answers."""
BETTER = Sentence(
    "{first}, is {share} better than {popular}, the best without a model: {metric} {value} against "
    "{against}, a difference of {difference} [{low}, {high}] (p {p}; after correction for all comparisons p {p_holm}).",
    "{first}比不用模型的最好列表（{popular}）好 {share}：{metric} {value} 对 {against}，差 {difference} "
    "[{low}, {high}]（p {p}；经多重比较校正 p {p_holm}）。",
)
NOT_BETTER = Sentence(
    "{first}, is not shown to be better than {popular}, which needs no model: {metric} {value} against {against}.",
    "没有证明{first}好于不用模型的 {popular}：{metric} {value} 对 {against}。",
)
AHEAD = Sentence(
    " {best} is better than that by {difference} (p {p_holm} after correction for all comparisons): {do}.",
    "{best} 比它高 {difference}（经多重比较校正 p {p_holm}）：{do}。",
)
RANKER = Sentence(
    '[ranker] model = "{name}" in zhiyin.toml lets it answer',
    '在 zhiyin.toml 中写 [ranker] model = "{name}" 即由它推荐',
)
ALONE = Sentence("zhiyin recommend --model {name} answers with it", "zhiyin recommend --model {name} 由它推荐")
NEXT = Sentence("Next: {steps}.", "下一步：{steps}。")
LEAK = Sentence("look at what the leakage audit found before trusting any figure", "先看泄漏审计的发现，再相信任何数字")
MEND = Sentence("mend the log, which fails {checks}", "修补日志，它未通过：{checks}")
FIX = Sentence("add the fix {fix}, worth {gain} {metric}", "加入清洗步骤 {fix}，可提高 {metric} {gain}")
LONGER = Sentence("train {names} as their verdicts under Training say", "按“训练过程”中的结论继续训练 {names}")
WEAK = Sentence("ask whether {names} should stay: no better than popularity",
                "考虑是否保留 {names}：不好于热门榜")  # fmt: skip
IDLE = Sentence("ask whether the sources {names} should stay: no hit is shown to be theirs alone",
                "考虑是否保留来源 {names}：没有被证明仅由它们带来的命中")  # fmt: skip
NOTHING = Sentence("nothing stands out; try it on people", "没有明显问题；可以在真实用户上试用")
CHANCE = ("random", "随机")
NAMED = 4
"""Names of a sentence; of more their number is said."""
MORE = Sentence("{n} more", "另外 {n} 个")


def summary(run: Mapping[str, Any], language: Language, about: Mapping[str, str]) -> list[str]:
    """At most three sentences; ``about``: what each check looks for."""
    said = []
    data = run.get("data") or {}
    if data.get("summary") and data.get("quality"):
        said.append(READ.said(language, summary=data["summary"][language], score=f"{data['quality']['score']:.2f}"))
    compared = _compared(run, language)
    if compared:
        said.append(compared)
    steps = [*_data_steps(run, language, about), *_model_steps(run, language)]
    if said:
        joined = ("；" if language == "zh" else "; ").join(steps) or NOTHING.said(language)
        said.append(NEXT.said(language, steps=joined))
    return said


def _compared(run: Mapping[str, Any], language: Language) -> str | None:
    """The list that answers beside the best popularity, and the best of all where it is surely better.

    The first is the one comparison that was planned, so its own p decides; the best is picked from many: Holm's.
    """
    metric, lists, first, popular = run.get("metric", "ndcg@10"), ordered(run), answering(run), _popularity(run)
    if first is None or popular is None or metric not in lists[first]:
        return None
    value, against = lists[first][metric]["value"], lists[popular][metric]["value"]
    named = (ANSWERS if run.get("answers") == first else FOREMOST).said(language, name=first)
    words = {"first": named, "popular": popular, "metric": metric, "value": f"{value:.3f}", "against": f"{against:.3f}"}
    beside = {pair["b"]: pair for pair in differences(run)}
    said = NOT_BETTER.said(language, **words)
    pair = beside.get(popular)
    if pair is not None and pair["p"] < SURE and pair["difference"] > 0:
        share = f"{pair['difference'] / against:.0%}" if against > 0 else "–"
        said = BETTER.said(language, **words, **_figures(pair), share=share)
    best = next(iter(lists))
    ahead = beside.get(best)
    if ahead is None or best in references(run) or ahead["p_holm"] >= SURE or ahead["difference"] >= 0:
        return said
    ranker = re.search(r"[(（](\w+)[)）]$", best) if best not in (run.get("models") or {}) else None
    do = RANKER.said(language, name=ranker[1]) if ranker else ALONE.said(language, name=best)
    return said + AHEAD.said(
        language, **{**_figures(ahead), "difference": f"{-ahead['difference']:.3f}"}, best=best, do=do
    )


def _figures(pair: Mapping[str, Any]) -> dict[str, str]:
    shown = {part: f"{pair[part]:.3f}" for part in ("difference", "low", "high")}
    return shown | {p: "< 0.001" if pair[p] < 0.001 else f"= {pair[p]:.3f}" for p in ("p", "p_holm")}


def _popularity(run: Mapping[str, Any]) -> str | None:
    """The best reference that is not chance."""
    beside = references(run)
    return next((name for name in ordered(run) if name in beside and name not in CHANCE), None)


def _data_steps(run: Mapping[str, Any], language: Language, about: Mapping[str, str]) -> list[str]:
    data = run.get("data") or {}
    leakage = data.get("leakage") or (run.get("evaluation") or {}).get("leakage") or {}
    steps = [LEAK.said(language)] if leakage.get("verdict", "pass") != "pass" else []
    fixed = {fix["name"] for fix in data.get("fixes", [])}
    failed = [check["name"] for check in (data.get("quality") or {}).get("checks", [])
              if check["verdict"] == "fail" and check["name"] not in fixed]  # fmt: skip
    if failed:
        steps.append(MEND.said(language, checks=_names([about.get(name) or name for name in failed], language)))
    effects = run.get("effects") or {}
    for row in effects.get("effects", []):
        if not row["in_recipe"] and row["p_holm"] < SURE and row["difference"] > 0:
            gain = f"{row['difference']:+.4f}"
            steps.append(FIX.said(language, fix=row["name"], gain=gain, metric=effects["metric"]))
    return steps


def _model_steps(run: Mapping[str, Any], language: Language) -> list[str]:
    # every verdict of a training that may stop begins so, see zhiyin.training.verdict
    longer = [
        name for name, facts in trained(run) if not str(facts.get("verdict", "converged")).startswith("converged")
    ]
    steps = [LONGER.said(language, names=_names(longer, language))] if longer else []
    if sources := run.get("sources"):
        idle = [name for name, found in sources.items() if found["hits_alone"]["low"] <= 0]
        some = 0 < len(idle) < len(sources)  # where all propose the same, none is the one to leave
        return [*steps, IDLE.said(language, names=_names(idle, language))] if some else steps
    weak = _weak(run)
    return [*steps, WEAK.said(language, names=_names(weak, language))] if weak else steps


def _weak(run: Mapping[str, Any]) -> list[str]:
    """Models that are no better than the best popularity."""
    metric, lists, popular = run.get("metric", "ndcg@10"), ordered(run), _popularity(run)
    if popular is None or metric not in lists[popular]:
        return []
    values = {name: lists.get(name, {}).get(metric, {}).get("value") for name in run.get("models") or {}}
    floor = lists[popular][metric]["value"]
    return [name for name, value in values.items() if value is not None and value <= floor]


def _names(names: list[str], language: Language) -> str:
    shown = names[:NAMED] + ([MORE.said(language, n=len(names) - NAMED)] if len(names) > NAMED else [])
    return ("、" if language == "zh" else ", ").join(shown)
