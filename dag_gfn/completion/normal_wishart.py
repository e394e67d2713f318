r"""Draws of the parameters of a Gaussian DAG model whose nodes own blocks of columns.

Their distribution given complete rows is that of :mod:`dag_gfn.parameters.block_draws`. One node that owns all columns
is the saturated model, and so is the complete DAG of any order.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import no_type_check

import numpy as np
from jaxtyping import Bool, Float64, Int64
from numba import njit

from dag_gfn.errors import OptionError
from dag_gfn.parameters.block_draws import draw_family, factor_columns
from dag_gfn.scores.gaussian_minors import centred_scatter


@dataclass(frozen=True, eq=False)
class NormalWishartPrior:
    """The prior of BGe over D columns.

    Attributes
    ----------
    alpha_mu : float
        Prior weight of the mean, in rows.
    alpha_w : float
        Degrees of freedom of the Wishart prior, more than D + 1.
    mean_obs : array, shape (D,), float64
        Prior mean.

    Examples
    --------
    >>> from dag_gfn.completion.normal_wishart import NormalWishartPrior
    >>> prior = NormalWishartPrior.of(3)
    >>> prior.alpha_w, prior.t
    (5.0, 0.5)
    """

    alpha_mu: float
    alpha_w: float
    mean_obs: Float64[np.ndarray, " D"]

    @classmethod
    def of(
        cls,
        num_columns: int,
        *,
        alpha_mu: float | int = 1.0,
        alpha_w: float | int | None = None,
        mean_obs: float | int | Float64[np.ndarray, " D"] = 0.0,
    ) -> "NormalWishartPrior":
        """Return the prior of BGe with its default values: alpha_w = D + 2.

        Raises
        ------
        OptionError
            If alpha_mu is not positive, or alpha_w is at most D + 1.
        """
        degrees = num_columns + 2.0 if alpha_w is None else float(alpha_w)
        if not alpha_mu > 0:
            raise OptionError(f"alpha_mu must be positive, not {alpha_mu}")
        if not degrees > num_columns + 1:
            raise OptionError(
                f"alpha_w must be more than D + 1 = {num_columns + 1} for the D = {num_columns} columns of the "
                f"model, not {degrees:g} (default {num_columns + 2})"
            )
        mean = np.array(np.broadcast_to(np.asarray(mean_obs, dtype=np.float64), (num_columns,)))
        return cls(float(alpha_mu), degrees, mean)

    @property
    def num_columns(self) -> int:
        """Number of columns D."""
        return len(self.mean_obs)

    @property
    def t(self) -> float:
        """The scale of the prior, T = t I."""
        return self.alpha_mu * (self.alpha_w - self.num_columns - 1.0) / (self.alpha_mu + 1.0)

    def after(
        self,
        values: Float64[np.ndarray, "n D"],
        *,
        weights: Float64[np.ndarray, " n"] | None = None,
        intervened: Bool[np.ndarray, "n nodes"] | None = None,
    ) -> "TableMoments":
        """Return what the posterior needs to know of a complete table.

        Parameters
        ----------
        values : array, shape (n, D), float64
        weights : array, shape (n,), float64, optional
            How many rows each row stands for.
        intervened : array, shape (n, nodes), bool, optional
            Where a node was set: such rows do not count for it.
        """
        n = len(values)
        weights = np.ones(n) if weights is None else weights
        if intervened is None or not intervened.any():
            used, line = (
                [np.ones(n, dtype=bool)],
                np.zeros(self.num_columns if intervened is None else intervened.shape[1], dtype=np.int64),
            )
        else:
            rows, line = np.unique(~intervened, axis=1, return_inverse=True)
            used, line = list(rows.T), np.asarray(line, dtype=np.int64).reshape(-1)
        k, d = len(used), self.num_columns
        totals, means, scatters = np.zeros(k), np.zeros((k, d)), np.zeros((k, d, d))
        for i, chosen in enumerate(used):
            totals[i] = weights[chosen].sum()
            if totals[i] > 0:
                means[i], scatters[i] = _weighted_scatter(values[chosen], weights[chosen])
        return TableMoments(self, totals, means, scatters, line)


@dataclass(frozen=True, eq=False)
class TableMoments:
    """Rows as the posterior of a Gaussian model sees them: their number, mean and scatter.

    Attributes
    ----------
    prior : NormalWishartPrior
    totals : array, shape (k,), float64
        Total weight of the rows; k is 1, or more where nodes were set in some rows.
    means : array, shape (k, D), float64
    scatters : array, shape (k, D, D), float64
        Weighted sums of products of deviations from the means.
    line : array of int64
        Which of the k belongs to each node; all entries are 0 if k is 1, and then the length may be any.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.completion.normal_wishart import NormalWishartPrior
    >>> moments = NormalWishartPrior.of(1).after(np.array([[1.0], [3.0]]))
    >>> moments.matrices.tolist()  # 0.5 + 2 + (2 / 3) * 2 * 2
    [[[5.166666666666666]]]
    """

    prior: NormalWishartPrior
    totals: Float64[np.ndarray, " k"]
    means: Float64[np.ndarray, "k D"]
    scatters: Float64[np.ndarray, "k D D"]
    line: Int64[np.ndarray, " nodes"]

    @property
    def matrices(self) -> Float64[np.ndarray, "k D D"]:
        """Return R of each."""
        off = self.means - self.prior.mean_obs
        shrinkage = self.totals * self.prior.alpha_mu / (self.totals + self.prior.alpha_mu)
        return (
            self.prior.t * np.eye(self.prior.num_columns)
            + self.scatters
            + shrinkage[:, None, None] * off[:, :, None] * off[:, None, :]
        )

    @property
    def centres(self) -> Float64[np.ndarray, "k D"]:
        """Return the posterior mean of the mean of each."""
        share = (self.totals / (self.totals + self.prior.alpha_mu))[:, None]
        return share * self.means + (1.0 - share) * self.prior.mean_obs

    def line_of(self, d: int) -> Int64[np.ndarray, " d"]:
        """Return which of the k belongs to each of d nodes."""
        return self.line if len(self.totals) > 1 else np.zeros(d, dtype=np.int64)


class BlockLayout:
    """Which columns each node owns, as the compiled functions take it.

    Examples
    --------
    >>> from dag_gfn.completion.normal_wishart import BlockLayout
    >>> layout = BlockLayout([[0], [1, 2]])
    >>> layout.columns.tolist(), layout.widths.tolist()
    ([[0, 0], [1, 2]], [1, 2])
    >>> BlockLayout.saturated(3).columns.tolist()  # one node owns all
    [[0, 1, 2]]
    """

    def __init__(self, nodes: Sequence[Sequence[int]]):
        owned = [list(node) for node in nodes]
        self.widths = np.array([len(node) for node in owned], dtype=np.int64)
        self.columns = np.zeros((len(owned), int(self.widths.max())), dtype=np.int64)
        for j, node in enumerate(owned):
            self.columns[j, : len(node)] = node

    @classmethod
    def saturated(cls, num_columns: int) -> "BlockLayout":
        """Return the layout of one node that owns all columns: a normal distribution without structure."""
        return cls([list(range(num_columns))])

    @property
    def d(self) -> int:
        """Number of nodes."""
        return len(self.widths)


@dataclass(frozen=True, eq=False)
class GaussianParameters:
    """The density of a row in each regime, proportional to exp(h x - x Omega x / 2).

    Attributes
    ----------
    linear : array, shape (regimes, D), float64
        h.
    precision : array, shape (regimes, D, D), float64
        Omega; singular where nodes were set.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.completion.normal_wishart import GaussianParameters
    >>> GaussianParameters(np.array([[1.0]]), np.array([[[2.0]]])).mean.tolist()
    [0.5]
    """

    linear: Float64[np.ndarray, "regimes D"]
    precision: Float64[np.ndarray, "regimes D D"]

    @property
    def mean(self) -> Float64[np.ndarray, " D"]:
        """Return the mean of a row in the first regime."""
        return np.linalg.solve(self.precision[0], self.linear[0])


def draw_parameters(
    moments: TableMoments,
    layout: BlockLayout,
    parents: Int64[np.ndarray, " d"],
    *,
    rng: np.random.Generator,
    targets: Bool[np.ndarray, "regimes d"] | None = None,
) -> GaussianParameters:
    """Return one draw of the parameters given a DAG.

    Parameters
    ----------
    moments : TableMoments
    layout : BlockLayout
    parents : array, shape (d,), int64
        Bitmasks of the parents of each node.
    rng : numpy.random.Generator
    targets : array, shape (regimes, d), bool, optional
        Which nodes were set in each regime; their factors are left out there. One regime without any when left out.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.completion.normal_wishart import BlockLayout, NormalWishartPrior, draw_parameters
    >>> rng = np.random.default_rng(0)
    >>> x = rng.normal(size=10_000)
    >>> moments = NormalWishartPrior.of(2).after(np.column_stack([x, 2.0 * x + rng.normal(size=10_000)]))
    >>> drawn = draw_parameters(moments, BlockLayout([[0], [1]]), np.array([0b00, 0b01]), rng=rng)
    >>> drawn.precision[0].round(1).tolist()  # variance 1 of the residual, coefficient 2
    [[5.0, -2.0], [-2.0, 1.0]]
    """
    d = layout.d
    targets = np.zeros((1, d), dtype=bool) if targets is None else targets
    num_columns = moments.prior.num_columns
    linear = np.zeros((len(targets), num_columns))
    precision = np.zeros((len(targets), num_columns, num_columns))
    degrees = moments.totals + moments.prior.alpha_w - num_columns
    weights = moments.totals + moments.prior.alpha_mu
    statistics = moments.matrices, moments.centres, degrees, weights, moments.line_of(d)
    _draw_nodes(*statistics, layout.columns, layout.widths, parents, targets, rng, linear, precision)
    return GaussianParameters(linear, precision)


def _weighted_scatter(
    values: Float64[np.ndarray, "n D"], weights: Float64[np.ndarray, " n"]
) -> tuple[Float64[np.ndarray, " D"], Float64[np.ndarray, "D D"]]:
    """Return the weighted mean, and the weighted sums of products of deviations from it."""
    if (weights == 1.0).all():
        return centred_scatter(values)
    mean = weights @ values / weights.sum()
    centred = values - mean
    rest = weights @ centred / weights.sum()
    centred -= rest
    return mean + rest, (centred * weights[:, None]).T @ centred


# The test run's annotation checker would wrap the functions that Numba compiles; @no_type_check keeps it off.


@njit(cache=True, nogil=True)
@no_type_check
def _draw_nodes(
    matrices,
    centres,
    degrees,
    weights,
    line,
    columns,
    widths,
    parents,
    targets,
    rng,
    linear,
    precision,
):
    """Draw the parameters of all nodes, and add each node's factor to h and Omega of the regimes."""
    num_columns = matrices.shape[1]
    factor = np.empty((num_columns, num_columns))
    members = np.empty(num_columns, np.int64)
    most = columns.shape[1]
    slopes, spread, intercept = np.zeros((num_columns, most)), np.zeros((most, most)), np.zeros(most)
    for node in range(len(widths)):
        own, width, size = line[node], widths[node], 0
        for i in range(len(widths)):
            if parents[node] >> i & 1:
                for a in range(widths[i]):
                    members[size] = columns[i, a]
                    size += 1
        for a in range(width):
            members[size + a] = columns[node, a]
        factor_columns(matrices[own], members, 0, size + width, factor)
        freedom = degrees[own] + size + width
        draw_family(
            factor, centres[own], members, size, width, freedom, weights[own], rng, slopes, spread, intercept
        )
        # the density is that of C^-1 (x_j - a - B^T x_P), which is standard normal
        inverse = np.linalg.inv(spread[:width, :width])
        shift = np.zeros(width)  # C^-1 a
        for b in range(width):
            for a in range(width):
                shift[b] += inverse[b, a] * intercept[a]
        whitener = np.zeros((size + width, width))  # [-B; I] C^-T
        for b in range(width):
            for p in range(size):
                for a in range(width):
                    whitener[p, b] -= slopes[p, a] * inverse[b, a]
            for a in range(width):
                whitener[size + a, b] = inverse[b, a]
        product = whitener @ whitener.T
        for g in range(len(targets)):
            if targets[g, node]:
                continue
            for a in range(size + width):
                for b in range(size + width):
                    precision[g, members[a], members[b]] += product[a, b]
                for b in range(width):
                    linear[g, members[a]] += whitener[a, b] * shift[b]
