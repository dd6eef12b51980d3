"""``zhiyin tune``: better settings for a model, found on the validation part."""

from typing import Annotated

import typer

from zhiyin.cli.command import Asked
from zhiyin.core.languages import Sentence

TITLE = Sentence("The best of {n} trials of {name} ({model}), by {metric} on the validation part",
                 "{name}（{model}）的 {n} 次尝试中最好的，按验证集上的 {metric}")  # fmt: skip
COLUMNS = (Sentence("trial", "尝试"), Sentence("settings", "设置"), Sentence("value", "数值"), Sentence("s", "秒"))
USUAL = Sentence("the usual space was searched; for another, write search.toml beside the recipe, section [{name}]",
                 "按通常的范围搜索；要指定范围，请在方案旁写 search.toml，小节 [{name}]")  # fmt: skip
BETTER = Sentence(
    "{value:.4f} instead of the recipe's {own}: the recipe with these settings is {recipe}; take it over, then zhiyin "
    "run says on the test part whether it holds",
    "{value:.4f}，原方案为 {own}：带这些设置的方案在 {recipe}；采用后用 zhiyin run 在测试集上看是否成立",
)
SAME = Sentence("nothing better than the recipe's own settings ({value:.4f}) was found",
                "没有找到比方案自己的设置（{value:.4f}）更好的")  # fmt: skip
SHOWN = 5


def run(
    asked: Asked,
    name: Annotated[str, typer.Argument(help="NAME of [models.NAME].")],
    trials: Annotated[int, typer.Option(min=1, help="Trials, those of an earlier search counted.")] = 30,
    minutes: Annotated[float, typer.Option(min=0.01, help="Time after which no further trial begins.")] = 30.0,
) -> None:
    """Try settings of one model: learned on the training part, judged on the validation part, hopeless trials given up.

    What is tried stands in search.toml ([NAME] with lists, or {low, high, log}); stopped in the middle, it goes on.
    Example: zhiyin tune vae --minutes 20 -w shop
    """
    workspace = asked.prepared
    from zhiyin.experiments import tune

    found = tune(workspace, name, trials=trials, minutes=minutes, progress=asked.progress)
    whole = sorted((t for t in found["trials"] if t["state"] == "complete"), key=lambda t: -t["value"])
    rows = [
        [str(t["number"]), ", ".join(f"{key}={_short(value)}" for key, value in t["settings"].items()),
         f"{t['value']:.4f}", f"{t['seconds']:.1f}"]
        for t in whole[:SHOWN]
    ]  # fmt: skip
    title = asked.words(TITLE, n=len(found["trials"]), name=name, model=found["model"], metric=found["metric"])
    asked.table(title, [asked.words(column) for column in COLUMNS], rows)
    if not found["space_given"]:
        asked.show(USUAL, name=name)
    best, own = found["best"], found["own"]
    words = SAME if best["number"] == 0 else BETTER
    asked.show(words, value=best["value"], own="–" if own is None else f"{own:.4f}", recipe=found["recipe"])
    asked.answer(found)


def _short(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
