"""The columns of any source - a file, a data frame, an array - before anything is decided about them."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from jaxtyping import Int

from dag_gfn.data.roles import ColumnRole
from dag_gfn.data.text_table import TextColumn

KEPT_TEXTS = 1000  # a column with more distinct texts is loaded twice, to save memory


@dataclass(frozen=True, eq=False)
class Source:
    """The columns of a table before missing values and types are decided.

    Attributes
    ----------
    names : tuple of str, length d
    load : callable
        `load(k)` returns column k: a TextColumn, or a Series if the column has a type.
    numbers : ndarray, shape (n,), int
        Row numbers from 0, for messages.
    typed : bool
        Whether the source stores types, as a data frame does. If not, text of digits is read as numbers.
    head : callable, optional
        `head(k)` returns the first cells of column k as they are written in the file. The decimal sign is
        found from them.
    separator : str
        Separator of the cells in the file.
    others : tuple of ColumnRole
        Columns that were left out before.
    all_names : tuple of str
        All columns in the order of the source, with those that were left out.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from dag_gfn.data.source import Source
    >>> frame = pd.DataFrame({"age": [31.0, 25.0], "pay": [2.1, 1.7]})
    >>> Source(("age", "pay"), lambda k: frame.iloc[:, k], numbers=np.arange(2), typed=True).load(1).tolist()
    [2.1, 1.7]
    """

    names: tuple[str, ...]
    load: Callable[[int], TextColumn | pd.Series]
    numbers: Int[np.ndarray, " n"]
    typed: bool
    head: Callable[[int], list[str]] | None = None
    separator: str = ","
    others: tuple[ColumnRole, ...] = ()
    all_names: tuple[str, ...] = ()
