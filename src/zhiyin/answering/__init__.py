"""Online: a request to an explained slate; never loads training code."""

from zhiyin.core.lazy import lazily

__getattr__, __dir__ = lazily(
    __name__,
    {
        "Answerer": "answer",
        "Asking": "live",
        "Assembly": "assembly",
        "Boost": "wishes",
        "Budget": "ladder",
        "Filter": "filters",
        "Ladder": "ladder",
        "Plan": "assembly",
        "Rules": "rules",
        "Wishes": "wishes",
        "explain": "answer",
        "features_for": "candidates",
        "merge": "candidates",
        "proposed": "candidates",
    },
)
