"""Groups of columns that one node of the graph owns: as the user names them, and those that look like one category."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from dag_gfn.data.dataset import Dataset
from dag_gfn.data.doubts import Doubt
from dag_gfn.data.messages import listed, one_line, option_value, quoted
from dag_gfn.data.nodes import Groups
from dag_gfn.data.original_units import raw_column
from dag_gfn.errors import DataError, OptionError


def as_groups(given: Mapping[str, Any]) -> Groups:
    """Return groups in the form of `Dataset.groups`.

    Parameters
    ----------
    given : mapping from str to sequence of str, or to str
        The columns of each group, or their names in one text, separated by commas.

    Raises
    ------
    OptionError
        If a group has no column.

    Examples
    --------
    >>> from dag_gfn.data.column_groups import as_groups
    >>> as_groups({"climate": ["temp", "rain"], "soil": "ph, clay"})
    (('climate', ('temp', 'rain')), ('soil', ('ph', 'clay')))
    """
    found = []
    for name, members in given.items():
        texts = (
            next(csv.reader([members], skipinitialspace=True), []) if isinstance(members, str) else members
        )
        if not isinstance(texts, Sequence):
            raise OptionError(
                f"--group '{one_line(name)}' expects names of columns, as {name}=A,B,.., not {members!r}"
            )
        columns = tuple(str(text).strip() for text in texts if str(text).strip())
        if not columns:
            raise OptionError(f"--group '{one_line(name)}' names no columns: write {name}=A,B,..")
        found.append((str(name).strip(), columns))
    return tuple(found)


def grouped(dataset: Dataset, groups: Groups) -> Dataset:
    """Return the dataset with these groups; members that were left out while reading are named.

    Raises
    ------
    DataError
        If a group has a column that the dataset has not, or columns of two groups overlap.

    Examples
    --------
    >>> import numpy as np
    >>> import dag_gfn
    >>> from dag_gfn.data.column_groups import grouped
    >>> data = dag_gfn.from_array(np.random.default_rng(0).normal(size=(9, 3)), ["temp", "rain", "ph"])
    >>> grouped(data, (("climate", ("temp", "rain")),)).nodes
    ('climate', 'ph')
    """
    left_out = {role.name: role.reason for role in dataset.roles if role.role == "left out"}
    for name, members in groups:
        lost = [member for member in members if member in left_out and member not in dataset.names]
        if lost:
            raise DataError(
                f"{quoted(lost)} of group '{name}' {'is' if len(lost) == 1 else 'are'} left out "
                f"({left_out[lost[0]]}): keep with --keep {option_value(lost)} (keep=[...]), or take out of the group."
            )
    data = replace(dataset, groups=groups)
    if len(data.nodes) < 2:
        raise DataError("the groups leave one node, and a graph needs at least 2: group fewer columns.")
    return data


def one_hot_groups(dataset: Dataset) -> list[tuple[str, ...]]:
    """Return sets of three or more numeric columns of 0 and 1 of which exactly one is 1 in every row.

    Such columns are the levels of one category. Columns of a group are left out of the search.

    Examples
    --------
    >>> import numpy as np
    >>> import dag_gfn
    >>> from dag_gfn.data.column_groups import one_hot_groups
    >>> levels = np.eye(3)[[0, 1, 2, 0, 1]]
    >>> data = dag_gfn.from_array(np.column_stack([levels, np.arange(5) ** 2]), ["cook", "nurse", "other", "x"])
    >>> one_hot_groups(data)
    [('cook', 'nurse', 'other')]
    """
    in_group = {member for _, members in dataset.groups for member in members}
    ones: dict[int, np.ndarray] = {}
    for j, kind in enumerate(dataset.kinds):
        if kind != "continuous" or dataset.names[j] in in_group:
            continue
        raw = raw_column(dataset, j)
        if np.isin(raw, (0.0, 1.0)).all():  # a missing cell is neither
            ones[j] = raw == 1.0
    found, free = [], list(ones)
    while free:
        members, covered = [free[0]], ones[free[0]]
        for j in free[1:]:
            if not (covered & ones[j]).any():
                members.append(j)
                covered = covered | ones[j]
        if covered.all() and len(members) > 2:
            found.append(tuple(dataset.names[j] for j in members))
            free = [j for j in free if j not in members]
        else:
            free = free[1:]
    return found


def one_hot_doubts(dataset: Dataset) -> list[Doubt]:
    """Return the doubt that columns are the levels of one category, or no doubt.

    Examples
    --------
    >>> import numpy as np
    >>> import dag_gfn
    >>> from dag_gfn.data.column_groups import one_hot_doubts
    >>> levels = np.eye(3)[[0, 1, 2, 0, 1]]
    >>> data = dag_gfn.from_array(np.column_stack([levels, np.arange(5) ** 2]), ["cook", "nurse", "other", "x"])
    >>> one_hot_doubts(data)[0].code
    'one_hot'
    """
    found = one_hot_groups(dataset)
    if not found:
        return []
    names = ["category", *(f"category{k}" for k in range(2, len(found) + 1))]
    options = " ".join(
        f"--group {option_value([f'{name}={first}', *others])}"
        for name, (first, *others) in zip(names, found, strict=True)
    )
    return [
        Doubt(
            "one_hot",
            "caution",
            "some columns are the levels of one category, so that links among them mean nothing",
            f"exactly one of {listed([quoted(members) for members in found])} is 1 in every row, as levels of one "
            f"category are, so that each follows from the others: make them one node with {options} (group=...).",
        )
    ]
