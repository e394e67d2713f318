"""All errors and warnings of dag_gfn, and how their messages show text that was given by the user."""

import unicodedata

MAX_ECHO = 200
"""Messages repeat at most so many characters of a text that the user gave."""


class DagGfnError(Exception):
    """Base class of all errors; the message says what was expected, what was given and what to do.

    Examples
    --------
    >>> import dag_gfn
    >>> try:
    ...     dag_gfn.load("no such folder")
    ... except dag_gfn.DagGfnError as error:
    ...     print(f"{type(error).__name__}: {error}")
    StorageError: there is no folder 'no such folder'
    """


class DataError(DagGfnError):
    """The table cannot be used as it is: missing values, constant columns, mixed kinds, ...

    Examples
    --------
    >>> import dag_gfn
    >>> try:
    ...     dag_gfn.load_example("wines")
    ... except dag_gfn.DataError as error:
    ...     print(str(error).partition(":")[0])
    no example is called 'wines' (did you mean 'wine'?)
    """


class OptionError(DagGfnError):
    """An option has an unknown name or an impossible value, or cannot be combined with another option.

    Examples
    --------
    >>> import numpy as np
    >>> import dag_gfn
    >>> try:
    ...     dag_gfn.simulate(3, 100, graph="tree", rng=np.random.default_rng(0))
    ... except dag_gfn.OptionError as error:
    ...     print(error)
    graph is one of er, sf (Erdős-Rényi, scale-free), not 'tree'.
    """


class ConstraintError(DagGfnError):
    """What was said to be known is about no column, contradicts itself, or excludes every directed acyclic graph.

    Examples
    --------
    >>> import numpy as np
    >>> import dag_gfn
    >>> data = dag_gfn.simulate(3, 100, rng=np.random.default_rng(0))
    >>> try:
    ...     dag_gfn.fit(data, required=[("x0", "x1"), ("x1", "x0")])
    ... except dag_gfn.ConstraintError as error:
    ...     print(str(error).partition(".")[0])
    required edges form a cycle: x0 -> x1 -> x0
    """


class NotTractable(DagGfnError):
    """The exact computation or the table would need more time or memory than is allowed.

    Examples
    --------
    >>> import dag_gfn
    >>> issubclass(dag_gfn.NotTractable, dag_gfn.DagGfnError)
    True
    """


class TrainingError(DagGfnError):
    """Training has diverged; the message says what to change.

    Examples
    --------
    >>> import dag_gfn
    >>> issubclass(dag_gfn.TrainingError, dag_gfn.DagGfnError)
    True
    """


class QueryError(DagGfnError):
    """A query about graphs cannot be read, or no graph satisfies a condition.

    Examples
    --------
    >>> import dag_gfn
    >>> issubclass(dag_gfn.QueryError, dag_gfn.DagGfnError)
    True
    """


class StorageError(DagGfnError):
    """A posterior folder cannot be read or written.

    Examples
    --------
    >>> import dag_gfn
    >>> try:
    ...     dag_gfn.load("no such folder")
    ... except dag_gfn.StorageError as error:
    ...     print(error)
    there is no folder 'no such folder'
    """


class StorageWarning(UserWarning):
    """A posterior folder was left incomplete by a killed process, and has been repaired.

    Examples
    --------
    >>> import warnings
    >>> import dag_gfn
    >>> with warnings.catch_warnings():
    ...     warnings.simplefilter("ignore", dag_gfn.StorageWarning)  # this kind of warning alone is not shown
    ...     warnings.warn("a warning of this kind", dag_gfn.StorageWarning)
    """


class DataWarning(UserWarning):
    """The data seem to violate an assumption of the score.

    Examples
    --------
    >>> import warnings
    >>> import dag_gfn
    >>> with warnings.catch_warnings():
    ...     warnings.simplefilter("ignore", dag_gfn.DataWarning)  # this kind of warning alone is not shown
    ...     warnings.warn("a warning of this kind", dag_gfn.DataWarning)
    """


class NotConvergedWarning(UserWarning):
    """The approximation is not yet close to the posterior; the message says how to continue.

    Examples
    --------
    >>> import warnings
    >>> import dag_gfn
    >>> with warnings.catch_warnings():
    ...     warnings.simplefilter("ignore", dag_gfn.NotConvergedWarning)  # this kind of warning alone is not shown
    ...     warnings.warn("a warning of this kind", dag_gfn.NotConvergedWarning)
    """


def shortened(text: object, limit: int = MAX_ECHO) -> str:
    """Return a value as text of at most `limit` characters; the middle of a longer text is left out.

    Examples
    --------
    >>> from dag_gfn.errors import shortened
    >>> shortened("abcdefghijklmnopqrstuvwxyz", limit=15)
    'abcde ... vwxyz'
    """
    said = text if isinstance(text, str) else repr(text)
    if len(said) <= limit:
        return said
    half = (limit - 5) // 2
    return f"{said[:half]} ... {said[-half:]}"


def printable(text: str) -> str:
    """Return a text with control characters as escape sequences, which a terminal shows and does not execute.

    Examples
    --------
    >>> from dag_gfn.errors import printable
    >>> print(printable("age\\x1b[2J"))
    age\\x1b[2J
    """
    return "".join(
        c.encode("unicode_escape").decode("ascii")
        if unicodedata.category(c) in _CONTROLS and c not in _HARMLESS
        else c
        for c in text
    )


_CONTROLS = {"Cc", "Cf", "Cs", "Zl", "Zp"}  # categories of Unicode
_HARMLESS = "\n\u200c\u200d"  # the last two join letters and emoji
