"""Declared options as parameters of a command: what typer is told of each, and how its text becomes a value."""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import NoneType
from typing import Annotated, Any, TypeVar, get_args

import typer

from dag_gfn.cli.options import read_edge, read_names, read_numbers, read_settings
from dag_gfn.options import (
    Beliefs,
    Edges,
    Folder,
    NameOrObject,
    Names,
    Numbers,
    Option,
    OptionGroup,
    Settings,
    Tiers,
    Told,
    options_of,
)

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True)
class Form:
    """How values of one type are written on the command line.

    Parameters
    ----------
    type : type
        What typer reads a text as.
    read : callable
        Returns the value, given what typer has read, the option and the names of the columns.
    metavar : str, optional
        What stands for the value in the help.
    absent : object
        What typer gives where the option is left out; the option's default unless given.
    note : str
        Is added to the help.
    """

    type: Any
    read: Callable[[Any, Option, tuple[str, ...]], Any] = lambda given, option, names: given
    metavar: str | None = None
    absent: Any = ...
    note: str = ""


def _names(given: str | None, option: Option, names: tuple[str, ...]) -> Any:
    if given is None:
        return option.default
    return given if given in option.words else read_names(option.flag.removeprefix("--"), given)


def _edges(given: list[str], option: Option, names: tuple[str, ...]) -> Any:
    """Return the edges, in the files too: a result depends on what these hold, not on their names."""
    from dag_gfn.knowledge.edge_lists import read_pairs
    from dag_gfn.knowledge.entries import LIST_SUFFIXES

    found: list[tuple[str, str]] = []
    for text in given:
        if text.lower().endswith(LIST_SUFFIXES) and Path(text).exists():
            found += [pair for pair, _ in read_pairs(Path(text))]
        else:
            found.append(read_edge(text, names))
    return found


def _read_beliefs(given: str | None) -> Any:
    from dag_gfn.knowledge.edge_lists import read_beliefs

    return None if given is None else [belief for belief, _ in read_beliefs(Path(given))]


def _read_knowledge(given: str | None, names: tuple[str, ...]) -> Any:
    from dag_gfn.knowledge import read_knowledge  # what help does without

    return None if given is None else read_knowledge(given, names=names)


FORMS: list[tuple[Any, Form]] = [
    (Names, Form(str | None, _names, "A,B,..", None)),
    (Edges, Form(list[str], _edges, "A:B", [], "repeatable")),
    (Tiers, Form(str | None, lambda given, option, names: given, "A,B < C", None)),
    (Beliefs, Form(str | None, lambda given, option, names: _read_beliefs(given), "FILE", None)),
    (Told, Form(str | None, lambda given, option, names: _read_knowledge(given, names), "FILE", None)),
    (
        Settings,
        Form(
            list[str],
            lambda given, option, names: read_settings(option.flag.removeprefix("--"), given),
            "NAME=VALUE",
            [],
            "repeatable",
        ),
    ),
    (NameOrObject, Form(str)),
    (Folder, Form(str)),
    (
        Numbers,
        Form(
            str | None,
            lambda given, option, names: read_numbers(option.flag.removeprefix("--"), given),
            "NUMBER,..",
            None,
        ),
    ),
    (float | int, Form(float)),
    *((plain, Form(plain)) for plain in (bool, int, float, str, Path)),
]
"""How each type of value is written. A new type of value takes an entry here; a new option of a known type does not."""


def from_command_line(*groups: type[OptionGroup]) -> Callable[[F], F]:
    """Return a decorator for a command of ``**given``: typer sees a parameter for each option of these groups."""

    def declare(command: F) -> F:
        signature = inspect.signature(command)
        own = [each for each in signature.parameters.values() if each.kind is not each.VAR_KEYWORD]
        declared = [_parameter(option) for option in options_of(*groups).values()]
        command.__signature__ = signature.replace(  # type: ignore[attr-defined]  # PEP 362
            parameters=[*own, *declared]
        )
        return command

    return declare


def read_values(
    group: type[OptionGroup], given: Mapping[str, Any], *, names: tuple[str, ...] = ()
) -> dict[str, Any]:
    """Return the values of a group's options, of what typer has read.

    Raises
    ------
    OptionError
        If a text cannot be read.
    """
    return {
        name: _form(option).read(given[name], option, names) for name, option in options_of(group).items()
    }


def _form(option: Option) -> Form:
    kind = option.required_type
    for known, form in FORMS:
        if kind == known:
            return form
    raise TypeError(f"option '{option.name}' has no form on the command line: add its type to FORMS")


def _parameter(option: Option) -> inspect.Parameter:
    form = _form(option)
    optional = NoneType in get_args(option.type)
    flags = [option.flag]
    if form.type is bool and (optional or option.default):
        flags = [f"{option.flag}/--no-{option.flag.removeprefix('--')}"]
    info = typer.Option(
        *flags,
        help=_help(option, form),
        metavar=option.metavar or form.metavar,
        rich_help_panel=option.panel,
    )
    absent = option.default if form.absent is ... else form.absent
    kind = form.type | None if optional and absent is None and form.absent is ... else form.type
    return inspect.Parameter(
        option.name, inspect.Parameter.KEYWORD_ONLY, default=absent, annotation=Annotated[kind, info]
    )


def _help(option: Option, form: Form) -> str:
    """Return the help with the choices, before a semicolon in it, and the note of the form at its end."""
    what, semicolon, rest = option.help.removesuffix(".").partition(";")
    if option.choices:
        *most, last = option.choices
        what += f": {', '.join(most)} or {last}"
    return what + semicolon + rest + (f"; {form.note}" if form.note else "") + "."
