"""Options on the command line: those that several commands have, and how values are read."""

import csv
import io
import json
from typing import Annotated, Any

import typer

from dag_gfn.errors import OptionError, shortened
from dag_gfn.fitting.options import MethodOptions
from dag_gfn.options import options_of

DEBUG_HELP = "Show the traceback of an error."
Debug = Annotated[bool, typer.Option("--debug", help=DEBUG_HELP)]


def read_names(option: str, names: str | None) -> list[str] | None:
    """Return the names in a line of CSV, so that a name with a comma can be given in quotes.

    Raises
    ------
    OptionError
        If there is no name in it.
    """
    if names is None:
        return None
    # a name in quotes may hold the separator and line ends
    lines = csv.reader(io.StringIO(names, newline=""), skipinitialspace=True)
    try:
        found = [name.strip() for line in lines for name in line if name.strip()]
    except csv.Error as error:
        raise OptionError(
            f"--{option} cannot be read ({error}): name columns, separated by commas"
        ) from error
    if not found:
        raise OptionError(
            f"--{option} expects names separated by commas, for example age,income, not '{names}'"
        )
    return found


def read_edge(text: str, names: tuple[str, ...]) -> tuple[str, str]:
    """Return source and target; where names hold colons themselves, the split that gives two names.

    Raises
    ------
    OptionError
        If it cannot be split in two.
    """
    parts = text.split(":")
    splits = [(":".join(parts[:k]).strip(), ":".join(parts[k:]).strip()) for k in range(1, len(parts))]
    known = [split for split in splits if split[0] in names and split[1] in names]
    if len(known) == 1:
        return known[0]
    if len(splits) != 1 or not all(splits[0]):
        raise OptionError(f"expected an edge as source:target, for example smoking:cancer, not '{text}'")
    return splits[0]


def read_settings(option: str, texts: list[str]) -> dict[str, Any]:
    """Return name and value of each setting; what reads as a JSON number or word is one, all else is text.

    Raises
    ------
    OptionError
        If one of them has no name or no value.
    """
    found: dict[str, Any] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name.strip():
            raise OptionError(f"--{option} expects name=value, for example learning_rate=1e-3, not '{text}'")
        try:
            found[name.strip()] = json.loads(value)
        except json.JSONDecodeError:
            found[name.strip()] = value.strip()
    return found


def read_numbers(option: str, text: str | None) -> float | list[float] | None:
    """Return the number in a text, or the numbers where commas separate several.

    Raises
    ------
    OptionError
        If there is something else in it.
    """
    if text is None:
        return None
    try:
        numbers = [float(part) for part in text.split(",")]
    except ValueError as error:
        raise OptionError(
            f"--{option} expects a number, or numbers separated by commas, not '{shortened(text)}'"
        ) from error
    return numbers[0] if len(numbers) == 1 else numbers


def check_seed(seed: int) -> None:
    """Raise `OptionError` unless every random stream can begin with this seed."""
    options_of(MethodOptions)["seed"].validate(seed)
