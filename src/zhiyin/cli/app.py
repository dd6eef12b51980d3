"""All commands, and what becomes of an error: one sentence and an exit code, never a traceback for a user's mistake.

0 done · 1 the answer is "no" · 2 wrong use or unreadable input · 3 a service is down · 4 no resources · 130 stopped.
"""

import json
import os
import sys
from importlib import import_module
from typing import Any

import typer

import zhiyin
from zhiyin.cli.command import command
from zhiyin.core.errors import ResourceError, ZhiyinError
from zhiyin.core.files import FULL
from zhiyin.core.terminal import harmless

COMMANDS = (
    "init", "demo", "ingest", "check", "run", "train", "tune", "plan", "evaluate", "compare", "ablate", "recommend",
    "explain", "similar", "find", "generate", "features", "export", "report", "serve", "keys", "forget", "doctor",
)  # fmt: skip
"""In the order of the help; each is the function ``run`` of the module of its name."""

STOPPED = 130
NO_ROOM = ResourceError("there is not enough memory; use less data or a smaller model, and run again")
HELP = {"help_option_names": ["-h", "--help"]}

app = typer.Typer(
    name="zhiyin", no_args_is_help=True, add_completion=False, rich_markup_mode="rich", pretty_exceptions_enable=False,
    help="From a raw behaviour log to recommendations with reasons and honest figures. Start with: zhiyin demo",
    context_settings=HELP,
    epilog="Exit codes: 0 done, 1 the answer is no, 2 wrong use, 3 a service is down, 4 no resources.",
)  # fmt: skip
for _name in COMMANDS:
    app.command(_name, context_settings=HELP)(command(import_module(f"zhiyin.cli.{_name}").run))


@app.callback(invoke_without_command=True)
def root(version: bool = typer.Option(False, "--version", help="Print the version.")) -> None:
    """The options before a command."""
    if version:
        typer.echo(zhiyin.__version__)
        raise typer.Exit


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    given = sys.argv[1:] if arguments is None else arguments
    try:
        code = int(app(given, standalone_mode=False) or 0)
        return _stopped(given) if code == STOPPED else code  # Typer makes this code of a Ctrl-C
    except ZhiyinError as error:
        return _say(given, error)
    except KeyboardInterrupt:
        return _stopped(given)
    except MemoryError:
        return _say(given, NO_ROOM)
    except Exception as error:
        return _other(given, error)


def _other(given: list[str], error: Exception) -> int:
    if hasattr(error, "format_message") and hasattr(error, "exit_code"):  # Typer's own: a wrong option or argument
        said = f"{error.format_message().rstrip('.')}{_found(given, error)}"
        return _say(given, _UsageError(f"{said}. See: zhiyin {_named(given)}--help"))
    if type(error).__name__ == "Abort":
        return _stopped(given)
    if isinstance(error, BrokenPipeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # whoever read the output has seen enough
        return 0
    if isinstance(error, RuntimeError) and "allocate memory" in str(error):  # torch's, while answering
        return _say(given, NO_ROOM)
    if isinstance(error, OSError) and error.errno in FULL:
        return _say(given, ResourceError("no space left on the disk; free some space and run again"))
    if isinstance(error, OSError) and error.filename:
        return _say(given, _UsageError(f"{error.filename} cannot be used ({error.strerror}); give another path"))
    if os.environ.get("ZHIYIN_DEBUG"):
        raise error
    return _say(given, _UnexpectedError(
        f"something unexpected happened ({type(error).__name__}: {error}); run again with ZHIYIN_DEBUG=1 in front to "
        "see where, and please report it"))  # fmt: skip


class _UsageError(ZhiyinError):
    code = "usage"


class _UnexpectedError(ZhiyinError):
    code = "unexpected"
    exit_code = 2


def _say(given: list[str], error: ZhiyinError) -> int:
    if "--json" in given:
        body: dict[str, Any] = {
            "code": error.code, "message": error.message, "found": error.found, "allowed": error.allowed,
            "do": error.do,
        }  # fmt: skip
        typer.echo(harmless(json.dumps({"error": body}, ensure_ascii=False)))
    typer.echo(harmless(f"zhiyin: {error.message}"), err=True)
    return error.exit_code


def _stopped(given: list[str]) -> int:
    typer.echo(f"zhiyin: stopped; what was finished is kept: run  zhiyin {' '.join(given)}  again to go on", err=True)
    return STOPPED


def _found(given: list[str], error: Exception) -> str:
    """What was given for the option that an error is about: Typer names the option alone."""
    options = [name for name in getattr(getattr(error, "param", None), "opts", ()) if name in given[:-1]]
    return f"; found {given[given.index(options[0]) + 1]!r}" if options else ""


def _named(given: list[str]) -> str:
    return next((f"{word} " for word in given if word in COMMANDS), "")
