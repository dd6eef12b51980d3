from zhiyin.charts.dots import Interval as Interval
from zhiyin.charts.dots import forest as forest
from zhiyin.charts.dots import intervals as intervals
from zhiyin.charts.rows_and_columns import bars as bars
from zhiyin.charts.rows_and_columns import columns as columns
from zhiyin.charts.small_curves import Curve as Curve
from zhiyin.charts.small_curves import curves as curves
