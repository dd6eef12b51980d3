"""What is tried before it is served: settings, what a training takes, which parts of a line are worth it."""

from zhiyin.core.lazy import lazily

__getattr__, __dir__ = lazily(
    __name__, {"ablate": "ablation", "plan": "planning", "tune": "tuning", "weigh_content": "content"}
)
