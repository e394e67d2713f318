"""How an option is declared: a field of a frozen dataclass, with its help, its check and where it applies."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from difflib import get_close_matches
from os import PathLike
from types import NoneType, UnionType
from typing import Any, ClassVar, SupportsFloat, TypeVar, Union, get_args, get_origin, get_type_hints

from dag_gfn.options.checks import Check, OneOf, flag_of

Names = Sequence[str]
"""Names of columns, or texts like them."""
Edges = str | PathLike[str] | Iterable[tuple[str, str] | list[str]]
"""Pairs (source, target) of column names, or the path of a CSV file of them."""
Tiers = str | Iterable[Iterable[str]]
"""Groups of names in their order, or a text such as age,sex < smoking."""
Beliefs = str | PathLike[str] | Iterable[Any]
"""Triples (source, target, probability), or the path of a CSV file of them."""
Told = str | PathLike[str] | Mapping[str, Any] | object
"""What is known: the path of a file, a mapping, or an object."""
Settings = Mapping[str, Any]
"""Values by name."""
Folder = str | PathLike[str]
"""The path of a folder."""
NameOrObject = str | object
"""A name, or what it stands for; the command line takes names."""
Numbers = float | int | Collection[SupportsFloat]
"""One number for all columns, or one for each."""

_DECLARED = "dag_gfn option"
T = TypeVar("T")
G = TypeVar("G", bound="OptionGroup")


@dataclass(frozen=True)
class Option:
    """An option as it was declared; see :func:`option`.

    Examples
    --------
    >>> from dataclasses import dataclass
    >>> from dag_gfn.options import OptionGroup, option, options_of
    >>> @dataclass(frozen=True)
    ... class Tempering(OptionGroup, panel="Tempering"):
    ...     num_rungs: int = option(4, "Number of temperatures.")
    >>> rungs = options_of(Tempering)["num_rungs"]
    >>> rungs.default, rungs.flag, rungs.panel
    (4, '--num-rungs', 'Tempering')
    """

    name: str
    type: Any
    default: Any
    help: str
    details: str = ""
    check: Check | None = None
    flag: str = ""
    metavar: str | None = None
    words: tuple[str, ...] = ()
    first: bool = False
    identity: bool = True
    silent: bool = False
    recorded: bool = False
    panel: str | None = None
    used_by: tuple[str, ...] | None = None

    @property
    def choices(self) -> tuple[str, ...]:
        """The names to choose from, where they are known without loading anything; else none."""
        known = isinstance(self.check, OneOf) and not callable(self.check.names)
        return self.check.names if known else ()  # type: ignore[union-attr]

    @property
    def required_type(self) -> Any:
        """The type of a value that is given: without None."""
        if get_origin(self.type) not in (Union, UnionType):
            return self.type
        return Union[tuple(kind for kind in get_args(self.type) if kind is not NoneType)]  # noqa: UP007

    def is_given(self, value: Any) -> bool:
        """Return whether a value differs from the default; an empty mapping does not."""
        return value is not None and value != {} and value != self.default

    def written(self, value: Any) -> Any:
        """Return a value as posterior.json has it: a flag given as 0 or 1 is false or true there."""
        return bool(value) if self.required_type is bool and value is not None else value

    def validate(self, value: Any) -> None:
        """Raise `OptionError` where the value cannot be one of this option."""
        optional = NoneType in get_args(self.type)
        if self.check is not None and not (value is None and optional):
            self.check(self.name, value)


def option(
    default: T,
    help: str,
    *,
    details: str = "",
    check: Check | None = None,
    flag: str | None = None,
    metavar: str | None = None,
    words: tuple[str, ...] = (),
    first: bool = False,
    identity: bool = True,
    silent: bool = False,
    recorded: bool = False,
) -> T:
    """Return the field of an :class:`OptionGroup` that declares an option: its name and type are the field's.

    Parameters
    ----------
    default : object
        What holds where nothing is given.
    help : str
        A short sentence, for the command line and as the beginning of the documentation. Choices are added to it.
    details : str
        More of the documentation, in reStructuredText.
    check : callable, optional
        Is called with name and value, and raises `OptionError`; see `dag_gfn.options.checks`.
    flag : str, optional
        On the command line, if not the name with dashes.
    metavar : str, optional
        What stands for the value in the help of the command line.
    words : tuple of str
        For names of columns: texts that are passed on as they are, rather than read as names.
    first : bool
        Show it among the options that a newcomer needs first.
    identity : bool
        Whether a run that is resumed must have the same value.
    silent : bool
        Add no note where the method ignores it.
    recorded : bool
        Whether posterior.json has the value, under the option's name.

    Returns
    -------
    dataclasses.Field
        Typed as the default is, so that type checkers read the field's annotation.

    Examples
    --------
    >>> from dataclasses import dataclass
    >>> from dag_gfn.options import OptionGroup, option, whole
    >>> @dataclass(frozen=True)
    ... class Tempering(OptionGroup):
    ...     num_rungs: int = option(4, "Number of temperatures.", check=whole(1))
    >>> Tempering(num_rungs=0)
    Traceback (most recent call last):
    dag_gfn.errors.OptionError: num_rungs must be positive and whole (--num-rungs), not 0
    """
    declared = {
        "help": help,
        "details": details,
        "check": check,
        "flag": flag,
        "metavar": metavar,
        "words": words,
        "first": first,
        "identity": identity,
        "silent": silent,
        "recorded": recorded,
    }
    return field(default=default, metadata={_DECLARED: declared})


class OptionGroup:
    """Base of frozen dataclasses whose fields are options, or groups of options.

    Values are checked when one is made. A subclass names the panel of the command line's help that its options
    stand in, and the methods that use them, as arguments of the class:
    ``class Training(OptionGroup, panel="Training", used_by=("gflownet",))``.

    Examples
    --------
    >>> from dataclasses import dataclass
    >>> from dag_gfn.options import OptionGroup, option
    >>> @dataclass(frozen=True)
    ... class Tempering(OptionGroup):
    ...     num_rungs: int = option(4, "Number of temperatures.")
    >>> Tempering.from_keywords({"num_rungs": 8}, caller="anneal").num_rungs
    8
    >>> Tempering.from_keywords({"rungs": 8}, caller="anneal")
    Traceback (most recent call last):
    TypeError: anneal() got an unexpected keyword argument 'rungs': did you mean 'num_rungs'?
    """

    panel: ClassVar[str | None] = None
    used_by: ClassVar[tuple[str, ...] | None] = None

    def __init_subclass__(cls, *, panel: str | None = None, used_by: tuple[str, ...] | None = None) -> None:
        super().__init_subclass__()
        cls.panel, cls.used_by = panel, used_by

    def __post_init__(self) -> None:
        for name, declared in _own_options(type(self)).items():
            declared.validate(getattr(self, name))

    @classmethod
    def from_keywords(cls: type[G], given: Mapping[str, Any], *, caller: str) -> G:
        """Return the group with these values, spread over the groups in it.

        Raises
        ------
        TypeError
            If a keyword is no option; the message names the nearest one.
        OptionError
            If a value is not possible.
        """
        known = options_of(cls)
        for name in given:
            if name not in known:
                raise TypeError(unexpected_keyword(caller, name, known))
        return cls._spread(given)

    @classmethod
    def _spread(cls: type[G], given: Mapping[str, Any]) -> G:
        own = {name: given[name] for name in _own_options(cls) if name in given}
        for name, value in own.items():  # before the type checker that runs in tests sees them
            _own_options(cls)[name].validate(value)
        return cls(**own, **{name: kind._spread(given) for name, kind in _groups_in(cls).items()})

    def values(self) -> dict[str, Any]:
        """Return every option's value by its name, those of the groups in it too."""
        found = {name: getattr(self, name) for name in _own_options(type(self))}
        for name in _groups_in(type(self)):
            found |= getattr(self, name).values()
        return found

    def recorded(self) -> dict[str, Any]:
        """Return the values that posterior.json has, by name."""
        values = self.values()
        known = options_of(type(self))
        return {name: declared.written(values[name]) for name, declared in known.items() if declared.recorded}

    def unnoticed_by(self, method: str) -> list[str]:
        """Return the names of the options that were given and that this method ignores."""
        values = self.values()
        return [
            name
            for name, declared in options_of(type(self)).items()
            if declared.used_by is not None
            and method not in declared.used_by
            and not declared.silent
            and declared.is_given(values[name])
        ]


