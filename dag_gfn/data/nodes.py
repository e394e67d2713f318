"""The nodes of the graph: columns, and groups of columns that one node owns."""

from collections.abc import Sequence

from dag_gfn.data.messages import one_line, quoted
from dag_gfn.errors import DataError

Groups = tuple[tuple[str, tuple[str, ...]], ...]
"""For each group, the name of its node and the names of its columns."""


def nodes_of(names: Sequence[str], groups: Groups) -> tuple[tuple[str, tuple[int, ...]], ...]:
    """Return the name and the columns (by position) of each node; a group stands at its first column's place.

    Parameters
    ----------
    names : sequence of str, length d
        Columns.
    groups : tuple of (str, tuple of str)

    Raises
    ------
    DataError
        If a group has no column, an unknown one or one of another group, or its name is that of another node.

    Examples
    --------
    >>> from dag_gfn.data.nodes import nodes_of
    >>> nodes_of(["rain", "age", "wind"], (("weather", ("rain", "wind")),))
    (('weather', (0, 2)), ('age', (1,)))
    """
    position = {name: j for j, name in enumerate(names)}
    group_of: dict[int, tuple[str, tuple[int, ...]]] = {}
    for name, members in groups:
        unknown = [member for member in members if member not in position]
        if unknown or not members:
            what = f"unknown columns {quoted(unknown)}" if unknown else "no columns"
            raise DataError(f"group '{one_line(name)}' has {what}: there are {quoted(names)}.")
        columns = tuple(sorted({position[member] for member in members}))
        twice = [names[j] for j in columns if j in group_of]
        if twice:
            raise DataError(f"{quoted(twice)} cannot be in two groups: each column belongs to one node.")
        group_of |= dict.fromkeys(columns, (name, columns))
    nodes = tuple(
        group_of.get(j, (name, (j,)))
        for j, name in enumerate(names)
        if j not in group_of or group_of[j][1][0] == j
    )
    called = [name for name, _ in nodes]
    repeated = sorted({name for name in called if called.count(name) > 1})
    if repeated:
        raise DataError(f"{quoted(repeated)} names two nodes: give the group another name.")
    return nodes
