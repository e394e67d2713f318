"""Conditional probability tables of discrete networks, given the graph and the data."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, final

import numpy as np
from jaxtyping import Float64, Int64

from dag_gfn.errors import NotTractable
from dag_gfn.parameters.family_tables import FamilyTables
from dag_gfn.posterior import GraphPosterior

MAX_TABLE_CELLS = 1 << 24
"""Largest conditional probability table that is built, in cells."""
MAX_CODE = 1 << 62
"""Largest number of cells that an int64 can number."""


@final
@dataclass(frozen=True, eq=False)
class DiscreteParameters:
    r"""Posterior of the conditional probability tables of a discrete network given its graph.

    The distribution of node j under parent configuration c is

    .. math:: \theta_{jc} \sim \text{Dirichlet}(\alpha / (r q) + N_{c1}, \dots, \alpha / (r q) + N_{cr})

    with r states, q parent configurations and the counts N of the rows in which j was not set. All
    distributions are independent given the graph.

    Attributes
    ----------
    needed_statistics : tuple of str
        What `from_posterior` reads from the posterior's sufficient statistics.
    rows : ndarray, shape (u, d), int64
        The distinct rows of codes.
    counts : ndarray, shape (1, u) or (d, u), int64
        How often each row occurs; one line for each node where interventions make them differ.
    cardinalities : tuple of int, length d
    states : tuple of tuple of str, length d
        The labels of each column's codes.
    equivalent_sample_size : float
        :math:`\alpha`.

    References
    ----------
    Heckerman, Geiger and Chickering, "Learning Bayesian networks", Machine Learning 20 (1995).

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.parameters import DiscreteParameters
    >>> parameters = DiscreteParameters(
    ...     rows=np.array([[0, 0], [0, 1], [1, 1]]),
    ...     counts=np.array([[6, 2, 4]]),
    ...     cardinalities=(2, 2),
    ...     states=(("no", "yes"), ("no", "yes")),
    ...     equivalent_sample_size=4.0,
    ... )
    >>> parameters.concentrations(1, [0]).tolist()  # of column 1 given column 0: counts plus 4 / (2 * 2)
    [[7.0, 3.0], [1.0, 5.0]]
    >>> parameters.expected(1, [0]).round(2).tolist()
    [[0.7, 0.3], [0.17, 0.83]]
    """

    needed_statistics: ClassVar[tuple[str, ...]] = ("rows", "counts", "cardinalities", "states")

    rows: Int64[np.ndarray, "u d"]
    counts: Int64[np.ndarray, "nodes u"]
    cardinalities: tuple[int, ...]
    states: tuple[tuple[str, ...], ...]
    equivalent_sample_size: float

    @classmethod
    def from_posterior(
        cls, posterior: GraphPosterior, statistics: Mapping[str, np.ndarray]
    ) -> "DiscreteParameters":
        """Return the parameters' posterior from statistics of a posterior of the score ``bdeu`` or ``bde``.

        They are the posterior's own, or those of one of its completed tables.
        """
        cardinalities = tuple(statistics["cardinalities"].tolist())
        return cls(
            rows=statistics["rows"],
            counts=statistics["counts"].reshape(-1, len(statistics["rows"])),
            cardinalities=cardinalities,
            states=tuple(
                tuple(labels[:r])
                for labels, r in zip(statistics["states"].tolist(), cardinalities, strict=True)
            ),
            equivalent_sample_size=float(posterior.info["score_options"]["equivalent_sample_size"]),
        )

    @property
    def d(self) -> int:
        """Number of variables."""
        return len(self.cardinalities)

    def family(self, node: int, parents: Sequence[int]) -> FamilyTables:
        """Return the posterior of the conditional probability table of one family.

        Parameters
        ----------
        node : int
        parents : sequence of int
            In the order of the table's axes.

        Raises
        ------
        NotTractable
            If the parents have more than 2^62 joint states with the node.
        """
        family = [*parents, node]
        shape = tuple(self.cardinalities[i] for i in family)
        if math.prod(shape) > MAX_CODE:
            raise NotTractable(
                f"a node with {len(parents)} parents has more cells than can be numbered: fit with fewer parents "
                "(max_parents, --max-parents)"
            )
        codes = np.zeros(len(self.rows), dtype=np.int64)
        for column, r in zip(family, shape, strict=True):
            codes = codes * r + self.rows[:, column]
        weights = self.counts[node if len(self.counts) > 1 else 0]
        counted = weights > 0
        cells, cell_of = np.unique(codes[counted], return_inverse=True)
        counts = np.bincount(cell_of.reshape(-1), weights=weights[counted], minlength=len(cells))
        return FamilyTables(shape, self.equivalent_sample_size / math.prod(shape), cells, counts)

    def concentrations(self, node: int, parents: Sequence[int]) -> Float64[np.ndarray, "..."]:
        """Return the parameters of the Dirichlet distributions of one family.

        Parameters
        ----------
        node, parents
            As for `family`.

        Returns
        -------
        ndarray, shape (cardinality of each parent ..., r), float64
            The last axis runs over the states of `node`.

        Raises
        ------
        NotTractable
            If the table would have more than `MAX_TABLE_CELLS` cells.
        """
        return self._dense_family(node, parents).concentrations()

    def expected(self, node: int, parents: Sequence[int]) -> Float64[np.ndarray, "..."]:
        """Return the posterior mean of the conditional probability table; parameters and axes as `concentrations`."""
        return self._dense_family(node, parents).expected()

    def _dense_family(self, node: int, parents: Sequence[int]) -> FamilyTables:
        """Return one family, or raise NotTractable if its table is too large to be built."""
        family = self.family(node, parents)
        if family.size > MAX_TABLE_CELLS:
            raise NotTractable(
                f"a node with {len(parents)} parents would need a table of {family.size:,} probabilities, more than "
                f"{MAX_TABLE_CELLS:,}: fit with fewer parents (max_parents, --max-parents)"
            )
        return family
