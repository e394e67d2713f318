"""The table that every score reads: complete, of one kind, with a name for each column."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from os import PathLike

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float64, Int, Shaped

from dag_gfn.data.columns import encode_column, quoted, row_numbers
from dag_gfn.data.csv_file import read_csv_file
from dag_gfn.data.selection import (
    as_mask,
    as_names,
    check_names,
    missing_values_error,
    refuse_unknown,
    select_columns,
    too_few_rows_error,
)
from dag_gfn.errors import DataError, OptionError

# A spread this small beside the column's largest value is the rounding of float64, not a measurement.
NEGLIGIBLE_SPREAD = 1e-12


@dataclass(frozen=True, eq=False)
class Dataset:
    """Complete observations of d variables, all continuous or all discrete.

    Parameters
    ----------
    values : ndarray, shape (n, d), float64
        Continuous columns as measured (or z-scored); discrete columns as codes 0..r-1.
    names, kinds, cardinalities, states : tuples of length d
        `kinds[j]` is "continuous" or "discrete". A continuous column has cardinality 0 and states (); the
        code c of a discrete one stands for `states[j][c]`. States need not occur in the rows.
    means, scales : ndarray, shape (d,), float64
        What standardising removed: raw = values · scales + means.
    intervened : ndarray, shape (n, d), bool, or None
        True where the experimenter, not the system, set the value.
    true_graph : ndarray, shape (d, d), bool, or None
        `true_graph[i, j]` is True for the edge i → j (row → column), where the truth is known.
    notes : tuple of str
        What was done while reading.

    Raises
    ------
    DataError
        If the table is too small or too wide, incomplete, of two kinds, or has a constant column.
    """

    values: Float64[np.ndarray, "n d"]
    names: tuple[str, ...]
    kinds: tuple[str, ...]
    cardinalities: tuple[int, ...]
    states: tuple[tuple[str, ...], ...]
    means: Float64[np.ndarray, " d"]
    scales: Float64[np.ndarray, " d"]
    intervened: Bool[np.ndarray, "n d"] | None = None
    true_graph: Bool[np.ndarray, "d d"] | None = None
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        check_names(self.names)
        _check_shapes(self)
        if self.n < 2:
            raise DataError(
                f"the table has {self.n} rows: at least 2 are needed, and many more to learn from."
            )
        _check_one_kind(self)
        _check_cells(self)
        _check_not_constant(self)

    @property
    def n(self) -> int:
        """The number of rows."""
        return self.values.shape[0]

    @property
    def d(self) -> int:
        """The number of variables."""
        return self.values.shape[1]

    @property
    def kind(self) -> str:
        """Either "continuous" or "discrete", the same for all columns."""
        return self.kinds[0]

    @property
    def is_standardized(self) -> bool:
        """Whether the columns are z-scored, which centring alone is not."""
        return bool((self.scales != 1).any())

    def standardize(self) -> "Dataset":
        """Return z-scored columns (population standard deviation, ddof = 0) that remember their origin."""
        if self.kind != "continuous":
            raise DataError(
                f"only continuous columns can be standardized, {quoted(self.names)} are discrete."
            )
        shrunk, exponents = _shrink(self.values)
        means, scales = shrunk.mean(axis=0), shrunk.std(axis=0)
        return replace(
            self,
            values=(shrunk - means) / scales,
            means=self.means + self.scales * np.ldexp(means, exponents),
            scales=self.scales * np.ldexp(scales, exponents),
        )

    def center(self) -> "Dataset":
        """Return columns of mean zero, in their own units, that remember their origin."""
        standardized = self.standardize()
        scales = standardized.scales / self.scales
        return replace(standardized, values=standardized.values * scales, scales=self.scales)

    def to_frame(self) -> pd.DataFrame:
        """Return the table in its original units and labels; discrete columns are categorical."""
        if self.kind == "continuous":
            return pd.DataFrame(self.values * self.scales + self.means, columns=list(self.names))
        return pd.DataFrame(
            {
                name: pd.Categorical.from_codes(codes.astype(np.int64), categories=list(states))
                for name, codes, states in zip(self.names, self.values.T, self.states, strict=True)
            }
        )


def read_csv(
    path: str | PathLike,
    *,
    columns: Sequence[str] | None = None,
    drop: Sequence[str] | None = None,
    discrete: Sequence[str] = (),
    missing: str = "error",
) -> Dataset:
    """Read a CSV file with column names in its first line; the options are those of `from_frame`."""
    frame, notes = read_csv_file(path)
    dataset = from_frame(frame, columns=columns, drop=drop, discrete=discrete, missing=missing)
    return replace(dataset, notes=notes + dataset.notes)


def from_array(
    values: Shaped[np.ndarray, "n d"],
    names: Sequence[str] | None = None,
    *,
    discrete: Sequence[str] = (),
    missing: str = "error",
    intervened: Shaped[np.ndarray, "n d"] | None = None,
) -> Dataset:
    """Make a Dataset of an array; the columns are called x0, x1, ... unless named."""
    if values.ndim != 2:
        raise DataError(f"an array of rows and columns is needed, this one has shape {values.shape}.")
    names = default_names(values.shape[1]) if names is None else tuple(names)
    if len(names) != values.shape[1]:
        raise DataError(
            f"{len(names)} names were given for the {values.shape[1]} columns of the array: name each one."
        )
    frame = pd.DataFrame(values, columns=list(names))
    return from_frame(frame, discrete=discrete, missing=missing, intervened=intervened)


def from_frame(
    frame: pd.DataFrame,
    *,
    columns: Sequence[str] | None = None,
    drop: Sequence[str] | None = None,
    discrete: Sequence[str] = (),
    missing: str = "error",
    intervened: Shaped[np.ndarray, "n d"] | None = None,
) -> Dataset:
    """Make a Dataset of a data frame.

    Numeric columns (integers and 0/1 too) are continuous; text, boolean and categorical columns are
    discrete, with their states sorted, or in the declared order of a categorical column.

    Parameters
    ----------
    columns, drop : sequence of str, optional
        Keep these, in this order; leave those out.
    discrete : sequence of str or "all"
        Columns whose distinct values are states, whatever their type.
    missing : {"error", "drop"}
        Refuse missing values, or drop the rows that have any in a kept column.
    intervened : ndarray, shape of `frame`, bool, optional
        True where the experimenter set the value. It follows the selection of rows and columns.

    Raises
    ------
    DataError
        If the table cannot be used as it is; the message says what to do.
    """
    if missing not in ("error", "drop"):
        raise OptionError(f"missing is 'error' or 'drop', not '{missing}'.")
    kept, notes = select_columns(frame, columns, drop)
    names = tuple(str(frame.columns[i]) for i in kept)
    check_names(names)
    if len(frame) < 2:
        rows = "no rows below its header" if len(frame) == 0 else "only one row"
        raise DataError(f"the table has {rows}: at least 2 are needed, and many more to learn from.")
    discrete = names if isinstance(discrete, str) and discrete == "all" else as_names(discrete)
    refuse_unknown(discrete, [str(name) for name in frame.columns], option="discrete")
    if intervened is not None:
        intervened = as_mask(intervened, frame.shape)

    # The index carries the row numbers of the file into the errors of encode_column.
    frame = frame.iloc[:, kept].set_axis(list(names), axis=1).reset_index(drop=True)
    absent = frame.isna().to_numpy()
    complete = ~absent.any(axis=1)
    if not complete.all():
        if missing == "error":
            raise missing_values_error(absent, names)
        if complete.sum() < 2:
            raise too_few_rows_error(absent, names)
        notes += (f"dropped {np.sum(~complete)} of {len(frame)} rows with missing values",)
        frame = frame[complete]

    encoded = [encode_column(frame[name], as_discrete=name in discrete) for name in names]
    states = tuple(column.states for column in encoded)
    notes += tuple(
        f"column '{name}' declares {len(column.states)} categories, {absent_states} of which do not occur"
        for name, column in zip(names, encoded, strict=True)
        if column.states and (absent_states := len(column.states) - np.unique(column.values).size)
    )
    return Dataset(
        values=np.stack([column.values for column in encoded], axis=1),
        names=names,
        kinds=tuple("continuous" if labels is None else "discrete" for labels in states),
        cardinalities=tuple(0 if labels is None else len(labels) for labels in states),
        states=tuple(() if labels is None else labels for labels in states),
        means=np.zeros(len(names)),
        scales=np.ones(len(names)),
        intervened=None if intervened is None else intervened[np.ix_(complete, kept)],
        notes=notes,
    )


def default_names(d: int) -> tuple[str, ...]:
    """Return x0, x1, ..., the names of columns that have none."""
    return tuple(f"x{i}" for i in range(d))


def _shrink(values: Float64[np.ndarray, "n d"]) -> tuple[Float64[np.ndarray, "n d"], Int[np.ndarray, " d"]]:
    """Return columns of size about 1 and the powers of two taken out: squares of them cannot overflow."""
    exponents = np.frexp(np.abs(values).max(axis=0))[1]
    return np.ldexp(values, -exponents), exponents


def _check_shapes(data: Dataset) -> None:
    d = data.d
    lengths = {
        "names": len(data.names),
        "kinds": len(data.kinds),
        "cardinalities": len(data.cardinalities),
        "states": len(data.states),
        "means": len(data.means),
        "scales": len(data.scales),
    }
    for field, length in lengths.items():
        if length != d:
            raise DataError(
                f"{field} has {length} entries for the {d} columns of values: one per column is needed."
            )
    if data.intervened is not None and data.intervened.shape != data.values.shape:
        raise DataError(
            f"intervened has shape {data.intervened.shape}, values {data.values.shape}: they must agree."
        )
    if data.true_graph is not None and data.true_graph.shape != (d, d):
        raise DataError(
            f"true_graph has shape {data.true_graph.shape} for {d} columns: ({d}, {d}) is needed."
        )


def _check_one_kind(data: Dataset) -> None:
    kinds = np.array(data.kinds)
    continuous, discrete = kinds == "continuous", kinds == "discrete"
    if not (continuous | discrete).all():
        raise DataError(
            f"kinds are 'continuous' or 'discrete', not {quoted(kinds[~(continuous | discrete)])}."
        )
    if continuous.any() and discrete.any():
        numeric = np.array(data.names)[continuous]
        labelled = np.array(data.names)[discrete]
        raise DataError(
            f"numeric and discrete columns cannot be mixed: {quoted(numeric)} numeric, {quoted(labelled)} "
            f"discrete. Keep one kind: --drop {_flag(labelled)} (drop=[...]), or --discrete {_flag(numeric)} "
            "(or --discrete all) if the numbers are codes of categories."
        )


def _check_cells(data: Dataset) -> None:
    infinite = ~np.isfinite(data.values)
    if infinite.any():
        j = int(infinite.any(axis=0).argmax())
        raise DataError(
            f"column '{data.names[j]}' has values that are not finite ({row_numbers(infinite[:, j])}): "
            "correct or drop them."
        )
    if data.kind == "discrete":
        for name, codes, labels, r in zip(
            data.names, data.values.T, data.states, data.cardinalities, strict=True
        ):
            if len(set(labels)) != r:
                raise DataError(
                    f"column '{name}' has {r} states but {len(set(labels))} distinct labels: "
                    "one each is needed."
                )
            if not np.isin(codes, np.arange(r)).all():
                raise DataError(
                    f"column '{name}' has codes other than the whole numbers 0 to {r - 1} of its states."
                )


def _check_not_constant(data: Dataset) -> None:
    if data.kind == "continuous":
        shrunk, _ = _shrink(data.values)
        constant = shrunk.std(axis=0) <= NEGLIGIBLE_SPREAD * np.abs(shrunk).max(axis=0)
    else:
        constant = np.array(data.cardinalities) < 2  # a state that did not occur in this sample still counts
    if constant.any():
        j = int(constant.argmax())
        cell = data.states[j][0] if data.kind == "discrete" else f"{data.values[0, j]:g}"
        names = np.array(data.names)[constant]
        subject = f"column{'s' if len(names) > 1 else ''} {quoted(names)} {'are' if len(names) > 1 else 'is'}"
        raise DataError(
            f"{subject} constant ('{data.names[j]}' is {cell} in every row), so the data say "
            f"nothing about edges: leave out with --drop {_flag(names)} (drop=[...])."
        )


def _flag(names: Iterable[str]) -> str:
    """Return names as a command line option takes them."""
    joined = ",".join(names)
    return f'"{joined}"' if " " in joined else joined
