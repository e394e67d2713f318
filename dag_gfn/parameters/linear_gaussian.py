"""Coefficients, intercepts and noise variances of linear-Gaussian networks: their posterior given the graph."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar, final

import numpy as np
from jaxtyping import Bool, Float64

from dag_gfn.errors import NotTractable
from dag_gfn.graphs import graph, subsets
from dag_gfn.parameters.units import in_standard_deviations
from dag_gfn.posterior import GraphPosterior

_LARGEST = 1e290
"""Largest coefficient, intercept or variance: sums over draws stay finite below it."""


@final
@dataclass(frozen=True, eq=False)
class LinearGaussianBatch:
    r"""A batch of networks :math:`x_j = m_j + \sum_i B_{ij} x_i + \varepsilon_j`, in the data's original units.

    Attributes
    ----------
    coefficients : ndarray, shape (k, d, d), float64
        `coefficients[s, i, j]` is the coefficient of i in the equation of j, 0 unless i → j (row → column).
    intercepts : ndarray, shape (k, d), float64
    noise_variances : ndarray, shape (k, d), float64
        Of every :math:`\varepsilon_j`.

    Examples
    --------
    The chain 0 -> 1 -> 2 with coefficients 2 and 3:

    >>> import numpy as np
    >>> from dag_gfn.parameters import LinearGaussianBatch
    >>> coefficients = np.array([[[0.0, 2.0, 0.0], [0.0, 0.0, 3.0], [0.0, 0.0, 0.0]]])
    >>> networks = LinearGaussianBatch(coefficients, np.array([[1.0, 0.0, 0.0]]), np.ones((1, 3)))
    >>> networks.total_effects()[0].tolist()
    [[0.0, 2.0, 6.0], [0.0, 0.0, 3.0], [0.0, 0.0, 0.0]]
    >>> networks.interventional_means(1, 5.0)[0].tolist()
    [1.0, 5.0, 15.0]
    """

    coefficients: Float64[np.ndarray, "k d d"]
    intercepts: Float64[np.ndarray, "k d"]
    noise_variances: Float64[np.ndarray, "k d"]

    def total_effects(self) -> Float64[np.ndarray, "k d d"]:
        r"""Return :math:`T = (I - B)^{-1}` with a zero diagonal.

        `T[s, i, j]` is the change of the mean of j when i is set one unit higher, summed over all directed
        paths. It is exactly 0 where no path leads from i to j.
        """
        effects = self._path_sums()
        diagonal = np.arange(effects.shape[-1])
        effects[:, diagonal, diagonal] = 0.0
        return effects

    def means(self) -> Float64[np.ndarray, "k d"]:
        """Return the mean of every variable when nothing is set, shape (k, d)."""
        return np.einsum("ki,kij->kj", self.intercepts, self._path_sums())

    def interventional_means(self, node: int, value: float | int) -> Float64[np.ndarray, "k d"]:
        r"""Return the mean of every variable when `node` is set to `value`, shape (k, d).

        :math:`E[x_j \mid do(x_i = v)] = E[x_j] + T_{ij} (v - E[x_i])`: subtracting :math:`E[x_i]` removes the
        influence of the causes of i.
        """
        paths = self._path_sums()
        means = np.einsum("ki,kij->kj", self.intercepts, paths)
        set_means = means + paths[:, node] * (value - means[:, [node]])
        set_means[:, node] = value
        return set_means

    def _path_sums(self) -> Float64[np.ndarray, "k d d"]:
        """Return (I - B)^-1, exactly zero where no path joins two nodes.

        Column j is e_j + sum_i B_ij column i, so columns are computed with causes before effects.
        """
        k, d, _ = self.coefficients.shape
        ancestor = graph.transitive_closure(self.coefficients != 0.0)
        # a node has more ancestors than each of its causes: ascending counts are a topological order
        order = ancestor.sum(axis=1).argsort(axis=1, kind="stable")
        draws = np.arange(k)
        paths = np.zeros((k, d, d))
        for j in order.T:  # (k,): the next node of every graph
            column = np.einsum("kij,kj->ki", paths, self.coefficients[draws, :, j])
            column[draws, j] = 1.0
            paths[draws, :, j] = column
        return paths


@final
@dataclass(frozen=True, eq=False)
class LinearGaussianParameters:
    r"""Posterior of the parameters of a linear-Gaussian network given its graph.

    Nodes are independent given the graph. In the units that were scored, with P the parents of j, k their
    number and M the matrix of the node's score,

    .. math::
        \sigma_j^2 &\sim \text{InvGamma}(\tfrac12 \nu_j, \tfrac12 M_{j|P}), \quad \nu_j = n_j + \alpha_w - d + k + 1
        \\
        b_j \mid \sigma_j^2 &\sim N(M_{PP}^{-1} M_{Pj},\; \sigma_j^2 M_{PP}^{-1})
        \\
        m_j \mid b_j, \sigma_j^2 &\sim N(\mu_j - b_j^\top \mu_P,\; \sigma_j^2 / (n_j + \alpha_\mu))

    For BGe M is R, and :math:`\mu = (\alpha_\mu \nu + n \bar x) / (\alpha_\mu + n)`. The third line follows from
    :math:`\mu \mid W \sim N(\mu_n, (\alpha_\mu + n)^{-1} W^{-1})`: the residual of the mean of j on the means of
    P has variance :math:`\sigma_j^2` times the same factor, whatever the means of P are. For the linear-Gaussian
    score :math:`M = X^\top X + \lambda I`, the noise variance is known and there is no intercept.

    Attributes
    ----------
    needed_statistics : tuple of str
        What `from_posterior` reads from the posterior's sufficient statistics.
    matrices : ndarray, shape (1, d, d) or (d, d, d), float64
        M, shared by the nodes, or one for each where interventions make them differ.
    centres : ndarray, shape (1, d) or (d, d), float64
        The posterior mean of all columns; zero for the linear-Gaussian score.
    degrees : ndarray, shape (1,) or (d,), float64
        :math:`n + \alpha_w - d + 1`.
    mean_weights : ndarray, shape (1,) or (d,), float64
        :math:`n + \alpha_\mu`; infinite where the intercept is known.
    noise_variance : float or None
        Known, or None where it is inferred.
    means, scales : ndarray, shape (d,), float64
        Original value = scored value · scales + means; 0 and 1 where ranks were scored, which have no units.

    References
    ----------
    Geiger and Heckerman, "Parameter priors for directed acyclic graphical models and the characterization of
    several probability distributions", Annals of Statistics 30 (2002). Viinikka, Hyttinen, Pensar and
    Koivisto, "Towards scalable Bayesian learning of causal DAGs", NeurIPS 2020, section 5.

    Examples
    --------
    >>> import numpy as np
    >>> import dag_gfn
    >>> from dag_gfn.parameters import parameter_posterior
    >>> rng = np.random.default_rng(0)
    >>> x = rng.normal(size=500)
    >>> posterior = dag_gfn.fit(np.column_stack([x, 2.0 * x + rng.normal(size=500)]), progress=False)
    >>> parameters = parameter_posterior(posterior)
    >>> graphs = np.repeat(np.array([[[False, True], [False, False]]]), 4000, axis=0)
    >>> draws = parameters.sample(graphs, rng=1).coefficients[:, 0, 1]
    >>> float(parameters.expected(graphs[:1]).coefficients[0, 0, 1].round(3)), float(draws.mean().round(3))
    (2.003, 2.003)
    >>> float(draws.std().round(3))  # about 1 / sqrt(500)
    0.041
    """

    needed_statistics: ClassVar[tuple[str, ...]] = ("num_rows", "means", "scales", "column_means", "scatter")

    matrices: Float64[np.ndarray, "nodes d d"]
    centres: Float64[np.ndarray, "nodes d"]
    degrees: Float64[np.ndarray, " nodes"]
    mean_weights: Float64[np.ndarray, " nodes"]
    noise_variance: float | None
    means: Float64[np.ndarray, " d"]
    scales: Float64[np.ndarray, " d"]

    @classmethod
    def from_posterior(
        cls, posterior: GraphPosterior, statistics: Mapping[str, np.ndarray]
    ) -> "LinearGaussianParameters":
        """Return the parameters' posterior from statistics of a posterior of the score ``bge`` or ``linear_gaussian``.

        They are the posterior's own, or those of one of its completed tables.
        """
        options = posterior.info["score_options"]
        d = posterior.d
        units = {"means": statistics["means"], "scales": statistics["scales"]}
        if in_standard_deviations(posterior.info):
            units = {"means": np.zeros(d), "scales": np.ones(d)}
        scatter = statistics["scatter"].reshape(-1, d, d)
        means = statistics["column_means"].reshape(-1, d)
        n = statistics["num_rows"][: len(scatter)].astype(np.float64)
        if posterior.info["score"] == "linear_gaussian":
            ridge = options["noise_variance"] / options["weight_variance"]
            products = scatter + n[:, None, None] * _outer(means)
            return cls(
                matrices=products + ridge * np.eye(d),
                centres=np.zeros_like(means),
                degrees=n,
                mean_weights=np.full(len(n), np.inf),
                noise_variance=float(options["noise_variance"]),
                **units,
            )
        alpha_mu, alpha_w = options["alpha_mu"], options["alpha_w"]
        prior_mean = np.broadcast_to(np.asarray(options["mean_obs"], dtype=np.float64), (d,))
        t = alpha_mu * (alpha_w - d - 1.0) / (alpha_mu + 1.0)
        shrinkage = n * alpha_mu / (n + alpha_mu)
        weight = (n / (n + alpha_mu))[:, None]
        return cls(
            matrices=t * np.eye(d) + scatter + shrinkage[:, None, None] * _outer(means - prior_mean),
            centres=weight * means + (1.0 - weight) * prior_mean,
            degrees=n + alpha_w - d + 1.0,
            mean_weights=n + alpha_mu,
            noise_variance=None,
            **units,
        )

    @property
    def d(self) -> int:
        """Number of variables."""
        return len(self.means)

    def expected(self, graphs: Bool[np.ndarray, "k d d"]) -> LinearGaussianBatch:
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
    ) -> LinearGaussianBatch:
        """Return one draw of all parameters for each graph; `rng` is a seed or a generator.

        Parameters
        ----------
        graphs : ndarray, shape (k, d, d), bool
            `graphs[s, i, j]` is True for the edge i → j (row → column).
        """
        return self._networks(graphs, np.random.default_rng(rng))

    def regressions(
        self, node: int, parents: Bool[np.ndarray, "k d"], rng: np.random.Generator | None
    ) -> tuple[Float64[np.ndarray, "k d"], Float64[np.ndarray, " k"]]:
        """Return coefficients of `node` on each set of parents, and noise variances, as scored.

        Parameters
        ----------
        node : int
        parents : ndarray, shape (k, d), bool
            Each distinct set is factorised once.
        rng : numpy.random.Generator or None
            None returns posterior means instead of draws.

        Returns
        -------
        coefficients : ndarray, shape (k, d), float64
            Zero outside the parents.
        noise_variances : ndarray, shape (k,), float64
        """
        roots = np.sqrt(np.diagonal(self.matrices[self._line(node)]))  # M is scaled to a unit diagonal
        coefficients, variances = np.zeros((len(parents), self.d)), np.empty(len(parents))
        for draws, members, factor, family in self._families(node, parents):
            size = members.shape[1]
            root, pulled = factor[:, :size, :size], factor[:, size, :size]
            residual = factor[:, size, size] ** 2
            degrees = self.degrees[self._line(node)] + size
            if self.noise_variance is not None:
                variance = np.full(len(draws), self.noise_variance / roots[node] ** 2)
            elif rng is None:
                variance = residual[family] / (degrees - 2.0)
            else:
                variance = residual[family] / rng.chisquare(degrees, size=len(draws))
            # with M_PP = L L^T and L y = M_Pj: b = L^-T (y + sigma z) has mean M_PP^-1 M_Pj
            whitened = pulled[family]
            if rng is not None:
                whitened = whitened + np.sqrt(variance)[:, None] * rng.standard_normal((len(draws), size))
            inverse = np.linalg.inv(root)
            drawn = np.einsum("kpq,kp->kq", inverse[family], whitened)
            coefficients[draws[:, None], members[family]] = drawn
            variances[draws] = variance
        return coefficients * (roots[node] / roots), variances * roots[node] ** 2

    def _families(
        self, node: int, parents: Bool[np.ndarray, "k d"]
    ) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]]:
        """Yield the families of each number of parents, with their Cholesky factors.

        Yields
        ------
        draws : ndarray, shape (m,), int64
            Which entries of ``parents`` have this number of parents.
        members : ndarray, shape (f, size), int64
            The parents of each distinct family.
        factor : ndarray, shape (f, size + 1, size + 1), float64
            Of M scaled to a unit diagonal, with the node in the last row: its squared pivot is M[j | P].
        family : ndarray, shape (m,), int64
            The distinct family of each of ``draws``.
        """
        matrix = self.matrices[self._line(node)]
        inverse_root = 1.0 / np.sqrt(np.diagonal(matrix))
        scaled = matrix * inverse_root * inverse_root[:, None]
        distinct, family_of = subsets.distinct_sets(parents)
        sizes = distinct.sum(axis=1)
        for size in np.unique(sizes).tolist():
            chosen = np.flatnonzero(sizes == size)
            members = np.nonzero(distinct[chosen])[1].reshape(len(chosen), size)
            rows = np.column_stack([members, np.full(len(chosen), node)])
            factor = np.linalg.cholesky(scaled[rows[:, :, None], rows[:, None, :]])
            draws = np.flatnonzero(sizes[family_of] == size)
            yield draws, members, factor, np.searchsorted(chosen, family_of[draws])

    def _networks(
        self, graphs: Bool[np.ndarray, "k d d"], rng: np.random.Generator | None
    ) -> LinearGaussianBatch:
        """Return one draw of all parameters for each graph, or their posterior means for None, in original units."""
        k, d, _ = graphs.shape
        coefficients, intercepts, variances = np.empty((k, d, d)), np.empty((k, d)), np.empty((k, d))
        for node in range(d):
            b, variance = self.regressions(node, graphs[:, :, node], rng)
            centre = self.centres[self._line(node)]
            intercept = centre[node] - b @ centre
            if rng is not None:
                spread = np.sqrt(variance / self.mean_weights[self._line(node)])
                intercept = intercept + spread * rng.standard_normal(k)
            with np.errstate(over="ignore", invalid="ignore"):
                b = b * (self.scales[node] / self.scales)  # per unit as measured
                coefficients[:, :, node] = b
                intercepts[:, node] = self.means[node] + self.scales[node] * intercept - b @ self.means
                variances[:, node] = variance * self.scales[node] ** 2
        if not all((np.abs(found) < _LARGEST).all() for found in (coefficients, intercepts, variances)):
            raise NotTractable(
                "coefficients in the columns' units are too large for double precision, as the columns have sizes from "
                f"{self.scales.min():.1g} to {self.scales.max():.1g}: divide them by powers of ten first"
            )
        return LinearGaussianBatch(coefficients, intercepts, variances)

    def _line(self, node: int) -> int:
        """Return the index of this node's statistics: 0 where all nodes share them."""
        return node if len(self.matrices) > 1 else 0


def _outer(vectors: Float64[np.ndarray, "nodes d"]) -> Float64[np.ndarray, "nodes d d"]:
    """Return v v^T for each vector."""
    return vectors[:, :, None] * vectors[:, None, :]
