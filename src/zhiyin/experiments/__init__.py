"""What is tried before it is served: which parts of a line are worth their cost."""

from zhiyin.core.lazy import lazily

__getattr__, __dir__ = lazily(__name__, {"ablate": "ablation"})
