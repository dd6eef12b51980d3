"""Quality cells: one JSON file for each (model, data, protocol, seed), made once and kept."""

import json
import platform
import sys
import time
from collections.abc import Callable
from typing import Any

from benchmarks.protocols import RESULTS


def cell(
    model: str, data: str, protocol: str, seed: int, measure: Callable[[str, int], dict[str, Any]]
) -> dict[str, Any]:
    """The kept figures, or those that ``measure(data, seed)`` finds now (with the CPU seconds it took)."""
    path = RESULTS / "quality" / f"{data}-{protocol}-{model}-{seed}.json"
    if path.exists():
        return dict(json.loads(path.read_text(encoding="utf-8")))
    start = time.process_time()
    figures = measure(data, seed)
    found = {
        "model": model, "data": data, "protocol": protocol, "seed": seed, **figures,
        "cpu_s": round(time.process_time() - start, 1), "machine": platform.machine(),
    }  # fmt: skip
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(found, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    print(f"{path.stem}: {figures}", file=sys.stderr, flush=True)
    return found


def mean_and_error(values: list[float]) -> str:
    """``0.4481 ± 0.0021``: the mean over seeds and its standard error."""
    n = len(values)
    mean = sum(values) / n
    spread = (sum((value - mean) ** 2 for value in values) / max(1, n - 1)) ** 0.5
    return f"{mean:.4f} ± {spread / n**0.5:.4f} ({n} seeds)"
