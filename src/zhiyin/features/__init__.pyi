from zhiyin.features.counters import EventCounters as EventCounters
from zhiyin.features.definitions import default_names as default_names
from zhiyin.features.definitions import named_features as named_features
from zhiyin.features.feature import Counters as Counters
from zhiyin.features.feature import Feature as Feature
from zhiyin.features.table import FeatureTable as FeatureTable
from zhiyin.features.table import compute_table as compute_table
