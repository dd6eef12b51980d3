"""Writes ``docs/reference.md`` from the code: commands, recipe, models, checks, metrics, readers, columns.

``python docs/reference.py``, run by ``make docs``; a test compares the page with the code.
"""

import importlib
import inspect
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import numpy as np
from pydantic.fields import FieldInfo

from zhiyin import models
from zhiyin.core.languages import Sentence
from zhiyin.core.plugins import registered
from zhiyin.core.settings import Config
from zhiyin.data.checks.table import CHECKS, named_check
from zhiyin.data.cleaning import PRESETS, fix_names
from zhiyin.data.columns import ROLES
from zhiyin.data.contracts import KINDS, NEGATIVE_KINDS, SILENT_KINDS, Catalogue
from zhiyin.data.readers import READERS
from zhiyin.data.splits.rule import SplitRule
from zhiyin.data.splits.split import RULES
from zhiyin.evaluation import lists
from zhiyin.evaluation.metrics import METRICS
from zhiyin.features import large
from zhiyin.features.definitions import BEHAVIOUR, FURTHER, OF_COLUMN, OF_ITEMS
from zhiyin.features.families import FAMILIES, Known
from zhiyin.models.learning import LearningConfig
from zhiyin.models.model import ModelConfig
from zhiyin.pipeline.recipe import NAMED, Recipe

UPPER_CASE = Sentence("{rows} item ids: written in upper case", "")
PAGE = Path(__file__).with_name("reference.md")
HEAD = """# Reference

Written from the code by `python docs/reference.py`. The same words stand in `zhiyin COMMAND --help` and in the
docstrings of the classes named here.
"""


def page() -> str:
    """The whole page, Markdown."""
    parts = (commands, recipe, splits, all_models, encoders, rankers, generators, features, checks, fixes, metrics,
             readers, events)  # fmt: skip
    return "\n".join([HEAD, *[line for part in parts for line in (*part(), "")]]).rstrip() + "\n"


def commands() -> Iterator[str]:
    """Every command with its options, as its help has them."""
    import typer

    from zhiyin.cli.app import COMMANDS, app

    yield from ("## Commands", "", "Each also has `-w FOLDER` (the workspace, by itself the current folder), `--json` "
                "and `--lang en|zh`. Exit codes: 0 done, 1 the answer is no, 2 wrong use or unreadable input, 3 a "
                "needed service is down, 4 no resources.")  # fmt: skip
    found: Any = typer.main.get_command(app)
    for name in COMMANDS:
        command = found.commands[name]
        about, *further = [text.strip() for text in (command.help or "").split("\n\n")]
        yield from ("", f"### zhiyin {name}", "", about)
        for text in further:
            yield from ("", re.sub(r"(zhiyin .+?)(?=\s{3,}| · |$)", r"`\1`", text))
        own = [option for option in command.params if option.name not in ("workspace", "as_json", "lang")]
        if own:
            yield from ("", "| option | by itself | what it does |", "|---|---|---|")
        for option in own:
            written = ", ".join(option.opts) if option.param_type_name == "option" else option.name.upper()
            yield row(f"`{written}`", shown(option.default), getattr(option, "help", None) or "")


def recipe() -> Iterator[str]:
    """Every key of ``zhiyin.toml``."""
    yield from ("## Recipe", "", "The keys of `zhiyin.toml`. A key that does not exist is refused, with the nearest "
                "that does.", "", *table_head("key"))  # fmt: skip
    sections = []
    for name, field in Recipe.model_fields.items():
        if is_config(field.annotation):
            sections.append((name, field.annotation))
        elif name not in NAMED:
            yield setting(name, field)
    for name, config in sections:
        yield from ("", f"### [{name}]", "", *settings(config, "key"))
    for name, config in NAMED.items():
        yield from ("", f"### [{name}.NAME]", "", *settings(config, "key"))


def splits() -> Iterator[str]:
    """Rules of splitting."""
    yield from ("## Splits", "", "`[split] by = NAME` with further settings beside it, or "
                "`zhiyin.split(dataset, NAME, days=30)`. Every rule has these; its own stand below.", "",
                *settings(SplitRule))  # fmt: skip
    for name, rule in RULES.items():
        yield from ("", f"### by {name}", "", first_line(inspect.getmodule(rule)), *own_settings(rule, SplitRule))


def all_models() -> Iterator[str]:
    """Every model with its settings."""
    learning = [name for name in models.ESTIMATORS if issubclass(models.estimator(name).Config, LearningConfig)]
    yield from ("## Models", "", "`[models.NAME] model = …`, or `zhiyin.models.MODEL(setting=…).fit(dataset)`. Every "
                f"model has `seed`; those that learn by gradient descent ({', '.join(learning)}) "
                "have these, and their own below, where another default stands too.", "",
                *settings(LearningConfig))  # fmt: skip
    for name in models.ESTIMATORS:
        found = models.estimator(name)
        base = LearningConfig if issubclass(found.Config, LearningConfig) else ModelConfig
        yield from ("", f"### {name}", "", first_line(found), *own_settings(found.Config, base))


