"""Numbers in their own units beside their normal scores: an equation may be in either, whichever the rows favour."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, final

import numpy as np
from jaxtyping import Float64


@final
@dataclass(frozen=True, eq=False)
class OwnUnits:
    """What is known of each node's number in its own units, z-scored, over the rows in which it was not set.

    Attributes
    ----------
    centers, scales : ndarray, shape (d,), float64
        A number is ``center + scale * z-scored``.
    means, scatter : ndarray, shape (d,), float64
        Mean, and sum of squares about it; the latter is 0 where there is no such number.
    products : ndarray, shape (d, E), float64
        Sums of its products with lines and curves, about the means.
    log_jacobian : ndarray, shape (d,), float64
        What the logarithm of the density of normal scores lacks to be that of the z-scored numbers.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.parameters.own_units import OwnUnits
    >>> one = np.ones(1)
    >>> own = OwnUnits(0 * one, one, 0 * one, 4.0 * one, np.array([[3.0, 2.0]]), 0 * one)
    >>> matrix, centre = own.in_place_of_scores(0, 0, np.array([[9.0, 1.0], [1.0, 5.0]]), np.zeros(2), 10.0, 1.0)
    >>> matrix.tolist()
    [[4.0, 2.0], [2.0, 5.0]]
    """

    needed_statistics: ClassVar[tuple[str, ...]] = (
        "own_centers",
        "own_scales",
        "own_means",
        "own_scatter",
        "own_products",
        "own_log_jacobian",
    )

    centers: Float64[np.ndarray, " d"]
    scales: Float64[np.ndarray, " d"]
    means: Float64[np.ndarray, " d"]
    scatter: Float64[np.ndarray, " d"]
    products: Float64[np.ndarray, "d E"]
    log_jacobian: Float64[np.ndarray, " d"]

    @classmethod
    def from_statistics(cls, statistics: Mapping[str, np.ndarray]) -> "OwnUnits":
        """Return them from the statistics of the score ``additive``."""
        return cls(*(statistics[name] for name in cls.needed_statistics))

    def in_place_of_scores(
        self,
        node: int,
        column: int,
        matrix: Float64[np.ndarray, "E E"],
        centre: Float64[np.ndarray, " E"],
        num_rows: float,
        alpha_mu: float,
    ) -> tuple[Float64[np.ndarray, "E E"], Float64[np.ndarray, " E"]]:
        """Return scatter and centre of lines and curves with a node's number in the place of its normal scores.

        Parameters
        ----------
        node, column : int
            The node, and its place among lines and curves.
        matrix, centre : ndarray, shape (E, E) and (E,), float64
            With the part of the means.
        num_rows, alpha_mu : float
        """
        replaced, moved = matrix.copy(), centre.copy()
        row = self.products[node] + alpha_mu * self.means[node] * centre
        replaced[column], replaced[:, column] = row, row
        weight = num_rows * alpha_mu / (num_rows + alpha_mu)
        replaced[column, column] = self.scatter[node] + weight * self.means[node] ** 2
        moved[column] = num_rows / (num_rows + alpha_mu) * self.means[node]
        return replaced, moved
