"""The command line: one file a command, each thin: read, ask one room, show."""


def main() -> None:
    """The program ``zhiyin``."""
    from zhiyin.cli.app import main as run

    raise SystemExit(run())
