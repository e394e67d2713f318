"""Simulated continuous data: a linear-Gaussian network, its covariance, and samples from it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float64

from dag_gfn.data.dataset import Dataset, default_names
from dag_gfn.errors import OptionError
from dag_gfn.graphs.graph import topological_order


@dataclass(frozen=True, eq=False)
class LinearGaussianSimulator:
    r"""A linear-Gaussian network from which data are sampled: :math:`x_j = \sum_i B_{ij} x_i + \varepsilon_j`.

    Parameters
    ----------
    adjacency : ndarray, shape (d, d), bool
        `adjacency[i, j]` is True for the edge i → j (row → column).
    weights : ndarray, shape (d, d), float64
        B; `weights[i, j]` is the coefficient of i in the equation of j, zero where there is no edge.
    noise_variance : ndarray, shape (d,), float64
        Variance of each :math:`\varepsilon_j`.
    names : tuple of str

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.data import LinearGaussianSimulator
    >>> edge = np.array([[0, 1], [0, 0]], dtype=bool)
    >>> network = LinearGaussianSimulator(edge, weights=2.0 * edge, noise_variance=np.ones(2), names=("x", "y"))
    >>> network.covariance().tolist()  # y = 2 x + noise
    [[1.0, 2.0], [2.0, 5.0]]
    >>> network.sample(100, rng=np.random.default_rng(0)).values.shape
    (100, 2)
    """

    adjacency: Bool[np.ndarray, "d d"]
    weights: Float64[np.ndarray, "d d"]
    noise_variance: Float64[np.ndarray, " d"]
    names: tuple[str, ...]

    @classmethod
    def random(
        cls,
        adjacency: Bool[np.ndarray, "d d"],
        *,
        rng: np.random.Generator,
        weight_scale: int | float = 1.0,
        noise_variance: int | float = 0.1,
        names: Sequence[str] | None = None,
    ) -> "LinearGaussianSimulator":
        """Return a network with normal weights of standard deviation `weight_scale` on the edges of a DAG.

        Parameters
        ----------
        adjacency : ndarray, shape (d, d), bool
            `adjacency[i, j]` is True for the edge i → j (row → column).
        rng : numpy.random.Generator
        weight_scale, noise_variance : float
            Positive; the noise variance is the same for all variables.
        names : sequence of str, optional
            x0, x1, ... by default.

        Raises
        ------
        OptionError
            If `weight_scale` or `noise_variance` is not positive.
        """
        if not (noise_variance > 0 and weight_scale > 0):
            raise OptionError(
                f"noise_variance and weight_scale are positive, not {noise_variance} and {weight_scale}: "
                "without noise a variable is an exact function of its parents."
            )
        d = len(adjacency)
        return cls(
            adjacency=adjacency,
            weights=np.where(adjacency, rng.normal(scale=weight_scale, size=(d, d)), 0.0),
            noise_variance=np.full(d, float(noise_variance)),
            names=default_names(d) if names is None else tuple(names),
        )

    def covariance(self) -> Float64[np.ndarray, "d d"]:
        r"""Return the covariance of a row, :math:`(I - B)^{-\top} \operatorname{diag}(\sigma^2) (I - B)^{-1}`."""
        effects = np.linalg.inv(np.eye(len(self.weights)) - self.weights)
        return effects.T @ np.diag(self.noise_variance) @ effects

    def sample(self, num_samples: int, *, rng: np.random.Generator) -> Dataset:
        """Return `num_samples` independent rows, not standardized, with the true graph."""
        d = len(self.weights)
        values = rng.normal(scale=np.sqrt(self.noise_variance), size=(num_samples, d))
        for node in topological_order(self.adjacency):
            parents = self.adjacency[:, node]
            values[:, node] += values[:, parents] @ self.weights[parents, node]
        return Dataset(
            values=values,
            names=self.names,
            kinds=("continuous",) * d,
            cardinalities=(0,) * d,
            states=((),) * d,
            means=np.zeros(d),
            scales=np.ones(d),
            true_graph=self.adjacency,
        )
