"""Results of a run (JSON) to one offline HTML file, in English or Chinese."""

from zhiyin.reports.run import RunJSON
from zhiyin.reports.writing import WATTS, write

__all__ = ["WATTS", "RunJSON", "write"]
