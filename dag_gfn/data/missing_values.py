"""Errors for missing values: where they are, and what the user can do."""

from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Bool, Int

from dag_gfn.data.messages import one_line, option_value, quoted, row_numbers
from dag_gfn.errors import DataError


def missing_values_error(
    absent: Bool[np.ndarray, "n d"],
    names: Sequence[str],
    *,
    codes: Sequence[Mapping[str, int]] = (),
    numbers: Int[np.ndarray, " n"] | None = None,
) -> DataError:
    """Return the error that names the columns and rows with missing values, and the options that help.

    Parameters
    ----------
    absent : ndarray, shape (n, d), bool
        True where a value is missing.
    names : sequence of str, length d
    codes : sequence of mappings, length d, optional
        For each column, how many cells each code for a missing value fills.
    numbers : ndarray, shape (n,), int, optional
        Numbers of the rows in the file, from 0, where some rows were left out.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.data.missing_values import missing_values_error
    >>> absent = np.array([[False, False], [True, False], [False, False]])
    >>> str(missing_values_error(absent, ["age", "sex"])).partition(";")[0]
    "column 'age' has 1 missing value (row 2)"
    """
    counts = absent.sum(axis=0)
    worst = np.argsort(-counts, kind="stable")[: np.count_nonzero(counts)]
    parts = []
    for j in worst[:4]:
        written = f", written {quoted(codes[j])}" if codes and codes[j] else ""
        parts.append(
            f"column '{one_line(names[j])}' has {counts[j]} missing value{'s' if counts[j] > 1 else ''}"
            f"{written} ({row_numbers(absent[:, j], numbers)})"
        )
    more = f", and {len(worst) - 4} more columns" if len(worst) > 4 else ""
    none = [names[j] for j in worst if counts[j] == len(absent)]
    if none:
        remedy = f"leave out columns without any value with --drop {option_value(none)} (drop=[...])"
        rest = np.delete(absent, [names.index(name) for name in none], axis=1)
        if rest.any():
            remedy += " and the other rows with --missing drop (missing='drop')"
    elif 2 * absent.any(axis=1).sum() > len(absent) and counts.max() > 2:
        complete = int((~absent.any(axis=1)).sum())
        remedy = (
            f"--missing drop (missing='drop') would leave {complete} of {len(absent)} rows; leave out columns with "
            "many missing values with --drop, or impute them first"
        )
    else:
        remedy = "drop them with --missing drop (missing='drop'), or impute them first"
    return DataError(
        f"{'; '.join(parts)}{more}; rows are counted from 1 below the header. The scores need complete rows: "
        f"{remedy}."
    )


def too_few_rows_error(absent: Bool[np.ndarray, "n d"], names: Sequence[str]) -> DataError:
    """Return the error for a table with fewer than two complete rows, and the columns that cost most rows.

    Parameters
    ----------
    absent : ndarray, shape (n, d), bool
        True where a value is missing.
    names : sequence of str, length d

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.data.missing_values import too_few_rows_error
    >>> absent = np.array([[False, True], [False, True], [False, False]])
    >>> str(too_few_rows_error(absent, ["age", "sex"])).partition(":")[0]
    '1 of 3 rows have no missing value, at least 2 are needed'
    """
    counts = absent.sum(axis=0)
    worst = np.argsort(-counts, kind="stable")
    found = (
        f"{(~absent.any(axis=1)).sum()} of {len(absent)} rows have no missing value, at least 2 are needed: "
    )
    for k in range(1, len(names) - 1):
        left = int((~np.delete(absent, worst[:k], axis=1).any(axis=1)).sum())
        if 2 * left >= len(absent) and left > 2:
            dropped = option_value([names[j] for j in worst[:k]])
            return DataError(
                f"{found}leave out the columns with most missing values; --drop {dropped} leaves {left} rows "
                "complete (in addition to the columns that are left out already)."
            )
    return DataError(
        f"{found}leave out the columns with most missing values (column '{one_line(names[worst[0]])}' has "
        f"{counts[worst[0]]}) with --drop, or impute them."
    )
