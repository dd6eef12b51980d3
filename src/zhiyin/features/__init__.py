"""The columns that a ranker reads: definitions, counters as of a moment, one table; the same offline and online."""

from zhiyin.core.lazy import lazily

__getattr__, __dir__ = lazily(
    __name__,
    {
        "Counters": "feature",
        "Definition": "defined",
        "EventCounters": "counters",
        "Feature": "feature",
        "FeatureTable": "table",
        "Outcomes": "outcomes",
        "check_definitions": "defined",
        "compute_table": "table",
        "default_names": "definitions",
        "further_names": "offered",
        "looking_ahead": "ahead",
        "named_features": "defined",
    },
)
