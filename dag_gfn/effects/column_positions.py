"""Positions of columns by their names."""

import difflib
from collections.abc import Sequence

from dag_gfn.errors import OptionError


def node_index(names: Sequence[str], name: str, *, what: str = "column") -> int:
    """Return the position of a variable, or raise OptionError with the nearest name and all names.

    Parameters
    ----------
    names : sequence of str
    name : str
    what : str
        What the names are of, for the message.

    Examples
    --------
    >>> from dag_gfn.effects.column_positions import node_index
    >>> node_index(("dose", "effect"), "effect")
    1
    """
    if name in names:
        return list(names).index(name)
    near = difflib.get_close_matches(str(name), names, n=1)
    hint = f"did you mean '{near[0]}'? The {what}s are" if near else f"the {what}s are"
    raise OptionError(f"there is no {what} '{name}': {hint} {', '.join(names)}")


def pair_index(names: Sequence[str], source: str, target: str) -> tuple[int, int]:
    """Return the positions of two variables, or raise OptionError if they are the same or unknown.

    Examples
    --------
    >>> from dag_gfn.effects.column_positions import pair_index
    >>> pair_index(("dose", "age", "effect"), "effect", "dose")
    (2, 0)
    """
    pair = node_index(names, source), node_index(names, target)
    if pair[0] == pair[1]:
        raise OptionError(f"an effect is of one column on another, not of '{source}' on itself: name two")
    return pair
