"""Columns that say which variable the experimenter set in each row, and the warning of them."""

import re

import numpy as np

from dag_gfn.data.dataset import Dataset
from dag_gfn.data.intervention_columns import NOTHING_SET
from dag_gfn.data.messages import one_line, option_value
from dag_gfn.data.original_units import raw_column

_TARGET_NAMES = re.compile(
    r"int|intv|interv(ention|ened|entions)?([._ ]?(target|node|id|column))?s?|perturb(ation|ations|ed)?|regime|"
    r"manipulat(ed|ion)|experiment|do",
    re.IGNORECASE,
)


def target_column(dataset: Dataset) -> int | None:
    """Return the position of a column that says which variable the experimenter set in each row, or None.

    Examples
    --------
    >>> import numpy as np
    >>> import dag_gfn
    >>> from dag_gfn.data.target_columns import target_column
    >>> cells = np.array([["hi", "lo", "none"], ["lo", "hi", "raf"], ["hi", "hi", "mek"]] * 4, dtype=object)
    >>> target_column(dag_gfn.from_array(cells, ["raf", "mek", "target"]))
    2
    """
    if dataset.intervened is None and dataset.d > 2:
        for j in range(dataset.d):
            if dataset.names[j] not in dataset.contexts and _targets(dataset, j):
                return j
    return None


def target_sentence(dataset: Dataset, j: int | None) -> str:
    """Return the warning for the column of `target_column`; empty if there is none.

    Examples
    --------
    >>> import numpy as np
    >>> import dag_gfn
    >>> from dag_gfn.data.target_columns import target_sentence
    >>> cells = np.array([["hi", "lo", "none"], ["lo", "hi", "raf"], ["hi", "hi", "mek"]] * 4, dtype=object)
    >>> data = dag_gfn.from_array(cells, ["raf", "mek", "target"])
    >>> target_sentence(data, 2).partition(" (")[0]
    "'target' looks like a column that says which variable the experimenter set in a row"
    """
    if j is None:
        return ""
    name, meaning = dataset.names[j], _targets(dataset, j)
    shown = ", ".join(f"{key} '{one_line(value, 30)}'" for key, value in list(meaning.items())[:4])
    return (
        f"'{one_line(name)}' looks like a column that says which variable the experimenter set in a row "
        f"({shown}): as a variable it misleads, and without it the interventions are taken for "
        f"observations. Give --interventions {option_value([name])} (interventions={name!r})."
    )


def _targets(dataset: Dataset, j: int) -> dict[str, str]:
    """Return the variable that each code of column j stands for; empty if it is not a column of targets."""
    others = [name for name in dataset.names if name != dataset.names[j]]
    is_named_so = _TARGET_NAMES.fullmatch(dataset.names[j]) is not None
    if dataset.missing[:, j].any():
        return {}
    if dataset.kinds[j] != "continuous":
        labels = list(dataset.states[j])
        codes = dataset.values[:, j]
        named = {label: label for label in labels if label in others}
        if named and all(label in named or NOTHING_SET.fullmatch(label) for label in labels):
            return named
        if not (is_named_so and all(label.isdecimal() and len(label) < 4 for label in labels)):
            return {}
        values = np.array([int(label) for label in labels], dtype=float)[codes.astype(np.int64)]
    elif is_named_so:
        values = raw_column(dataset, j)
    else:
        return {}
    if (values != np.round(values)).any() or values.min() < 0 or values.max() > len(others):
        return {}
    distinct = np.unique(values)
    if distinct.size < 2 or values.max() < 1:
        return {}
    return {f"{value:.0f}": others[int(value) - 1] for value in distinct if value > 0}
