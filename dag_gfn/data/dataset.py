"""The Dataset that every score reads: a complete table of named columns, all continuous or all discrete."""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float64, Int

from dag_gfn.data.column_selection import check_names
from dag_gfn.data.distinct_rows import DistinctTable, distinct_rows
from dag_gfn.data.messages import one_line, option_value, quoted, row_numbers
from dag_gfn.errors import DataError

# A column whose standard deviation is below this part of its largest value counts as constant: float64 rounds so.
NEGLIGIBLE_SPREAD = 1e-12


@dataclass(frozen=True, eq=False)
class Dataset:
    """Complete observations of d variables, all continuous or all discrete.

    Parameters
    ----------
    values : ndarray, shape (n, d), float64
        Measured or z-scored values of continuous columns; codes 0..r-1 of discrete columns.
    names, kinds, cardinalities, states : tuples of length d
        `kinds[j]` is "continuous" or "discrete". A continuous column has cardinality 0 and states (); the
        code c of a discrete one stands for `states[j][c]`. States need not occur in the rows.
    means, scales : ndarray, shape (d,), float64
        Original value = value · scale + mean. They are 0 and 1 unless the table was standardized or centred.
    intervened : ndarray, shape (n, d), bool, or None
        True where the experimenter set the value. A mask without any True becomes None.
    true_graph : ndarray, shape (d, d), bool, or None
        `true_graph[i, j]` is True for the edge i → j (row → column), if the true graph is known.
    notes : tuple of str
        What was done while reading, one sentence each.

    Raises
    ------
    DataError
        If the table is too small or too wide, has values that are not finite, mixes both kinds, or has a
        constant column.

    Examples
    --------
    >>> import pandas as pd
    >>> import dag_gfn
    >>> data = dag_gfn.from_frame(pd.DataFrame({"job": ["cook", "nurse"] * 2, "smokes": ["no", "no", "yes", "yes"]}))
    >>> data.n, data.d, data.kind
    (4, 2, 'discrete')
    >>> data.states[0], data.values[:, 0].tolist()
    (('cook', 'nurse'), [0.0, 1.0, 0.0, 1.0])
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
        if self.intervened is not None and not self.intervened.any():
            object.__setattr__(self, "intervened", None)  # every cell was observed
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

    @cached_property
    def distinct_rows(self) -> DistinctTable:
        """The distinct rows of codes of a discrete table, in lexicographic order, with their counts.

        Examples
        --------
        >>> import numpy as np
        >>> import dag_gfn
        >>> data = dag_gfn.from_array(np.array([[0, 1], [1, 0], [0, 1]]), discrete="all")
        >>> data.distinct_rows.rows.tolist(), data.distinct_rows.counts.tolist()
        ([[0, 1], [1, 0]], [2, 1])
        """
        return distinct_rows(self.values, self.cardinalities)

    @property
    def is_standardized(self) -> bool:
        """Whether the columns are z-scored; a centred table is not.

        Examples
        --------
        >>> import numpy as np
        >>> import dag_gfn
        >>> data = dag_gfn.from_array(np.array([[1.0, 2.0], [3.0, 8.0]]))
        >>> data.is_standardized, data.center().is_standardized, data.standardize().is_standardized
        (False, False, True)
        """
        return bool((self.scales != 1).any())

    def standardize(self) -> "Dataset":
        """Return the table with z-scored columns; `means` and `scales` give the original values back.

        The standard deviation is that of the population (ddof = 0).

        Raises
        ------
        DataError
            If the columns are discrete.

        Examples
        --------
        >>> import numpy as np
        >>> import dag_gfn
        >>> data = dag_gfn.from_array(np.array([[1.0, 2.0], [3.0, 8.0]])).standardize()
        >>> data.values.tolist(), data.means.tolist(), data.scales.tolist()
        ([[-1.0, -1.0], [1.0, 1.0]], [2.0, 5.0], [1.0, 3.0])
        """
        if self.kind != "continuous":
            raise DataError(
                f"only continuous columns can be standardized, {quoted(self.names)} are discrete."
            )
        shrunk, exponents = _shrink(self.values)
        means, scales = shrunk.mean(axis=0), shrunk.std(axis=0)
        shrunk -= means  # in place, to save memory
        shrunk /= scales
        return replace(
            self,
            values=shrunk,
            means=self.means + self.scales * np.ldexp(means, exponents),
            scales=self.scales * np.ldexp(scales, exponents),
        )

    def center(self) -> "Dataset":
        """Return the table with columns of mean zero in their original units; `means` gives the values back.

        Raises
        ------
        DataError
            If the columns are discrete.

        Examples
        --------
        >>> import numpy as np
        >>> import dag_gfn
        >>> data = dag_gfn.from_array(np.array([[1.0, 2.0], [3.0, 8.0]])).center()
        >>> data.values.tolist(), data.means.tolist()
        ([[-1.0, -3.0], [1.0, 3.0]], [2.0, 5.0])
        """
        standardized = self.standardize()
        scales = standardized.scales / self.scales
        return replace(standardized, values=standardized.values * scales, scales=self.scales)

    def to_frame(self) -> pd.DataFrame:
        """Return the table in its original units and labels; discrete columns are categorical.

        Examples
        --------
        >>> import numpy as np
        >>> import dag_gfn
        >>> data = dag_gfn.from_array(np.array([[1.0, 2.0], [3.0, 8.0]]), ["a", "b"]).standardize()
        >>> data.to_frame().to_dict("list")
        {'a': [1.0, 3.0], 'b': [2.0, 8.0]}
        """
        if self.kind == "continuous":
            return pd.DataFrame(self.values * self.scales + self.means, columns=list(self.names))
        return pd.DataFrame(
            {
                name: pd.Categorical.from_codes(codes.astype(np.int64), categories=pd.Index(states))
                for name, codes, states in zip(self.names, self.values.T, self.states, strict=True)
            }
        )


def default_names(d: int) -> tuple[str, ...]:
    """Return x0, x1, ..., the names of d columns that were given no names.

    Examples
    --------
    >>> from dag_gfn.data.dataset import default_names
    >>> default_names(3)
    ('x0', 'x1', 'x2')
    """
    return tuple(f"x{i}" for i in range(d))


def _shrink(values: Float64[np.ndarray, "n d"]) -> tuple[Float64[np.ndarray, "n d"], Int[np.ndarray, " d"]]:
    """Return columns of largest absolute value in [0.5, 1), so that squares do not overflow, and the exponents of 2."""
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
        raise DataError(
            f"numeric and discrete columns cannot be mixed: {quoted(np.array(data.names)[continuous])} numeric, "
            f"{quoted(np.array(data.names)[discrete])} discrete. Keep one kind."
        )


def _check_cells(data: Dataset) -> None:
    for name, column in zip(data.names, data.values.T, strict=True):
        infinite = ~np.isfinite(column)
        if infinite.any():
            raise DataError(
                f"column '{one_line(name)}' has values that are not finite ({row_numbers(infinite)}): "
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
            if codes.min() < 0 or codes.max() >= r or (codes != np.floor(codes)).any():
                raise DataError(
                    f"column '{name}' has codes other than the whole numbers 0 to {r - 1} of its states."
                )


def _check_not_constant(data: Dataset) -> None:
    if data.kind == "continuous":
        constant = np.zeros(data.d, dtype=bool)
        for j in range(data.d):  # one column at a time, to save memory
            shrunk, _ = _shrink(data.values[:, j : j + 1])
            constant[j] = shrunk.std() <= NEGLIGIBLE_SPREAD * np.abs(shrunk).max()
    else:
        constant = np.array(data.cardinalities) < 2  # a state that did not occur in this sample still counts
    if constant.any():
        j = int(constant.argmax())
        cell = data.states[j][0] if data.kind == "discrete" else f"{data.values[0, j]:g}"
        names = np.array(data.names)[constant]
        subject = f"column{'s' if len(names) > 1 else ''} {quoted(names)} {'are' if len(names) > 1 else 'is'}"
        raise DataError(
            f"{subject} constant ('{one_line(data.names[j])}' is {one_line(cell)} in every row), so the data say "
            f"nothing about edges: leave out with --drop {option_value(names)} (drop=[...])."
        )
