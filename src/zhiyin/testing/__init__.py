"""Contract suites and tiny worlds that any plug-in can run against itself."""

from zhiyin.testing import causes, worlds
from zhiyin.testing.recommender import RecommenderContract

__all__ = ["RecommenderContract", "causes", "worlds"]