def unexpected_keyword(caller: str, name: str, known: Iterable[str]) -> str:
    """Return the message for a keyword that is no option: it names the nearest one.

    Examples
    --------
    >>> from dag_gfn.options import unexpected_keyword
    >>> unexpected_keyword("fit", "n_samples", ["num_samples", "seed"])
    "fit() got an unexpected keyword argument 'n_samples': did you mean 'num_samples'?"
    """
    near = get_close_matches(name.lower(), known, n=1, cutoff=0.5)
    remedy = f"did you mean '{near[0]}'?" if near else f"see help({caller})"
    return f"{caller}() got an unexpected keyword argument '{name}': {remedy}"


def options_of(*groups: type[OptionGroup]) -> dict[str, Option]:
    """Return all options of groups by their names, in the order in which they are declared.

    Raises
    ------
    TypeError
        If two groups declare the same name.

    Examples
    --------
    >>> from dag_gfn.fitting.options import MethodOptions
    >>> from dag_gfn.options import options_of
    >>> list(options_of(MethodOptions))[:2]
    ['method', 'seed']
    """
    found: dict[str, Option] = {}
    for group in groups:
        own = [_own_options(group), *(options_of(kind) for kind in _groups_in(group).values())]
        for name, declared in [item for some in own for item in some.items()]:
            if name in found:
                raise TypeError(f"option '{name}' is declared twice")
            found[name] = declared
    return found


def _own_options(group: type[OptionGroup]) -> dict[str, Option]:
    types, found = get_type_hints(group), {}
    for each in fields(group):  # type: ignore[arg-type]  # every subclass is a dataclass, which no type can say
        if _DECLARED in each.metadata:
            declared: dict[str, Any] = {**each.metadata[_DECLARED]}
            declared["flag"] = declared["flag"] or flag_of(each.name)
            declared["panel"] = None if declared["first"] else group.panel
            found[each.name] = Option(
                name=each.name,
                type=types[each.name],
                default=each.default,
                used_by=group.used_by,
                **declared,
            )
    return found


def _groups_in(group: type[OptionGroup]) -> dict[str, type[OptionGroup]]:
    types = get_type_hints(group)
    return {
        each.name: types[each.name]
        for each in fields(group)  # type: ignore[arg-type]  # as above
        if isinstance(types[each.name], type) and issubclass(types[each.name], OptionGroup)
    }
