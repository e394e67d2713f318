"""Every error and warning that dag_gfn raises on purpose, and how long what they repeat may be."""

import unicodedata

MAX_ECHO = 200
"""Messages repeat at most so many characters of a text that was given."""


class DagGfnError(Exception):
    """Base of all errors whose message says what was expected, what came and what to do."""


class DataError(DagGfnError):
    """The table cannot be used as it is: missing values, constant columns, mixed kinds, ..."""


class OptionError(DagGfnError):
    """An option has an unknown name, an impossible value, or does not go with another one."""


class ConstraintError(DagGfnError):
    """Required, forbidden and max_parents leave no directed acyclic graph."""


class NotTractable(DagGfnError):
    """The exact computation or the table would need more time or memory than is allowed."""


class TrainingError(DagGfnError):
    """Training has diverged; the message says what to change."""


class QueryError(DagGfnError):
    """A query about graphs cannot be read, or no graph complies with a condition."""


class StorageError(DagGfnError):
    """A posterior folder cannot be read or written."""


class StorageWarning(UserWarning):
    """A posterior folder was found as a kill had left it, and is whole again."""


class DataWarning(UserWarning):
    """The data look unlike what the score assumes."""


class NotConvergedWarning(UserWarning):
    """The approximation is not yet close to the posterior; the message says how to go on."""


def shortened(text: object, limit: int = MAX_ECHO) -> str:
    """Return a value as text of at most `limit` characters, the middle left out where it is longer."""
    said = text if isinstance(text, str) else repr(text)
    if len(said) <= limit:
        return said
    half = (limit - 5) // 2
    return f"{said[:half]} ... {said[-half:]}"


def printable(text: str) -> str:
    """Return a text with control characters spelled out: a terminal would obey those in a name or a cell."""
    return "".join(
        c.encode("unicode_escape").decode("ascii")
        if unicodedata.category(c) in _CONTROLS and c not in _HARMLESS
        else c
        for c in text
    )


_CONTROLS = {"Cc", "Cf", "Cs", "Zl", "Zp"}
_HARMLESS = "\n\u200c\u200d"  # the last two join letters and emoji
