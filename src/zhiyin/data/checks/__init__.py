"""What may be wrong with a log: one small file a check, each with its verdict, its rows and what its fix does."""

from zhiyin.core.lazy import lazily

__getattr__, __dir__ = lazily(
    __name__,
    {
        "CHECKS": "table",
        "Check": "check",
        "Evidence": "evidence",
        "Finding": "check",
        "Quality": "quality",
        "Words": "check",
        "all_checks": "table",
        "named_check": "table",
        "run_checks": "quality",
    },
)
