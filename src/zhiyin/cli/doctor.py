"""``zhiyin doctor``: what this machine and installation have."""

import os
import platform
import shutil
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import zhiyin
from zhiyin.cli.command import Asked
from zhiyin.core.languages import Sentence

NEEDED = (
    "numpy",
    "scipy",
    "polars",
    "pyarrow",
    "torch",
    "safetensors",
    "scikit-learn",
    "lightgbm",
    "implicit",
    "pydantic",
)
EXTRAS = {"serve": "fastapi", "ray": "ray", "privacy": "opacus", "explanation": "captum", "export": "onnxruntime"}
"""Extra → the package that shows whether it is there."""
GIB = 1 << 30
LOW_DISK_GIB = 2
TITLE = Sentence("Zhiyin {version}", "知音 {version}")
WELL = Sentence("everything that is needed is here", "所需组件齐全")
LOW_DISK = Sentence("only {free:.1f} GiB are free on the disk of {folder}", "{folder} 所在磁盘仅剩 {free:.1f} GiB")


def run(asked: Asked) -> None:
    """Versions, processor, memory, disk, extras.

    Example: zhiyin doctor
    """
    facts = _facts(asked)
    rows = [[name, str(value)] for group in facts.values() for name, value in group.items()]
    asked.table(asked.words(TITLE, version=zhiyin.__version__), ["", ""], rows)
    missing = [name for name in NEEDED if facts["packages"][name] is None]
    free = facts["machine"]["disk_free_gib"]
    if missing:
        from zhiyin.core.errors import ServiceError

        raise ServiceError(f"not installed: {', '.join(missing)}; install them: pip install zhiyin")
    if free < LOW_DISK_GIB:
        asked.show(LOW_DISK, free=free, folder=asked.folder)
    asked.show(WELL)
    asked.answer({"zhiyin": zhiyin.__version__, **facts})


def _facts(asked: Asked) -> dict[str, dict[str, Any]]:
    place = next(path for path in (asked.folder.resolve(), *asked.folder.resolve().parents) if path.exists())
    return {
        "machine": {
            "python": platform.python_version(), "system": platform.platform(),
            "processors": len(os.sched_getaffinity(0)),
            "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / GIB, 1),
            "disk_free_gib": round(shutil.disk_usage(place).free / GIB, 1),
        },
        "packages": {name: _version(name) for name in NEEDED},
        "extras": {name: _version(package) for name, package in EXTRAS.items()},
    }  # fmt: skip


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
