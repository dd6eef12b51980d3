"""Every model without a network against the contract suite; what is its own is tested beside it."""

import zhiyin
from zhiyin.testing import RecommenderContract


class TestRandom(RecommenderContract):
    def trained_on(self, dataset):
        return zhiyin.models.Random().fit(dataset)


class TestPopular(RecommenderContract):
    def trained_on(self, dataset):
        return zhiyin.models.Popular(window_days=1).fit(dataset)


class TestItemKNN(RecommenderContract):
    def trained_on(self, dataset):
        return zhiyin.models.ItemKNN().fit(dataset)


class TestItemKNNWithBM25(RecommenderContract):
    def trained_on(self, dataset):
        return zhiyin.models.ItemKNN(similarity="bm25", neighbours=7, decay=1).fit(dataset)


class TestSequenceKNN(RecommenderContract):
    def trained_on(self, dataset):
        return zhiyin.models.SequenceKNN().fit(dataset)


class TestUserKNN(RecommenderContract):
    def trained_on(self, dataset):
        return zhiyin.models.UserKNN(neighbours=20).fit(dataset)


class TestContentKNN(RecommenderContract):
    def trained_on(self, dataset):
        return zhiyin.models.ContentKNN().fit(dataset)


class TestEASE(RecommenderContract):
    def trained_on(self, dataset):
        return zhiyin.models.EASE(regularisation=20).fit(dataset)


class TestEASEInFloat32(RecommenderContract):
    def trained_on(self, dataset):
        return zhiyin.models.EASE(regularisation=50, max_items=14).fit(dataset)


class TestALS(RecommenderContract):
    tolerance = 1e-4

    def trained_on(self, dataset):
        return zhiyin.models.ALS(factors=8).fit(dataset)


class TestBiasedMF(RecommenderContract):
    tolerance = 1e-4

    def trained_on(self, dataset):
        return zhiyin.models.BiasedMF(factors=4).fit(dataset)
