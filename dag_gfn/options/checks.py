"""Checks of one option's value, to be reused: each raises `OptionError` with what was expected and what came."""

from collections.abc import Callable, Collection, Iterable, Mapping, Set
from dataclasses import dataclass
from numbers import Integral, Real
from os import PathLike
from typing import Any

from dag_gfn.errors import OptionError, shortened

Check = Callable[[str, Any], None]
"""Is called with the name of an option and a value, which is not None where None means "not given"."""


@dataclass(frozen=True)
class OneOf:
    """A check that a value is one of some names.

    Parameters
    ----------
    names : tuple of str, or callable
        The names; a callable returns them where it takes time to load them.
    what : str, optional
        What the message calls the option, if not by its name.

    Examples
    --------
    >>> from dag_gfn.options import OneOf
    >>> OneOf(("on", "off"))("behaviour", "of")
    Traceback (most recent call last):
    dag_gfn.errors.OptionError: unknown behaviour 'of': choose on, off
    """

    names: tuple[str, ...] | Callable[[], tuple[str, ...]]
    what: str | None = None

    def __call__(self, name: str, value: Any) -> None:
        """Raise `OptionError` unless the value is one of the names."""
        names = self.names() if callable(self.names) else self.names
        if not (isinstance(value, str) and value in names):  # an array has no truth value
            raise OptionError(f"unknown {self.what or name} '{_unquoted(value)}': choose {', '.join(names)}")


def one_of(*names: str, what: str | None = None) -> OneOf:
    """Return the check that a value is one of these names.

    Examples
    --------
    >>> from dag_gfn.options import one_of
    >>> one_of("mlp", "transformer").names
    ('mlp', 'transformer')
    """
    return OneOf(names, what)


def whole(least: int | None = None, most: int | None = None) -> Check:
    """Return the check that a value is a whole number, in a range where one is given.

    Examples
    --------
    >>> from dag_gfn.options import whole
    >>> whole(1)("num_samples", 0)
    Traceback (most recent call last):
    dag_gfn.errors.OptionError: num_samples must be positive and whole (--num-samples), not 0
    """

    def check(name: str, value: Any) -> None:
        flag, told = flag_of(name), _quoted(value)
        is_whole = isinstance(value, Integral) and not isinstance(value, bool)
        if least == 1 and not (is_whole and value >= 1):
            raise OptionError(f"{name} must be positive and whole ({flag}), not {told}")
        if least == 1 and most is not None and value > most:
            raise OptionError(f"{name} ({flag}) must be at most {most:,}, not {told}")
        if not is_whole or (least is not None and value < least) or (most is not None and value > most):
            bounds = (
                "" if least is None else f" from {least} up" if most is None else f" from {least} to {most}"
            )
            raise OptionError(f"{name} ({flag}) must be a whole number{bounds}, not {told}")

    return check


def positive_seconds(most: int) -> Check:
    """Return the check that a value is a positive number of seconds, at most so many.

    Examples
    --------
    >>> from dag_gfn.options import positive_seconds
    >>> positive_seconds(60)("time_budget", 0)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    dag_gfn.errors.OptionError: time_budget must be positive seconds (--time-budget), at most 60, not 0: ...
    """

    def check(name: str, value: Any) -> None:
        if not (_is_number(value) and 0 < value <= most):
            raise OptionError(
                f"{name} must be positive seconds ({flag_of(name)}), at most {most:,}, not {_quoted(value)}: leave "
                "it out for none"
            )

    return check


def number(name: str, value: Any) -> None:
    """Raise `OptionError` unless the value is a number; whether it is in range depends on what uses it.

    Examples
    --------
    >>> from dag_gfn.options import number
    >>> number("beta", "half")
    Traceback (most recent call last):
    dag_gfn.errors.OptionError: beta must be a number (--beta), not 'half'
    """
    if not _is_number(value):
        raise OptionError(f"{name} must be a number ({flag_of(name)}), not {_quoted(value)}")
    try:
        float(value)
    except OverflowError:
        raise OptionError(f"{name} ({flag_of(name)}) is too large for a number: {_quoted(value)}") from None


def numbers(name: str, value: Any) -> None:
    """Raise `OptionError` unless the value is a number, or holds nothing but numbers.

    Examples
    --------
    >>> from dag_gfn.options import numbers
    >>> numbers("mean_obs", [0.0, "x"])
    Traceback (most recent call last):
    dag_gfn.errors.OptionError: mean_obs must be a number (--mean-obs), not 'x'
    """
    if getattr(value, "ndim", None) == 0:  # an array of one number, which cannot be iterated over
        value = value.item()
    unordered = isinstance(value, Mapping | Set)
    single = isinstance(value, str | bytes) or unordered or not isinstance(value, Collection)
    for each in [value] if single else value:
        number(name, each)


def true_or_false(name: str, value: Any) -> None:
    """Raise `OptionError` unless the value is True or False, of Python or of numpy.

    Examples
    --------
    >>> from dag_gfn.options import true_or_false
    >>> true_or_false("order_modular", "no")
    Traceback (most recent call last):
    dag_gfn.errors.OptionError: order_modular must be True or False, not 'no'
    """
    is_flag = (
        isinstance(value, Integral) or type(value).__name__ == "bool"
    )  # numpy's, which is not loaded here
    if not is_flag or value not in (True, False):
        raise OptionError(f"{name} must be True or False, not {_quoted(value)}")


def edges(name: str, value: Any) -> None:
    """Raise `OptionError` unless the value can hold pairs; which columns they name is checked with the table.

    Examples
    --------
    >>> from dag_gfn.options import edges
    >>> edges("required", [1])
    Traceback (most recent call last):
    dag_gfn.errors.OptionError: required must be pairs [(source, target), ...], not [1]
    """
    if isinstance(value, str | PathLike):
        return  # a file
    iterable = isinstance(value, Iterable) and getattr(value, "ndim", None) != 0
    members = value if isinstance(value, Collection) and iterable else ()  # an iterator would be used up
    if not iterable or not all(isinstance(each, Collection) for each in members):
        raise OptionError(f"{name} must be pairs [(source, target), ...], not {_quoted(value)}")


def settings(name: str, value: Any) -> None:
    """Raise `OptionError` unless the value is a mapping from names to values.

    Examples
    --------
    >>> from dag_gfn.options import settings
    >>> settings("train_options", "learning_rate")
    Traceback (most recent call last):
    dag_gfn.errors.OptionError: train_options must map names to values, as {"name": 1}, not 'learning_rate'
    """
    if not (isinstance(value, Mapping) and all(isinstance(each, str) for each in value)):
        raise OptionError(f'{name} must map names to values, as {{"name": 1}}, not {_quoted(value)}')


def flag_of(name: str) -> str:
    """Return what an option is called on the command line, unless its declaration says otherwise.

    Examples
    --------
    >>> from dag_gfn.options import flag_of
    >>> flag_of("time_budget")
    '--time-budget'
    """
    return "--" + name.replace("_", "-")


def _is_number(value: Any) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool)


def _quoted(value: Any) -> str:
    """Return a value on one line as Python writes it, so that the text '10' differs from the number."""
    return shortened(" ".join(repr(value).split()))


def _unquoted(value: Any) -> str:
    return shortened(value) if isinstance(value, str) else _quoted(value)
