"""Where the words of the commands go: the terminal, stderr, files."""

import sys
from pathlib import Path

from rich.console import Console

_NOT_A_TERMINAL_WIDTH = 10_000


def console() -> Console:
    """Return where results go: lines are wrapped and names folded for a terminal only."""
    return Console() if sys.stdout.isatty() else Console(width=_NOT_A_TERMINAL_WIDTH)


def fail(message: str) -> int:
    """Say in one line on stderr what went wrong, and return the exit code for that."""
    print(f"error: {' '.join(message.split())}", file=sys.stderr)
    return 2


def write_text(path: Path, text: str) -> None:
    """Write a file, complete or not at all."""
    unfinished = path.with_name(path.name + ".partial")
    try:
        unfinished.write_text(text, encoding="utf-8", newline="\n")
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
