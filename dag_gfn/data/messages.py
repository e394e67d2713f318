"""How messages about data name columns, rows and the values of options."""

import re
from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd
from jaxtyping import Bool, Int

from dag_gfn.errors import shortened


def one_line(text: object, limit: int = 60) -> str:
    """Return a value as text in one line of at most `limit` characters; the middle of a longer text is left out.

    Examples
    --------
    >>> from dag_gfn.data.messages import one_line
    >>> one_line("body  mass\\n(kg)")
    'body mass (kg)'
    """
    return shortened(" ".join(str(text).split()), limit)


def quoted(names: Iterable[object]) -> str:
    """Return names in quotes, joined as `listed` does.

    Examples
    --------
    >>> from dag_gfn.data.messages import quoted
    >>> quoted(["age", "sex", "job"])
    "'age', 'sex' and 'job'"
    """
    return listed([f"'{one_line(name)}'" for name in names])


def listed(items: Sequence[str], limit: int = 8) -> str:
    """Return "a, b and c"; items beyond `limit` are counted, not named.

    Examples
    --------
    >>> from dag_gfn.data.messages import listed
    >>> listed(["a", "b", "c", "d"], limit=2)
    'a, b and 2 more'
    """
    shown = list(items)
    if len(shown) > limit:
        shown = [*shown[:limit], f"{len(shown) - limit} more"]
    return shown[0] if len(shown) == 1 else ", ".join(shown[:-1]) + f" and {shown[-1]}"


def row_numbers(
    where: Bool[np.ndarray, " n"], index: pd.Index | Int[np.ndarray, " n"] | None = None, *, limit: int = 5
) -> str:
    """Return "rows 17, 203, 411", counted from 1 below the header.

    Parameters
    ----------
    where : ndarray, shape (n,), bool
        True for each row to name.
    index : Index or ndarray, shape (n,), int, optional
        Numbers of the rows in the file, from 0, where some rows were left out.
    limit : int
        How many rows are named.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.data.messages import row_numbers
    >>> row_numbers(np.array([True, False, True]))
    'rows 1, 3'
    >>> row_numbers(np.array([True, False, True]), np.array([4, 5, 9]))
    'rows 5, 10'
    """
    numbers = np.arange(len(where)) if index is None else np.asarray(index)
    rows = [str(number + 1) for number in numbers[where]]
    shown = rows if len(rows) <= limit else [*rows[:limit], "..."]
    return f"row{'s' if len(rows) > 1 else ''} {', '.join(shown)}"


def option_value(names: Iterable[str]) -> str:
    """Return names as the value of a command line option, quoted where a shell or the option needs it.

    Examples
    --------
    >>> from dag_gfn.data.messages import option_value
    >>> print(option_value(["age", "job"]), option_value(["body mass", "sex"]))
    age,job "body mass,sex"
    """
    names = list(names)
    parts = [f'"{name}"' if "," in name else name for name in names]
    joined = ",".join(parts)
    if any("," in name for name in names):
        return f"'{joined}'"
    return joined if re.fullmatch(r"[\w.,:@%+/-]+", joined) else f'"{joined}"'
