"""Options as keywords of a function: its signature and its documentation, made from the declarations."""

import inspect
import re
import textwrap
from collections.abc import Callable, Iterable
from types import NoneType, UnionType
from typing import Any, TypeVar, Union, get_args, get_origin

from dag_gfn.options.declaration import (
    Beliefs,
    Edges,
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

_WIDTH = 100
_TYPE_NAMES = [
    (Edges, "iterable of (source, target) or path"),
    (Tiers, "str or list of lists of str"),
    (Beliefs, "iterable of (source, target, probability) or path"),
    (Told, "path, mapping or Knowledge"),
    (NameOrObject, "str, or what it is the name of"),
    (Numbers, "float or sequence of float"),
    (Settings, "mapping"),
    (Names, "sequence of str"),
]
F = TypeVar("F", bound=Callable[..., Any])


def takes(*groups: type[OptionGroup]) -> Callable[[F], F]:
    """Return a decorator for a function of ``**options``: it gets a signature and documentation that list them.

    In the docstring the entry ``**options`` is replaced by one entry for each option.

    Examples
    --------
    >>> import inspect
    >>> from dataclasses import dataclass
    >>> from dag_gfn.options import OptionGroup, option, takes
    >>> @dataclass(frozen=True)
    ... class Tempering(OptionGroup):
    ...     num_rungs: int = option(4, "Number of temperatures.")
    >>> @takes(Tempering)
    ... def anneal(table, **options):
    ...     return Tempering.from_keywords(options, caller="anneal")
    >>> inspect.signature(anneal)
    <Signature (table, *, num_rungs: int = 4)>
    """

    def declare(function: F) -> F:
        known = options_of(*groups).values()
        function.__signature__ = signature_with(function, known)  # type: ignore[attr-defined]  # PEP 362
        function.__doc__ = documented(function.__doc__, known)
        return function

    return declare


def signature_with(function: Callable[..., Any], known: Iterable[Option]) -> inspect.Signature:
    """Return the signature of a function of ``**options``, with these options in the place of that.

    Examples
    --------
    >>> from dag_gfn.fitting.options import DurationOptions
    >>> from dag_gfn.options import options_of, signature_with
    >>> list(signature_with(lambda data, **options: None, options_of(DurationOptions).values()).parameters)
    ['data', 'iterations', 'time_budget']
    """
    signature = inspect.signature(function)
    own = [each for each in signature.parameters.values() if each.kind is not each.VAR_KEYWORD]
    declared = [
        inspect.Parameter(
            each.name, inspect.Parameter.KEYWORD_ONLY, default=each.default, annotation=each.type
        )
        for each in known
    ]
    before = [each for each in own if each.kind is not each.KEYWORD_ONLY]
    after = [each for each in own if each.kind is each.KEYWORD_ONLY]
    return signature.replace(parameters=[*before, *declared, *after])


def describe_options(known: Iterable[Option]) -> str:
    """Return options as entries of a numpydoc section.

    Examples
    --------
    >>> from dag_gfn.fitting.options import PriorHyperparameters
    >>> from dag_gfn.options import describe_options, options_of
    >>> print(describe_options([options_of(PriorHyperparameters)["beta"]]))
    beta : float, optional
        Of the prior edge: the odds of an edge; by default 0.5.
    """
    return "\n".join(
        f"{each.name} : {_type_text(each)}\n"
        + textwrap.fill(
            f"{each.help} {each.details}".strip(), _WIDTH, initial_indent="    ", subsequent_indent="    "
        )
        for each in known
    )


def documented(docstring: str | None, known: Iterable[Option]) -> str | None:
    """Return a docstring, its entry ``**options`` replaced by one entry for each option; None stays None.

    Examples
    --------
    >>> from dag_gfn.options import option, options_of, OptionGroup
    >>> from dag_gfn.options.keywords import documented
    >>> documented("Fit.\\n\\n**options\\n    All of them.\\nprogress : bool", [])
    'Fit.\\n\\nprogress : bool'
    """
    if docstring is None:  # as under python -OO
        return None
    text = inspect.cleandoc(docstring)
    entries = describe_options(known)
    return re.sub(
        r"^\*\*options\n(    .*\n)*", lambda _: entries + "\n" if entries else "", text, flags=re.MULTILINE
    )


def _type_text(declared: Option) -> str:
    if declared.choices:
        text = "{" + ", ".join(f'"{choice}"' for choice in declared.choices) + "}"
    else:
        kind = declared.required_type
        text = next((name for known, name in _TYPE_NAMES if kind == known), _plain(kind))
        text += "".join(f' or "{word}"' for word in declared.words)
    if declared.default is None or declared.default == ():
        return f"{text}, optional"
    return f"{text}, default {declared.default!r}"


def _plain(kind: Any) -> str:
    """Return the names of plain types; an int that stands beside float is implied."""
    if get_origin(kind) not in (Union, UnionType):
        return getattr(kind, "__name__", str(kind))
    names = [_plain(part) for part in get_args(kind) if part is not NoneType]
    return " or ".join(name for name in names if name != "int" or "float" not in names)
