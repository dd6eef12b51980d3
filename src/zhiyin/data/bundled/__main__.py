"""``python -m zhiyin.data.bundled`` prints where the bundled data is, for ``zhiyin ingest``."""

import sys

from zhiyin.data.bundled import online_retail

sys.stdout.write(f"{online_retail()}\n")
