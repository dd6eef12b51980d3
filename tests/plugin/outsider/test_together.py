"""The outsider's own tests: the contract suite, by inheriting it."""

import zhiyin
from zhiyin.testing import RecommenderContract


class TestTogether(RecommenderContract):
    def trained_on(self, dataset):
        return zhiyin.models.Together(power=0.4).fit(dataset)


def test_it_stands_beside_the_built_in_models():
    assert "Together" in zhiyin.models.names()
    assert zhiyin.models.estimator("Together").__module__ == "outsider.together"
