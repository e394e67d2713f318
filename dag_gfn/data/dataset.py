"""The Dataset that every score reads: a table of named columns, numbers and codes, with what was not seen as NaN."""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float64, Int

from dag_gfn.data.column_selection import check_names
from dag_gfn.data.distinct_rows import DistinctTable, distinct_rows
from dag_gfn.data.messages import one_line, option_value, quoted, row_numbers
from dag_gfn.data.nodes import Groups, nodes_of
from dag_gfn.data.quantile_table import QuantileTable
from dag_gfn.data.roles import ColumnRole
from dag_gfn.errors import DataError
from dag_gfn.notebook import ShownInNotebook

KINDS = ("continuous", "discrete", "ordinal")
"""What a column may hold: numbers, codes of categories, codes in the order of the states."""

# A column whose standard deviation is below this part of its largest value counts as constant: float64 rounds so.
NEGLIGIBLE_SPREAD = 1e-12


@dataclass(frozen=True, eq=False)
class Dataset(ShownInNotebook):
    """Observations of d variables: numbers, categories, or both.

    Parameters
    ----------
    values : ndarray, shape (n, d), float64
        Measured or z-scored values of continuous columns; codes 0..r-1 of discrete and ordinal columns; NaN where
        the cell is missing.
    names, kinds, cardinalities, states : tuples of length d
        `kinds[j]` is "continuous", "discrete" or "ordinal". A continuous column has cardinality 0 and states (); the
        code c of another one stands for `states[j][c]`, and the states of an ordinal one are in their order. States
        need not occur in the rows.
    means, scales : ndarray, shape (d,), float64
        Original value = value · scale + mean. They are 0 and 1 unless the table was standardized or centred.
    intervened : ndarray, shape (n, d), bool, or None
        True where the experimenter set the value. A mask without any True becomes None.
    true_graph : ndarray, shape (d, d), bool, or None
        `true_graph[i, j]` is True for the edge i → j (row → column), if the true graph is known.
    notes : tuple of str
        What was done while reading, one sentence each.
    weights : ndarray, shape (n,), float64, or None
        How many rows each row stands for, positive. Weights that are all 1 become None.
    groups : tuple of (str, tuple of str)
        Columns that are one node of the graph: its name, and the names of the columns.
    roles : tuple of ColumnRole
        What became of every column of the source, also of those that were left out; empty where nobody decided.
    contexts : tuple of str
        Columns that can only be causes: experiments, batches, sites. They are categories without missing cells, and
        nothing is modelled about them.
    moments_only : bool
        Whether the rows are not observations, but weighted points with the moments of a covariance matrix.
    lags : int
        How many rows before it each row has as columns: the nodes are those of the present, then those one row before,
        and so on.
    margins : tuple of QuantileTable or None
        For each column that holds normal scores in the place of its numbers, the way back; empty where none does.
    own_values : ndarray, shape (n, d), float64, or None
        Where some do, the table before that.

    Raises
    ------
    DataError
        If the table is too small or too wide, has infinite values, a column without any value, or a constant column.

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
    weights: Float64[np.ndarray, " n"] | None = None
    groups: Groups = ()
    roles: tuple[ColumnRole, ...] = ()
    moments_only: bool = False
    contexts: tuple[str, ...] = ()
    lags: int = 0
    margins: tuple[QuantileTable | None, ...] = ()
    own_values: Float64[np.ndarray, "n d"] | None = None

    def __post_init__(self) -> None:
        check_names(self.names)
        _check_shapes(self)
        if self.intervened is not None and not self.intervened.any():
            object.__setattr__(self, "intervened", None)  # every cell was observed
        if self.n < 2:
            raise DataError(
                f"the table has {self.n} rows: at least 2 are needed, and many more to learn from."
            )
        _check_kinds(self)
        _check_weights(self)
        nodes_of(self.names, self.groups)  # refuses groups of unknown or repeated columns
        _check_cells(self)
        _check_contexts(self)
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
        """ "continuous" or "discrete" (categories, ordered or not) where all columns are, else "mixed"."""
        numeric = [kind == "continuous" for kind in self.kinds]
        return "continuous" if all(numeric) else "mixed" if any(numeric) else "discrete"

    @property
    def has_ordinal(self) -> bool:
        """Whether any column has ordered states."""
        return "ordinal" in self.kinds

    @cached_property
    def missing(self) -> Bool[np.ndarray, "n d"]:
        """True where a cell was not seen, shape (n, d)."""
        return np.isnan(self.values)

    @cached_property
    def has_missing(self) -> bool:
        """Whether any cell was not seen."""
        return bool(self.missing.any())

    @property
    def total_weight(self) -> float:
        """How many rows the table stands for: the sum of the weights, or the number of rows."""
        return float(self.n) if self.weights is None else float(self.weights.sum())

    @cached_property
    def nodes(self) -> tuple[str, ...]:
        """The names of the graph's nodes: the columns, and a group at the place of its first column.

        Examples
        --------
        >>> import numpy as np
        >>> import dag_gfn
        >>> from dataclasses import replace
        >>> data = dag_gfn.from_array(np.random.default_rng(0).normal(size=(9, 3)), ["rain", "age", "wind"])
        >>> grouped = replace(data, groups=(("weather", ("rain", "wind")),))
        >>> grouped.nodes, grouped.node_columns
        (('weather', 'age'), ((0, 2), (1,)))
        """
        return tuple(name for name, _ in nodes_of(self.names, self.groups))

    @cached_property
    def node_columns(self) -> tuple[tuple[int, ...], ...]:
        """The columns of each node, by position; see `nodes`."""
        return tuple(columns for _, columns in nodes_of(self.names, self.groups))

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

        The standard deviation is that of the population (ddof = 0), of the cells that were seen. Codes of
        categories stay as they are.

        Raises
        ------
        DataError
            If no column is continuous.

        Examples
        --------
        >>> import numpy as np
        >>> import dag_gfn
        >>> data = dag_gfn.from_array(np.array([[1.0, 2.0], [3.0, 8.0]])).standardize()
        >>> data.values.tolist(), data.means.tolist(), data.scales.tolist()
        ([[-1.0, -1.0], [1.0, 1.0]], [2.0, 5.0], [1.0, 3.0])
        """
        if self.kind == "discrete":
            raise DataError(
                f"only continuous columns can be standardized, {quoted(self.names)} are discrete."
            )
        shrunk, exponents = _shrink(self.values)
        means, scales = _means_and_scales(shrunk, self.weights, complete=not self.has_missing)
        codes = [kind != "continuous" for kind in self.kinds]
        means[codes], scales[codes] = 0.0, 1.0
        shrunk -= means  # in place, to save memory
        shrunk /= scales
        shrunk[:, codes] = self.values[:, codes]
        exponents[codes] = 0
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
            If no column is continuous.

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

    def of_rows(
        self,
        rows: Int[np.ndarray, " k"] | Bool[np.ndarray, " n"],
        *,
        weights: Float64[np.ndarray, " k"] | None = None,
    ) -> "Dataset":
        """Return the table of some rows, with these weights; the scale of the columns stays.

        Parameters
        ----------
        rows : ndarray, shape (k,) of int, or (n,) of bool
            Positions, which may repeat, or which rows to keep.
        weights : ndarray, shape (k,), float64, optional

        Examples
        --------
        >>> import numpy as np
        >>> import dag_gfn
        >>> dag_gfn.from_array(np.array([[1.0, 2.0], [3.0, 8.0]])).of_rows(np.array([1, 1, 0])).values[:, 0].tolist()
        [3.0, 3.0, 1.0]
        """
        return replace(
            self,
            values=self.values[rows],
            intervened=None if self.intervened is None else self.intervened[rows],
            own_values=None if self.own_values is None else self.own_values[rows],
            weights=weights,
        )

    def to_frame(self) -> pd.DataFrame:
        """Return the table in its original units and labels; discrete columns are categorical, ordinal ones ordered.

        Examples
        --------
        >>> import numpy as np
        >>> import dag_gfn
        >>> data = dag_gfn.from_array(np.array([[1.0, 2.0], [3.0, 8.0]]), ["a", "b"]).standardize()
        >>> data.to_frame().to_dict("list")
        {'a': [1.0, 3.0], 'b': [2.0, 8.0]}
        """
        original = self.values * self.scales + self.means
        if self.kind == "continuous":
            return pd.DataFrame(original, columns=list(self.names))
        return pd.DataFrame(
            {
                name: values
                if kind == "continuous"
                else pd.Categorical.from_codes(
                    np.where(np.isnan(values), -1, values).astype(np.int64),
                    categories=pd.Index(states),
                    ordered=kind == "ordinal",
                )
                for name, kind, values, states in zip(
                    self.names, self.kinds, original.T, self.states, strict=True
                )
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
    exponents = np.frexp(np.fmax.reduce(np.abs(values), axis=0))[1]
    return np.ldexp(values, -exponents), exponents


def _means_and_scales(
    values: Float64[np.ndarray, "n d"], weights: Float64[np.ndarray, " n"] | None, *, complete: bool
) -> tuple[Float64[np.ndarray, " d"], Float64[np.ndarray, " d"]]:
    """Return the means and population standard deviations of the cells that were seen."""
    if complete and weights is None:
        return values.mean(axis=0), values.std(axis=0)
    seen = ~np.isnan(values)
    share = seen * (1.0 if weights is None else weights[:, None])
    share = share / share.sum(axis=0)
    filled = np.where(seen, values, 0.0)
    means = (share * filled).sum(axis=0)
    return means, np.sqrt((share * (filled - means) ** 2).sum(axis=0))


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


def _check_kinds(data: Dataset) -> None:
    unknown = sorted(set(data.kinds) - set(KINDS))
    if unknown:
        raise DataError(f"kinds are 'continuous', 'discrete' or 'ordinal', not {quoted(unknown)}.")


def _check_weights(data: Dataset) -> None:
    weights = data.weights
    if weights is None:
        return
    if weights.shape != (data.n,):
        raise DataError(f"weights has shape {weights.shape} for {data.n} rows: one for each row is needed.")
    wrong = ~(np.isfinite(weights) & (weights > 0))
    if wrong.any():
        raise DataError(
            f"weights must be positive and finite, but {wrong.sum()} of {data.n} are not ({row_numbers(wrong)}): "
            "correct them, or leave these rows out."
        )
    if (weights == 1).all():
        object.__setattr__(data, "weights", None)


def _check_cells(data: Dataset) -> None:
    for name, column in zip(data.names, data.values.T, strict=True):
        infinite = np.isinf(column)
        if infinite.any():
            raise DataError(
                f"column '{one_line(name)}' has infinite values ({row_numbers(infinite)}): correct or drop them."
            )
        if np.isnan(column).all():
            raise DataError(
                f"column '{one_line(name)}' has no value in any row: leave it out with --drop "
                f"{option_value([name])} (drop=[...])."
            )
    for name, kind, codes, labels, r in zip(
        data.names, data.kinds, data.values.T, data.states, data.cardinalities, strict=True
    ):
        if kind == "continuous":
            continue
        if len(set(labels)) != r:
            raise DataError(
                f"column '{name}' has {r} states but {len(set(labels))} distinct labels: one each is needed."
            )
        seen = codes[~np.isnan(codes)]
        if seen.min() < 0 or seen.max() >= r or (seen != np.floor(seen)).any():
            raise DataError(
                f"column '{name}' has codes other than the whole numbers 0 to {r - 1} of its states."
            )


def _check_contexts(data: Dataset) -> None:
    for name in data.contexts:
        if name not in data.names:
            raise DataError(
                f"context '{one_line(name)}' is no column of the table: {quoted(data.names)} are."
            )
        j = data.names.index(name)
        if data.kinds[j] != "discrete" or any(name in members for _, members in data.groups):
            raise DataError(
                f"context '{one_line(name)}' must be a category of its own: name it in --context (context=...) when "
                "the table is read, and in no group."
            )
        absent = np.isnan(data.values[:, j])
        if absent.any():
            raise DataError(
                f"context '{one_line(name)}' has {absent.sum()} missing cells ({row_numbers(absent)}), and nothing is "
                "modelled about a context: fill them in, make a level of them with --missing level "
                "(missing='level'), or leave these rows out with --missing drop."
            )
        if data.intervened is not None and data.intervened[:, j].any():
            raise DataError(
                f"context '{one_line(name)}' is named among the variables that were set: a context says in which "
                "experiment a row was made, so leave it out there."
            )
    if data.contexts and len(data.contexts) >= len(data.nodes):
        raise DataError("every column is a context: at least one must be a variable that they can act on.")


def _check_not_constant(data: Dataset) -> None:
    constant = np.array(data.cardinalities) < 2  # a state that did not occur in this sample still counts
    for j in [
        j for j, kind in enumerate(data.kinds) if kind == "continuous"
    ]:  # one at a time, to save memory
        shrunk, _ = _shrink(data.values[:, j : j + 1])
        constant[j] = np.nanstd(shrunk) <= NEGLIGIBLE_SPREAD * np.nanmax(np.abs(shrunk))
    if constant.any():
        j = int(constant.argmax())
        cell = f"{np.nanmax(data.values[:, j]):g}" if data.kinds[j] == "continuous" else data.states[j][0]
        names = np.array(data.names)[constant]
        subject = f"column{'s' if len(names) > 1 else ''} {quoted(names)} {'are' if len(names) > 1 else 'is'}"
        raise DataError(
            f"{subject} constant ('{one_line(data.names[j])}' is {one_line(cell)} in every row), so the data say "
            f"nothing about edges: leave out with --drop {option_value(names)} (drop=[...])."
        )
