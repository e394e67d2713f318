"""Output of the commands: the terminal, stderr, and closed streams."""

import contextlib
import json
import os
import re
import sys
from collections.abc import Sequence
from typing import Any

from rich.console import Console

from dag_gfn.cli.json_schemas import identified
from dag_gfn.errors import MAX_ECHO, OptionError, printable, shortened

_NOT_A_TERMINAL_WIDTH = 10_000
_LONGEST_MESSAGE = 2_000
_QUOTED = re.compile(rf"(?<!\w)'(?![\s.,;:)])([^']{{{MAX_ECHO + 1},}})(?<![\s(])'")
"""What stands between an opening quote and its closing one, not what stands between two quoted words."""
_WORD = re.compile(rf"\S{{{MAX_ECHO + 1},}}")
_closed: list[bool] = []
"""Holds something if the program was started without standard output."""


class _Results(Console):
    """A console that lets the program know when nobody reads any more, in place of ending it."""

    def on_broken_pipe(self) -> None:
        raise BrokenPipeError


def console() -> Console:
    """Return where results go: lines are wrapped and names folded for a terminal only."""
    return _Results() if sys.stdout.isatty() else _Results(width=_NOT_A_TERMINAL_WIDTH)


def json_text(name: str, content: dict[str, Any]) -> str:
    """Return what a command says as strict JSON: figures that are not finite are null.

    Parameters
    ----------
    name : str
        The form, which has a JSON Schema of this name (`dag_gfn.cli.json_schemas`).
    content : dict
        Plain and NumPy values.
    """
    from dag_gfn.posterior.json_record import plain_json  # loads NumPy, which --help does not need

    return json.dumps(plain_json(identified(name, content)), ensure_ascii=False, indent=2, allow_nan=False)


def print_json(name: str, content: dict[str, Any]) -> None:
    """Print what a command says in the form of this name; see `json_text`."""
    print(json_text(name, content))


def fail(message: str, *, given: Sequence[str] = ()) -> int:
    """Print an error as one line on stderr, and return its exit code.

    Parameters
    ----------
    message : str
    given : sequence of str
        What the user wrote. Of these, of what is quoted, and of single words no more than `MAX_ECHO` characters
        are repeated.
    """
    text = " ".join(message.split())
    for argument in sorted(given, key=len, reverse=True):
        for part in {argument, argument.partition("=")[2]}:
            plain = " ".join(part.split())
            if len(plain) > MAX_ECHO:
                text = text.replace(plain, shortened(plain))
    text = _QUOTED.sub(lambda found: f"'{shortened(found[1])}'", text)
    text = _WORD.sub(lambda found: shortened(found[0]), text)
    with contextlib.suppress(OSError, ValueError, AttributeError):  # stderr is closed, or nobody reads it
        print(f"error: {printable(shortened(text, _LONGEST_MESSAGE))}", file=sys.stderr)
    return 2


def open_streams() -> None:
    """Make sure that there are a standard output and error, and that they take names and arrows of all languages.

    A program started with one of them closed has none, and the first file that it opens takes its place.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the lowest free number
    _closed.clear()
    if sys.stdout is None:
        _closed.append(True)
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115
        getattr(sys, name).reconfigure(encoding="utf-8", errors="replace")


def require_output() -> None:
    """Raise `OptionError` if standard output is closed, for a command that only prints."""
    if _closed:
        raise OptionError("standard output is closed, so that there is nowhere to print to: open it (>file)")


def stop_output() -> None:
    """Discard further output if standard output is closed.

    Otherwise Python tries again at its end, complains, and changes the exit code.
    """
    try:
        sys.stdout.flush()
    except (OSError, ValueError, AttributeError):
        with contextlib.suppress(OSError, ValueError, AttributeError):  # a stream of a test has no number
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, sys.stdout.fileno())
            os.close(nowhere)
