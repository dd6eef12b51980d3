"""What the documents say runs as written, and the two languages say the same."""

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from zhiyin.cli import app
from zhiyin.data.splits.split import RULES
from zhiyin.pipeline.recipe import Recipe

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("docs/*.md"), *ROOT.glob("docs/steps/*.md"), ROOT / "README.md", ROOT / "README.zh-CN.md"])
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)


def blocks(page: Path, language: str) -> list[str]:
    return [code for found, code in BLOCK.findall(page.read_text(encoding="utf-8")) if found == language]


def runnable() -> list[Path]:
    """A twin's code is its page's, which another test compares."""
    twins = (".zh.md", ".zh-CN.md")
    return [page for page in PAGES if not page.name.endswith(twins)
            and (blocks(page, "python") or blocks(page, "console"))]  # fmt: skip


def commands(page: Path) -> list[str]:
    """The lines behind ``$`` of console blocks, but ``make`` (which sets up an environment of its own)."""
    lines = [line for code in blocks(page, "console") for line in code.splitlines() if line.startswith("$ ")]
    return [line[2:] for line in lines if not line.startswith(("$ make ", "$ pip ", "$ git "))]


def done(command: list[str], folder: Path) -> None:
    scripts = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    result = subprocess.run(
        command, cwd=folder, env={**os.environ, "PATH": scripts, "NO_COLOR": "1"}, capture_output=True, text=True,
        check=False, timeout=600,
    )  # fmt: skip
    assert result.returncode == 0, f"{command}\n{result.stderr}"


@pytest.mark.slow
@pytest.mark.parametrize("page", runnable(), ids=lambda page: page.name)
def test_code_and_commands_of_a_page_run_in_order(page: Path, tmp_path: Path):
    for command in commands(page):
        done(["sh", "-c", command], tmp_path)
    if code := "\n".join(blocks(page, "python")):
        done([sys.executable, "-W", "error", "-c", code], tmp_path)


def test_every_command_that_a_page_names_is_there_with_its_options():
    """Also those that stand in a sentence, and in pages whose commands are not run."""
    import typer

    found: Any = typer.main.get_command(app.app)
    shared = {"-w", "--json", "--lang", "--help", "--version"}
    n = 0
    for page in PAGES:
        text = re.sub(r"\$\([^)]*\)", "", page.read_text(encoding="utf-8"))  # commands of others
        for name, rest in re.findall(r"(?:`|\$ |^)zhiyin ([a-z]+)\b([^`\n]*)", text, re.MULTILINE):
            assert name in app.COMMANDS, f"{page.name}: zhiyin {name}"
            options = {option for parameter in found.commands[name].params for option in parameter.opts} | shared
            named = set(re.findall(r"(?:^| )(--?[a-z][a-z-]*)", rest))
            assert named <= options, f"{page.name}: zhiyin {name}{rest}"
            n += 1
    assert n > 60


def test_every_recipe_on_a_page_can_be_read():
    found = [(page, text) for page in PAGES for text in blocks(page, "toml")]
    assert len(found) >= 2
    for _, text in found:
        recipe = Recipe.read(tomllib.loads(text))
        recipe.check_models()
        if recipe.split.by:
            RULES[recipe.split.by].read(recipe.split.settings)


def figures(text: str) -> list[str]:
    """Numbers with at least two digits, thousands separators taken out."""
    return sorted(re.findall(r"\d[\d.]*\d", re.sub(r"(?<=\d),(?=\d{3})", "", text)))


def test_both_readmes_have_the_same_headings_commands_and_figures():
    english, chinese = (ROOT / name for name in ("README.md", "README.zh-CN.md"))
    texts = [page.read_text(encoding="utf-8") for page in (english, chinese)]
    levels = [[line.split(" ")[0] for line in text.splitlines() if re.match("#+ ", line)] for text in texts]
    assert levels[0] == levels[1]
    for language in ("python", "console"):
        code = [[re.sub("#.*", "", block) for block in blocks(page, language)] for page in (english, chinese)]
        assert code[0] == code[1]
    prose = [BLOCK.sub("", text) for text in texts]
    assert figures(prose[0]) == figures(prose[1])


@pytest.mark.parametrize("chinese", sorted(ROOT.glob("docs/**/*.zh.md")), ids=lambda page: page.name)
def test_a_page_and_its_twin_have_the_same_headings_code_and_tables(chinese: Path):
    texts = [page.read_text(encoding="utf-8") for page in (chinese.with_name(chinese.name.replace(".zh", "")), chinese)]
    levels = [re.findall(r"^#+ ", text, re.MULTILINE) for text in texts]
    code = [re.findall(r"`[^`\n]+`", text) for text in texts]
    rows = [text.count("\n|") for text in texts]
    assert levels[0] == levels[1]
    assert code[0] == code[1]
    assert rows[0] == rows[1]
    assert BLOCK.findall(texts[0]) == BLOCK.findall(texts[1])


def test_every_link_between_documents_leads_somewhere():
    for page in [*PAGES, ROOT / "CONTRIBUTING.md", *ROOT.glob("docs/decisions/*.md")]:
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name}: {target}"
