"""What a user asks of the reading of a table, in the form that the rules need."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from numbers import Integral
from typing import Any, NamedTuple

import numpy as np

from dag_gfn.data.column_groups import as_groups
from dag_gfn.data.column_selection import as_names, refuse_unknown
from dag_gfn.data.messages import listed, one_line, quoted
from dag_gfn.data.nodes import Groups
from dag_gfn.errors import DataError, OptionError

MISSING = ("impute", "drop", "error", "level")
DATES = ("drop", "days")


class Asked(NamedTuple):
    """The options of reading as the user gave them; see `dag_gfn.from_frame`.

    Examples
    --------
    See `reading_choices`.
    """

    columns: Sequence[str] | None = None
    drop: Sequence[str] | None = None
    keep: Sequence[str] = ()
    discrete: Sequence[str] = ()
    continuous: Sequence[str] = ()
    ordinal: Sequence[str] | Mapping[str, Sequence[object]] = ()
    missing: str | None = None
    na_values: Sequence[object] | str | float | int = ()
    dates: str = "drop"
    group: Mapping[str, Sequence[str] | str] | None = None
    strict: bool = False
    weights: Any = None
    interventions: Any = None
    context: Sequence[str] = ()
    lags: int = 0
    series: str | None = None


@dataclass(frozen=True)
class ReadingChoices:
    """The options of reading, with the names checked against the table.

    Attributes
    ----------
    drop, keep, discrete, continuous : tuple of str
        Names of columns. What is named as discrete is kept too, but not because of "all".
    ordinal : dict from str to tuple of str
        For each column that is ordinal, its labels from low to high; empty where the rules are to find the order.
    orders : tuple of tuples of str
        Orders for every column whose labels are all among them.
    missing : {"impute", "drop", "error", "level"}
    na_values : tuple of str
    dates : {"drop", "days"}
    groups : tuple of (str, tuple of str)
        Columns that are one node of the graph, in the form of `Dataset.groups`. They are kept too.
    weights : str or None
        The column that says how many cases a row stands for.
    strict : bool
        Refuse rather than decide.
    contexts : tuple of str
        Columns that can only be causes. They are discrete, and kept.
    lags : int
        How many rows before it each row has as columns.
    series : sequence, length n, or None
        The series of each row, which no lag crosses.

    Examples
    --------
    See `reading_choices`.
    """

    drop: tuple[str, ...] = ()
    keep: tuple[str, ...] = ()
    discrete: tuple[str, ...] = ()
    continuous: tuple[str, ...] = ()
    ordinal: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    orders: tuple[tuple[str, ...], ...] = ()
    missing: str = "impute"
    na_values: tuple[str, ...] = ()
    dates: str = "drop"
    groups: Groups = ()
    weights: str | None = None
    strict: bool = False
    contexts: tuple[str, ...] = ()
    lags: int = 0
    series: Sequence[object] | None = None


def reading_choices(
    asked: Asked, names: Sequence[str], all_names: Sequence[str], *, series: Sequence[object] | None = None
) -> ReadingChoices:
    """Return the options of reading, checked against the names of a table.

    Parameters
    ----------
    asked : Asked
    names : sequence of str
        The columns that are read.
    all_names : sequence of str
        All columns of the table.
    series : sequence, length n, optional
        The series of each row.

    Raises
    ------
    DataError
        If an option names a column that the table does not have, or two options contradict each other.
    OptionError
        If an option has none of its values.

    Examples
    --------
    >>> from dag_gfn.data.reading_choices import Asked, reading_choices
    >>> reading_choices(Asked(discrete="all", na_values=-9), ["a", "b"], ["a", "b"]).discrete
    ('a', 'b')
    """
    _check_lags(asked)
    named = {}
    for option in ("discrete", "continuous"):
        value = getattr(asked, option)
        named[option] = (
            tuple(name for name in names if name != asked.weights) if value == "all" else as_names(value)
        )
        if value != "all":
            refuse_unknown(named[option], all_names, option=option)
    if asked.weights is not None:
        refuse_unknown([asked.weights], all_names, option="weights")
    ordinal, orders = ordinal_orders(asked.ordinal, all_names)
    groups = as_groups(asked.group or {})
    members = tuple(member for _, group in groups for member in group)
    refuse_unknown(members, all_names, option="group")
    contexts = as_names(asked.context)
    refuse_unknown(contexts, all_names, option="context")
    named["discrete"] = tuple(dict.fromkeys((*named["discrete"], *contexts)))
    choices = ReadingChoices(
        drop=as_names(asked.drop),
        keep=(
            *(*as_names(asked.keep), *members, *contexts),
            *(() if asked.discrete == "all" else named["discrete"]),
        ),
        discrete=tuple(name for name in named["discrete"] if name not in ordinal),
        continuous=named["continuous"],
        ordinal=ordinal,
        orders=orders,
        missing=("error" if asked.strict else "impute") if asked.missing is None else asked.missing,
        na_values=_as_codes(asked.na_values),
        dates=asked.dates,
        groups=groups,
        weights=asked.weights,
        strict=asked.strict,
        contexts=contexts,
        lags=asked.lags,
        series=series,
    )
    check_choices(choices)
    return choices


def check_asked(asked: Asked) -> None:
    """Raise OptionError where an option has none of its values; no table is needed for that.

    Examples
    --------
    >>> from dag_gfn.data.reading_choices import Asked, check_asked
    >>> check_asked(Asked(dates="weeks"))
    Traceback (most recent call last):
    dag_gfn.errors.OptionError: dates is 'drop' or 'days', not 'weeks'.
    """
    check_choices(ReadingChoices(missing=asked.missing or "impute", dates=asked.dates))
    _check_lags(asked)


def _check_lags(asked: Asked) -> None:
    """Raise OptionError where lags are none, or series are named without them."""
    if not isinstance(asked.lags, Integral) or isinstance(asked.lags, bool) or asked.lags < 0:
        raise OptionError(f"lags (--lags) is a whole number from 0 up, not {asked.lags!r}.")
    if asked.series is not None and not asked.lags:
        raise OptionError(
            "series (--series) says which rows no lag crosses: give lags (--lags) too, or leave it out."
        )


def ordinal_orders(
    ordinal: Sequence[str] | Mapping[str, Sequence[object]], names: Sequence[str]
) -> tuple[dict[str, tuple[str, ...]], tuple[tuple[str, ...], ...]]:
    """Return the order of the labels of each ordinal column, and the orders that are for no column in particular.

    Parameters
    ----------
    ordinal : sequence of str, or mapping from names to labels
        "rating:low<mid<high" orders the labels of a column, "low<mid<high" those of every column that has them,
        "rating" leaves the order to the rules.
    names : sequence of str
        The columns of the table.

    Examples
    --------
    >>> from dag_gfn.data.reading_choices import ordinal_orders
    >>> ordinal_orders(["size:s<m<l", "no<yes", "grade"], ["size", "grade", "sold"])
    ({'size': ('s', 'm', 'l'), 'grade': ()}, (('no', 'yes'),))
    """
    if isinstance(ordinal, Mapping):
        found = {str(name): tuple(str(label).strip() for label in labels) for name, labels in ordinal.items()}
        refuse_unknown(list(found), names, option="ordinal")
        return found, ()
    by_name: dict[str, tuple[str, ...]] = {}
    orders: list[tuple[str, ...]] = []
    for text in as_names(ordinal):
        name, colon, labels = text.partition(":")
        if text in names:
            by_name[text] = ()
        elif colon and name in names:
            by_name[name] = _labels(labels)
        elif "<" in text:
            refuse_unknown([name] if colon else [], names, option="ordinal")
            orders.append(_labels(text))
        else:
            refuse_unknown([name], names, option="ordinal")
    return by_name, tuple(orders)


def check_choices(choices: ReadingChoices) -> None:
    """Raise an error where options of reading contradict each other, or are none of the known ones.

    Examples
    --------
    >>> from dag_gfn.data.reading_choices import ReadingChoices, check_choices
    >>> check_choices(ReadingChoices(missing="guess"))
    Traceback (most recent call last):
    dag_gfn.errors.OptionError: missing is 'impute', 'drop', 'error' or 'level', not 'guess'.
    """
    if choices.missing not in MISSING:
        raise OptionError(f"missing is {_either(MISSING)}, not '{one_line(choices.missing)}'.")
    if choices.dates not in DATES:
        raise OptionError(f"dates is {_either(DATES)}, not '{one_line(choices.dates)}'.")
    for option in ("drop", "keep", "discrete", "continuous", "ordinal"):
        if choices.weights is not None and choices.weights in getattr(choices, option):
            raise DataError(
                f"column '{one_line(choices.weights)}' is named by --weights and by --{option}: the weights of the "
                "rows are no variable."
            )
    if choices.contexts and choices.lags:
        raise OptionError(
            "a context has no past: leave out --lags (lags=), or --context (context=) and let it be a variable."
        )
    for name in choices.contexts:
        for option in ("drop", "continuous", "ordinal"):
            if name in getattr(choices, option):
                raise DataError(
                    f"column '{one_line(name)}' is named by --context and by --{option}: a context is a category, so "
                    "name it in --context alone."
                )
        if name == choices.weights:
            raise DataError(f"column '{one_line(name)}' is named by --context and by --weights: choose one.")
    for name in choices.continuous:
        if name in choices.discrete or name in choices.ordinal:
            other = "discrete" if name in choices.discrete else "ordinal"
            raise DataError(
                f"column '{one_line(name)}' is named by --continuous and by --{other}: name it in one of them."
            )


def _either(words: Sequence[str]) -> str:
    return listed([f"'{word}'" for word in words]).replace(" and ", " or ")


def _labels(text: str) -> tuple[str, ...]:
    labels = tuple(label.strip() for label in text.split("<"))
    if len(labels) < 2 or not all(labels) or len(set(labels)) < len(labels):
        raise OptionError(
            "--ordinal (ordinal=...) needs at least 2 distinct labels from low to high, as low<mid<high, not "
            f"{quoted([text])}."
        )
    return labels


def _as_codes(na_values: Sequence[object] | str | float | int) -> tuple[str, ...]:
    """Return codes for missing values as text; a whole number has no decimal point."""
    if isinstance(na_values, str | int | float | np.number):
        na_values = (na_values,)
    return tuple(
        f"{code:.15g}" if isinstance(code, float | np.floating) else str(code).strip() for code in na_values
    )
