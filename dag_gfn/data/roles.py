"""What became of each column of a table, and why."""

from dataclasses import asdict, dataclass
from typing import Any

ROLES = ("continuous", "category", "ordinal", "weights", "left out")
"""A column is a variable of one of three kinds, holds the rows' weights, or is left out."""


@dataclass(frozen=True)
class ColumnRole:
    """What became of a column.

    Attributes
    ----------
    name : str
    role : str
        One of `ROLES`.
    reason : str
        Why, in a few words; empty where it goes without saying.
    missing : int
        How many of its cells are missing.
    levels : int
        How many levels a category has; 0 for numbers.
    surprise : int
        Columns of higher surprise are shown first: 0 where nothing was decided that a person might want to undo.

    Examples
    --------
    >>> from dag_gfn.data.roles import ColumnRole
    >>> ColumnRole("id", "left out", "it counts the rows", surprise=2).to_json()["reason"]
    'it counts the rows'
    """

    name: str
    role: str
    reason: str = ""
    missing: int = 0
    levels: int = 0
    surprise: int = 0

    def to_json(self) -> dict[str, Any]:
        """Return what posterior.json records of it; see `ColumnRole`."""
        return asdict(self)
