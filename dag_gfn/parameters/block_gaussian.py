"""Parameters of Gaussian networks whose nodes own blocks of columns: their posterior given the graph."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar, final

import numpy as np
from jaxtyping import Bool, Float64, Int64

from dag_gfn.errors import OptionError
from dag_gfn.parameters.block_draws import block_networks, block_path_sums
from dag_gfn.parameters.node_columns import NodeColumns
from dag_gfn.parameters.units import in_standard_deviations
from dag_gfn.posterior import GraphPosterior


@final
@dataclass(frozen=True, eq=False)
class BlockGaussianBatch:
    r"""A batch of networks :math:`z_j = a_j + B_j^\top z_P + \varepsilon_j` over the D columns of a design.

    Attributes
    ----------
    widths : ndarray, shape (d,), int64
        Number of columns of each node.
    graphs : ndarray, shape (k, d, d), bool
        `graphs[s, i, j]` is True for the edge i → j (row → column).
    coefficients : ndarray, shape (k, D, D), float64
        `coefficients[s, a, b]` is the coefficient of column a in the equation of column b.
    intercepts : ndarray, shape (k, D), float64
    noise_covariances : ndarray, shape (k, D, w), float64
        Row a: the covariance of the noise of column a with that of the columns of its node, in their order; zero
        beyond the width of the node, w the largest width.

    Examples
    --------
    A node of two columns, of which the first acts on the other node:

    >>> import numpy as np
    >>> from dag_gfn.parameters.block_gaussian import BlockGaussianBatch
    >>> coefficients = np.array([[[0.0, 0.0, 2.0], [0.0, 0.0, 0.0], [0.0, 0.0, 0.0]]])
    >>> widths, graphs = np.array([2, 1]), np.array([[[False, True], [False, False]]])
    >>> networks = BlockGaussianBatch(widths, graphs, coefficients, np.ones((1, 3)), np.ones((1, 3, 2)))
    >>> networks.path_sums[0, :, 2].tolist(), networks.means()[0].tolist()
    ([2.0, 0.0, 1.0], [1.0, 1.0, 3.0])
    """

    widths: Int64[np.ndarray, " d"]
    graphs: Bool[np.ndarray, "k d d"]
    coefficients: Float64[np.ndarray, "k D D"]
    intercepts: Float64[np.ndarray, "k D"]
    noise_covariances: Float64[np.ndarray, "k D w"]

    @cached_property
    def path_sums(self) -> Float64[np.ndarray, "k D D"]:
        r"""The change of the mean of column b when column a is set one higher, in entry (s, a, b): :math:`(I-B)^{-1}`.

        It is exactly 0 where no path joins the nodes, and the identity within a node.
        """
        sums = np.zeros_like(self.coefficients)
        block_path_sums(self.coefficients, self.widths, self.graphs, sums)
        return sums

    def means(self) -> Float64[np.ndarray, "k D"]:
        """Return the mean of every column when nothing is set, shape (k, D)."""
        return np.einsum("ka,kab->kb", self.intercepts, self.path_sums)


@final
@dataclass(frozen=True, eq=False)
class BlockGaussianParameters:
    r"""Posterior of the parameters of a Gaussian network given its graph, where nodes own blocks of design columns.

    The formulas are those of :mod:`dag_gfn.parameters.block_draws`. Where each node owns one column they are those of
    :class:`LinearGaussianParameters`.

    Attributes
    ----------
    needed_statistics : tuple of str
        What `from_posterior` reads from the posterior's sufficient statistics.
    columns : NodeColumns
        What the design columns stand for.
    matrices : ndarray, shape (1, D, D) or (d, D, D), float64
        R, shared by the nodes, or one for each where interventions make them differ.
    centres : ndarray, shape (1, D) or (d, D), float64
        The posterior mean of the mean of all columns.
    spreads : ndarray, shape (D,), float64
        The standard deviation of each column over all rows (with interventions: over the rows of the first node).
    degrees : ndarray, shape (1,) or (d,), float64
        :math:`n + \alpha_w - D`.
    mean_weights : ndarray, shape (1,) or (d,), float64
        :math:`n + \alpha_\\mu`.

    References
    ----------
    Geiger and Heckerman, "Parameter priors for directed acyclic graphical models and the characterization of
    several probability distributions", Annals of Statistics 30 (2002).

    Examples
    --------
    A category that shifts a number by 3:

    >>> import numpy as np
    >>> import pandas as pd
    >>> import dag_gfn
    >>> from dag_gfn.parameters import parameter_posterior
    >>> rng = np.random.default_rng(0)
    >>> drug = rng.random(500) < 0.5
    >>> table = pd.DataFrame({"drug": np.where(drug, "yes", "no"), "pain": 3.0 * drug + rng.normal(size=500)})
    >>> posterior = dag_gfn.fit(table, progress=False)
    >>> parameters = parameter_posterior(posterior)
    >>> network = parameters.expected(np.array([[[False, True], [False, False]]]))
    >>> columns = parameters.columns
    >>> step = columns.point(0, {1: 1.0}) - columns.point(0, {0: 1.0})  # from no to yes
    >>> float((step @ network.path_sums[0, :1, 1:] * columns.scales[2])[0].round(1))
    3.0
    """

    needed_statistics: ClassVar[tuple[str, ...]] = (
        "num_rows",
        "block_means",
        "block_scatter",
        *NodeColumns.needed_statistics,
    )

    columns: NodeColumns
    matrices: Float64[np.ndarray, "nodes D D"]
    centres: Float64[np.ndarray, "nodes D"]
    spreads: Float64[np.ndarray, " D"]
    degrees: Float64[np.ndarray, " nodes"]
    mean_weights: Float64[np.ndarray, " nodes"]

    @classmethod
    def from_posterior(
        cls, posterior: GraphPosterior, statistics: Mapping[str, np.ndarray]
    ) -> "BlockGaussianParameters":
        """Return the parameters' posterior from statistics of a posterior of the score ``block``.

        They are the posterior's own, or those of one of its completed tables.

        Raises
        ------
        OptionError
            If `alpha_w` is not more than D + 1.
        """
        names, options = posterior.names, posterior.info["score_options"]
        size = statistics["block_scatter"].shape[-1]
        scatter = statistics["block_scatter"].reshape(-1, size, size)
        means = statistics["block_means"].reshape(-1, size)
        n = statistics["num_rows"][: len(scatter)].astype(np.float64)
        alpha_mu, alpha_w = float(options["alpha_mu"]), float(options["alpha_w"])
        if alpha_w <= size + 1:
            raise OptionError(
                f"alpha_w must be more than {size + 1} for {size} columns, not {alpha_w:g}: fit again"
            )
        t = alpha_mu * (alpha_w - size - 1.0) / (alpha_mu + 1.0)
        shrinkage = (n * alpha_mu / (n + alpha_mu))[:, None, None]
        spreads = np.sqrt(np.diagonal(scatter[0]) / max(n[0], 1.0))
        columns = NodeColumns.from_statistics(names, statistics)
        if in_standard_deviations(posterior.info):
            columns = columns.in_standard_deviations(means[0], spreads)
        return cls(
            columns=columns,
            matrices=t * np.eye(size) + scatter + shrinkage * means[:, :, None] * means[:, None, :],
            centres=(n / (n + alpha_mu))[:, None] * means,
            spreads=spreads,
            degrees=n + alpha_w - size,
            mean_weights=n + alpha_mu,
        )

    @property
    def d(self) -> int:
        """Number of nodes."""
        return len(self.columns.widths)

    @property
    def num_columns(self) -> int:
        """Number D of design columns."""
        return self.matrices.shape[-1]

    def expected(self, graphs: Bool[np.ndarray, "k d d"]) -> BlockGaussianBatch:
        """Return the posterior mean of all parameters given each graph.

        Effects are multilinear in the parameters of different nodes, which are independent. So the effects of the mean
        parameters are the posterior means of the effects.

        Parameters
        ----------
        graphs : ndarray, shape (k, d, d), bool
            `graphs[s, i, j]` is True for the edge i → j (row → column).
        """
        return self._networks(graphs, None)

    def sample(
        self, graphs: Bool[np.ndarray, "k d d"], *, rng: int | np.random.Generator
    ) -> BlockGaussianBatch:
        """Return one draw of all parameters for each graph; `rng` is a seed or a generator.

        Parameters
        ----------
        graphs : ndarray, shape (k, d, d), bool
            `graphs[s, i, j]` is True for the edge i → j (row → column).
        """
        return self._networks(graphs, np.random.default_rng(rng))

    def _networks(
        self, graphs: Bool[np.ndarray, "k d d"], rng: np.random.Generator | None
    ) -> BlockGaussianBatch:
        k, size, widths = len(graphs), self.num_columns, self.columns.widths
        coefficients, intercepts = np.zeros((k, size, size)), np.zeros((k, size))
        covariances = np.zeros((k, size, int(widths.max())))
        graphs = np.ascontiguousarray(graphs)
        block_networks(
            self.matrices,
            self.centres,
            self.degrees,
            self.mean_weights,
            widths,
            graphs,
            rng is not None,
            np.random.default_rng(0) if rng is None else rng,
            coefficients,
            intercepts,
            covariances,
        )
        return BlockGaussianBatch(widths, graphs, coefficients, intercepts, covariances)
