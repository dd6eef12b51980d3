"""Made once: a step whose inputs did not change is not made again, and a killed run goes on where it stopped.

What was made leaves a record ``runs/made/NAME-KEY.json``, KEY being the digest of its inputs (data, settings,
the package's version). The record is written last and whole, so a record says that the thing is there.
"""

import hashlib
import json
import resource
import time
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import zhiyin
from zhiyin.core.errors import ZhiyinError
from zhiyin.pipeline.workspace import Workspace

Facts: TypeAlias = dict[str, Any]
"""What a step says of itself, as JSON."""
FORMAT = 3
"""Of the facts: those of an older one are made again."""


def key_of(inputs: Mapping[str, Any]) -> str:
    """sha256 of these inputs (JSON) and the version of the package."""
    text = json.dumps(
        {**inputs, "zhiyin": zhiyin.__version__, "facts": FORMAT}, sort_keys=True, ensure_ascii=False, default=str
    )
    return hashlib.sha256(text.encode()).hexdigest()


def once(
    workspace: Workspace, name: str, inputs: Mapping[str, Any], make: Callable[[str], Facts], *,
    there: Callable[[Facts], bool] = lambda facts: True,
) -> Facts:  # fmt: skip
    """The facts of ``name`` for these inputs: remembered where they are and ``there`` says so, else made.

    ``make`` is handed the key. The facts get ``key``, ``again`` (whether remembered) and what the making cost:
    ``seconds``, ``cpu_s``, and ``peak_mb``, the most memory that the process had held by its end.
    """
    key = key_of(inputs)
    record = workspace.runs / "made" / f"{name}-{key[:16]}.json"
    facts = _remembered(record, key)
    if facts is not None and _holds(facts, there):
        return {**facts, "again": True}
    started, cpu = time.perf_counter(), time.process_time()
    facts = {**make(key), "key": key}
    facts["seconds"], facts["cpu_s"] = round(time.perf_counter() - started, 3), round(time.process_time() - cpu, 3)
    facts["peak_mb"] = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
    workspace.write_json(record, {"inputs": dict(inputs), "facts": facts})
    return {**facts, "again": False}


def _holds(facts: Facts, there: Callable[[Facts], bool]) -> bool:
    """Whether the remembered facts are whole and what they speak of is there; made again otherwise."""
    try:
        return there(facts)
    except (KeyError, TypeError, ZhiyinError):
        return False


def _remembered(record: Any, key: str) -> Facts | None:
    try:
        facts = json.loads(record.read_text("utf-8"))["facts"]
    except (OSError, ValueError, KeyError, TypeError):
        return None  # absent or damaged: made again
    return facts if isinstance(facts, dict) and facts.get("key") == key else None