def rankers() -> Iterator[str]:
    """Every ranker with its settings."""
    yield from ("## Rankers", "", "`[ranker] model = …`; from feature columns to a calibrated probability.")
    yield from plugged("zhiyin.rankers")


def generators() -> Iterator[str]:
    """Every generator with its settings."""
    yield from ("## Generators", "", "`[generation] model = …`, `settings = {…}`.")
    yield from plugged("zhiyin.generators")


def encoders() -> Iterator[str]:
    """Every encoder with its settings."""
    yield from ("## Encoders", "", "`[content.NAME] encoder = …`, `settings = {…}`.")
    yield from plugged("zhiyin.encoders")


def features() -> Iterator[str]:
    """The columns that rankers read."""
    yield from ("## Features", "", "Names for `[features] names`; all that the catalogue and the models can give where "
                "none is named. `from.NAME` (which source proposed the candidate) is always there. How to take further "
                "ones and write your own: [features](features.md).", "",
                "| name | reads | meaning |", "|---|---|---|")  # fmt: skip
    for name, (_, inputs, meaning) in BEHAVIOUR.items():
        yield row(f"`{name}`", ", ".join(inputs), meaning)
    for kind, (_, meaning) in OF_COLUMN.items():
        yield row(f"`{kind}.COLUMN`", "catalogue" if kind == "value" else "history, catalogue",
                  meaning.format("COLUMN"))  # fmt: skip
    for what in ("score", "rank", "similarity", "person_vector", "item_vector"):
        yield row(f"`NAME.{what}`", "history, the model NAME", first_line(getattr(large, what)))
    yield from ("", "Names for `[features] further`; `[\"all\"]` takes all that the log can give.", "",
                "| name | reads | meaning |", "|---|---|---|")  # fmt: skip
    for name, (_, inputs, meaning) in FURTHER.items():
        yield row(f"`{name}`", ", ".join(inputs), meaning)
    for name, (inputs, meaning) in OF_ITEMS.items():
        yield row(f"`{name}`", ", ".join(inputs), meaning)
    yield row("`match.COLUMN`", "person, catalogue", "whether the item's COLUMN is the person's own")
    words = Catalogue.of(["item"], CATEGORY=["a"])
    known = Known(Catalogue(words.ids, words.columns, {"BLOCK": np.zeros((1, 1), np.float32)}))
    for family, (make, argument) in FAMILIES.items():
        windows = (argument, f"{argument}.7d") if family in ("count", "conversion") else (argument,)
        for asked in windows:
            feature = make(f"{family}.{asked}", asked, known)
            yield row(f"`{feature.name}`", ", ".join(feature.inputs), feature.meaning)


def checks() -> Iterator[str]:
    """What is looked for in a log."""
    yield from ("## Checks", "", "`zhiyin check`. A share of rows above the second number is a warning, above the "
                "third it fails; what is found costs weight · share of the score.", "",
                "| check | what is looked for | warns above | fails above | weight | what to do |",
                "|---|---|---|---|---|---|")  # fmt: skip
    for name in CHECKS:
        check = named_check(name)
        yield row(f"`{name}`", check.about.en, f"{check.warn_above:g}", f"{check.fail_above:g}", f"{check.weight:g}",
                  check.remedy.en)  # fmt: skip


def fixes() -> Iterator[str]:
    """What a recipe may have mended."""
    yield from ("## Fixes", "", "Names for `[data] fixes`, in the order in which they are made, whatever the order "
                "given; none is made that is not named.", "", "| fix | what it does |", "|---|---|")  # fmt: skip
    for name in fix_names():
        done = named_check(name).done if name in CHECKS else UPPER_CASE
        assert done is not None  # noqa: S101  every fix says what it did
        yield row(f"`{name}`", done.filled(rows="N", codes="M").en)
    for name, members in PRESETS.items():
        yield row(f"`{name}` (preset)", ", ".join(members))


def metrics() -> Iterator[str]:
    """What is measured."""
    yield from ("## Metrics", "", "`NAME@k`; all items are ranked. Popularity of all time, of the newest days, and "
                "chance stand beside every model.", "", "| metric | meaning |", "|---|---|")  # fmt: skip
    for name, metric in METRICS.items():
        yield row(f"`{name}`", first_line(metric))
    yield row("`coverage`", first_line(lists.coverage).split(";")[0] + ".")
    yield row(", ".join(f"`{name}`" for name in lists.TRAITS), "What the list is like, whether it hits or not.")


