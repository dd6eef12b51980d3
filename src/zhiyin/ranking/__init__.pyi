from zhiyin.ranking.boosted_trees import BoostedTrees as BoostedTrees
from zhiyin.ranking.folds import outcome_folds as outcome_folds
from zhiyin.ranking.logistic import Logistic as Logistic
from zhiyin.ranking.ranker import Ranker as Ranker
from zhiyin.ranking.reliability import Reliability as Reliability
from zhiyin.ranking.reliability import reliability_of as reliability_of
from zhiyin.ranking.rows import Rows as Rows
from zhiyin.ranking.rows import labels_for as labels_for
