"""Which columns and rows of a table are used, and errors that name those that cannot be."""

import difflib
import re
from collections.abc import Collection, Iterable, Mapping, Sequence

import numpy as np
from jaxtyping import Bool, Int, Shaped

from dag_gfn.data.columns import listed, quoted, row_numbers, shortened
from dag_gfn.errors import DataError

MAX_COLUMNS = 63  # a parent set is a bitmask in a signed 64-bit integer


def select_columns(
    names: Sequence[str],
    columns: Sequence[str] | None,
    drop: Sequence[str] | None,
    *,
    has_index: bool = False,
    without_value: Collection[int] = (),
) -> tuple[list[int], tuple[str, ...]]:
    """Return the positions of the columns to use and notes on what was left out unasked.

    Parameters
    ----------
    names : sequence of str
        Of all columns.
    columns, drop : sequence of str, optional
        Keep these, in this order; leave those out.
    has_index : bool
        The first column is an index that pandas or R wrote: it is left out unless `columns` names it.
    without_value : collection of int
        Columns without a name and without any value, which are left out likewise.
    """
    columns, drop = as_names(columns), as_names(drop)
    refuse_unknown(columns, names, option="columns")
    refuse_unknown(drop, names, option="drop")
    positions = [names.index(name) for name in columns] if columns else list(range(len(names)))
    notes: list[str] = []
    if not columns:
        unasked = [i for i in sorted(without_value) if names[i] not in drop]
        if unasked:
            which = (
                f"columns {listed([str(i + 1) for i in unasked])}"
                if len(unasked) > 1
                else f"column {unasked[0] + 1}"
            )
            notes.append(f"left out {which}, without a name and without any value")
        positions = [i for i in positions if i not in unasked]
        if has_index and positions[:1] == [0] and names[0] not in drop:
            positions = positions[1:]
            notes.append("dropped the unnamed first column, a row index")
    return [i for i in positions if names[i] not in drop], tuple(notes)


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
                f"--{option} ({option}=...) names '{shortened(name)}', which is no column of the table: {hint}"
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


def missing_values_error(
    absent: Bool[np.ndarray, "n d"],
    names: Sequence[str],
    *,
    codes: Sequence[Mapping[str, int]] = (),
    numbers: Int[np.ndarray, " n"] | None = None,
) -> DataError:
    """Return the error that names the columns and rows of missing values.

    Parameters
    ----------
    absent : ndarray, shape (n, d), bool
    names : sequence of str
    codes : sequence of mappings
        Per column how often each code was taken for a missing value.
    numbers : ndarray, shape (n,), int, optional
        The rows' numbers from 0, where some of the file were left out.
    """
    counts = absent.sum(axis=0)
    worst = np.argsort(-counts, kind="stable")[: np.count_nonzero(counts)]
    parts = []
    for j in worst[:4]:
        written = f", written {quoted(codes[j])}" if codes and codes[j] else ""
        parts.append(
            f"column '{shortened(names[j])}' has {counts[j]} missing value{'s' if counts[j] > 1 else ''}"
            f"{written} ({row_numbers(absent[:, j], numbers)})"
        )
    more = f", and {len(worst) - 4} more columns" if len(worst) > 4 else ""
    none = [names[j] for j in worst if counts[j] == len(absent)]
    if none:
        remedy = f"leave out columns without any value with --drop {flag(none)} (drop=[...])"
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
    """Return the error for a table that dropping rows left with less than two."""
    counts = absent.sum(axis=0)
    worst = np.argsort(-counts, kind="stable")
    found = (
        f"{(~absent.any(axis=1)).sum()} of {len(absent)} rows have no missing value, at least 2 are needed: "
    )
    for k in range(1, len(names) - 1):
        left = int((~np.delete(absent, worst[:k], axis=1).any(axis=1)).sum())
        if 2 * left >= len(absent) and left > 2:
            dropped = flag([names[j] for j in worst[:k]])
            return DataError(
                f"{found}leave out the columns with most missing values; --drop {dropped} leaves {left} rows "
                "complete (beside what is left out already)."
            )
    return DataError(
        f"{found}leave out the columns with most missing values (column '{shortened(names[worst[0]])}' has "
        f"{counts[worst[0]]}) with --drop, or impute them."
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


def flag(names: Iterable[str]) -> str:
    """Return names as a command line option takes them."""
    names = list(names)
    parts = [f'"{name}"' if "," in name else name for name in names]
    joined = ",".join(parts)
    if any("," in name for name in names):
        return f"'{joined}'"
    return joined if re.fullmatch(r"[\w.,:@%+/-]+", joined) else f'"{joined}"'
