"""An environment of its own for each peer, since their versions of NumPy, pandas and PyTorch exclude each other.

`python -m benchmarks.peers.environment rectools` makes (or finds) it and prints its interpreter.
"""

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
PEERS = tuple(sorted(path.stem for path in (HERE / "requirements").glob("*.txt")))


def interpreter(peer: str) -> Path:
    """The Python of the peer's environment, made on first use (torch first, so that its pinned build is kept)."""
    folder = HERE / ".venvs" / peer
    python, done = folder / "bin" / "python", folder / ".ready"
    if not done.exists():
        requirements = (HERE / "requirements" / f"{peer}.txt").read_text().split("\n")
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
        pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, requirements[0]], check=True)
        constraint = folder / "constraints.txt"
        constraint.write_text(requirements[0] + "\n")
        subprocess.run([*pip, "-c", str(constraint), *filter(None, requirements)], check=True)
        done.touch()
    return python


if __name__ == "__main__":
    for name in sys.argv[1:] or PEERS:
        print(interpreter(name))