def readers() -> Iterator[str]:
    """File formats."""
    yield from ("## Readers", "", "The first that recognises a file reads it. What else comes in: [Data](data.md).", "",
                "| reader | what it reads |", "|---|---|")  # fmt: skip
    for name, where in READERS.items():
        yield row(f"`{name}`", first_line(importlib.import_module(where.partition(":")[0])))


def events() -> Iterator[str]:
    """Columns of a log."""
    yield from ("## Event columns", "", "`user` and `item` are needed. A column is taken for ours by the usual names "
                "(letters and digits count, case does not), or by `--map OURS=YOURS`; others are kept as context.", "",
                "| column | usual names |", "|---|---|")  # fmt: skip
    for name, usual in ROLES.items():
        yield row(f"`{name}`", ", ".join(usual))
    yield from ("", f"Kinds: {', '.join(KINDS)}; a recipe's weights may name others. {', '.join(NEGATIVE_KINDS)} weigh "
                f"-1, {', '.join(SILENT_KINDS)} weigh 0, all others 1 where `[data] weights` does not say "
                "otherwise.")  # fmt: skip


def plugged(group: str) -> Iterator[str]:
    """The classes of ours in an entry-point group with their settings."""
    for name, entry in registered(group).items():
        if entry.dist is None or entry.dist.name != "zhiyin":
            continue
        found = entry.load()
        yield from ("", f"### {name}", "", first_line(found))
        if found.Config.model_fields:
            yield from ("", *settings(found.Config))


def settings(config: Any, named: str = "setting") -> Iterator[str]:
    """A table of a class's settings; a section within it as ``key.key``."""
    yield from table_head(named)
    yield from _rows(config, "")


def own_settings(config: type[Config], base: type[Config]) -> Iterator[str]:
    """Those that ``base`` does not have, or has with another default or meaning."""
    shared = {name: setting(name, field) for name, field in base.model_fields.items()}
    own = [line for name, field in config.model_fields.items() if (line := setting(name, field)) != shared.get(name)]
    if own:
        yield from ("", *table_head("setting"), *own)


def _rows(config: Any, before: str) -> Iterator[str]:
    for name, field in config.model_fields.items():
        if is_config(field.annotation):
            yield from _rows(field.annotation, f"{before}{name}.")
        else:
            yield setting(before + name, field)


def table_head(named: str) -> tuple[str, str]:
    return f"| {named} | takes | by itself | meaning |", "|---|---|---|---|"


def setting(name: str, field: FieldInfo) -> str:
    """One row."""
    default = "needed" if field.is_required() else shown(field.get_default(call_default_factory=True))
    limits = limits_of(field.metadata)
    takes = kind_of(field.annotation) + (f", {limits}" if limits else "")
    return row(f"`{name}`", takes, default, field.description or ("Same seed: same result." if name == "seed" else ""))


def limits_of(metadata: Iterable[Any]) -> str:
    """``above 0, at most 1``"""
    words = {"gt": "above", "ge": "at least", "lt": "below", "le": "at most"}
    found = [(word, getattr(limit, part)) for limit in metadata for part, word in words.items() if hasattr(limit, part)]
    return ", ".join(f"{word} {value:g}" for word, value in found)


def kind_of(annotation: Any) -> str:
    """A type in words."""
    origin, inner = get_origin(annotation), get_args(annotation)
    simple = {int: "whole number", float: "number", str: "text", bool: "true or false", Any: "anything"}
    if annotation in simple:
        return simple[annotation]
    if origin is Annotated:
        limits = limits_of(inner[1:])
        return kind_of(inner[0]) + (f" {limits}" if limits else "")
    if origin is Literal:
        return ", ".join(f"`{word}`" for word in inner)
    if origin in (Union, UnionType):
        return " or ".join(kind_of(part) for part in inner if part is not type(None))
    if origin is dict:
        return f"table of {kind_of(inner[1])}"
    if origin is tuple:
        return f"list of {kind_of(inner[0])}"
    return str(getattr(annotation, "__name__", annotation))


def is_config(annotation: Any) -> bool:
    return inspect.isclass(annotation) and issubclass(annotation, Config)


def shown(default: Any) -> str:
    """A default as the recipe would write it."""
    if default is None or default == () or isinstance(default, dict):
        return "–"
    if isinstance(default, tuple):
        return f"`[{', '.join(str(part) for part in default)}]`"
    return str(default).lower() if isinstance(default, bool) else f"`{default}`"


def first_line(found: Any) -> str:
    """The first paragraph of a docstring, on one line."""
    return " ".join((inspect.getdoc(found) or "").split("\n\n")[0].split())


def row(*cells: str) -> str:
    """A line of a table: what Markdown would read in a cell is said, not done."""
    return f"| {' | '.join(' '.join(cell.replace('``', '`').replace('|', chr(92) + '|').split()) for cell in cells)} |"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
