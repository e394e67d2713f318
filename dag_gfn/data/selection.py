"""Which columns and rows of a table are used, and errors that name those that cannot be."""

import difflib
from collections.abc import Sequence

import numpy as np
import pandas as pd
from jaxtyping import Bool, Shaped

from dag_gfn.data.columns import quoted, row_numbers
from dag_gfn.data.csv_file import UNNAMED_INDEX
from dag_gfn.errors import DataError

MAX_COLUMNS = 63  # a parent set is a bitmask in a signed 64-bit integer


def select_columns(
    frame: pd.DataFrame, columns: Sequence[str] | None, drop: Sequence[str] | None
) -> tuple[list[int], tuple[str, ...]]:
    """Return the positions of the columns to use and notes on what was left out unasked.

    An index that pandas or R wrote as an unnamed first column is left out unless `columns` names it.
    """
    names = [str(name) for name in frame.columns]
    columns, drop = as_names(columns), as_names(drop)
    refuse_unknown(columns, names, option="columns")
    refuse_unknown(drop, names, option="drop")
    positions = [names.index(name) for name in columns] if columns else list(range(len(names)))
    notes: tuple[str, ...] = ()
    if not columns and UNNAMED_INDEX not in drop and _is_index(frame):
        positions = positions[1:]
        notes = ("dropped the unnamed first column, a row index",)
    return [i for i in positions if names[i] not in drop], notes


def as_names(names: Sequence[object] | None) -> tuple[str, ...]:
    """Return a tuple of names; a single str is one name, None none."""
    if names is None:
        return ()
    return (names,) if isinstance(names, str) else tuple(str(name) for name in names)


def refuse_unknown(chosen: Sequence[str], names: Sequence[str], *, option: str) -> None:
    """Raise DataError for the first chosen name that the table has not, with the nearest it has."""
    for name in chosen:
        if name not in names:
            near = difflib.get_close_matches(name, names, n=1)
            hint = f"did you mean {quoted(near)}?" if near else f"its columns are {quoted(names)}."
            raise DataError(
                f"--{option} ({option}=...) names '{name}', which is no column of the table: {hint}"
            )


def check_names(names: Sequence[str]) -> None:
    """Raise DataError unless there are 2 to 63 columns, each with a name of its own."""
    if len(names) < 2:
        which = f"one column ({quoted(names)})" if names else "no columns"
        raise DataError(
            f"the table has {which}: a graph needs at least 2 (--columns, --drop and the separator decide)."
        )
    if len(names) > MAX_COLUMNS:
        raise DataError(
            f"the table has {len(names)} columns, at most {MAX_COLUMNS} are possible: "
            "choose some with --columns or --drop."
        )
    unnamed = [str(i + 1) for i, name in enumerate(names) if not name.strip()]
    if unnamed:
        raise DataError(f"column {', '.join(unnamed)} has no name: name every column.")
    repeated = [name for name in dict.fromkeys(names) if list(names).count(name) > 1]
    if repeated:
        raise DataError(f"{quoted(repeated)} names more than one column: give each column its own name.")


def missing_values_error(absent: Bool[np.ndarray, "n d"], names: Sequence[str]) -> DataError:
    """Return the error that names the columns and rows of missing values."""
    counts = absent.sum(axis=0)
    worst = np.argsort(-counts, kind="stable")[: np.count_nonzero(counts)]
    parts = [
        f"column '{names[j]}' has {counts[j]} missing value{'s' if counts[j] > 1 else ''} "
        f"({row_numbers(absent[:, j])})"
        for j in worst[:4]
    ]
    more = f", and {len(worst) - 4} more columns" if len(worst) > 4 else ""
    return DataError(
        f"{'; '.join(parts)}{more}; rows are counted from 1 below the header. The scores need complete rows: "
        "drop them with --missing drop (missing='drop'), or impute them first."
    )


def too_few_rows_error(absent: Bool[np.ndarray, "n d"], names: Sequence[str]) -> DataError:
    """Return the error for a table that dropping rows left with less than two."""
    counts = absent.sum(axis=0)
    worst = int(counts.argmax())
    return DataError(
        f"{(~absent.any(axis=1)).sum()} of {len(absent)} rows have no missing value, at least 2 are needed: "
        f"leave out the columns with most missing values (column '{names[worst]}' has {counts[worst]}) with "
        "--drop, or impute them."
    )


def as_mask(intervened: Shaped[np.ndarray, "..."], shape: tuple[int, int]) -> Bool[np.ndarray, "n d"]:
    """Return the mask of interventions as bool after checking its shape and values."""
    if intervened.shape != shape:
        raise DataError(
            f"intervened has shape {intervened.shape}, but the table {shape}: one entry per cell is needed."
        )
    if not np.isin(intervened, (0, 1)).all():
        raise DataError(
            "intervened holds values other than True and False: it marks the cells the experimenter set."
        )
    return intervened.astype(bool)


def _is_index(frame: pd.DataFrame) -> bool:
    """Whether the first column is unnamed and counts upwards, as pandas and R write an index."""
    if frame.shape[1] == 0 or str(frame.columns[0]) not in ("", UNNAMED_INDEX):
        return False
    index = frame.iloc[:, 0]
    return pd.api.types.is_integer_dtype(index.dtype) and index.is_monotonic_increasing and index.is_unique
