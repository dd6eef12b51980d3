"""``python -m zhiyin``"""

from zhiyin.cli import main

main()
