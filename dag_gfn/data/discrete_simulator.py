"""Simulated discrete data: a network of conditional probability tables, and samples from it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float64

from dag_gfn.data.dataset import Dataset, default_names
from dag_gfn.errors import OptionError
from dag_gfn.graphs.graph import topological_order


@dataclass(frozen=True, eq=False)
class DiscreteSimulator:
    """A discrete Bayesian network from which data are sampled.

    Parameters
    ----------
    adjacency : ndarray, shape (d, d), bool
        `adjacency[i, j]` is True for the edge i → j (row → column).
    tables : tuple of d ndarrays, float64
        `tables[j]` has one axis for each parent of j, in ascending order of the nodes, and a last axis for j,
        along which it sums to 1.
    states : tuple of d tuples of str
        The labels of each variable's codes.
    names : tuple of str

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.data import DiscreteSimulator
    >>> edge = np.array([[0, 1], [0, 0]], dtype=bool)
    >>> tables = (np.array([0.5, 0.5]), np.array([[1.0, 0.0], [0.0, 1.0]]))  # the second variable copies the first
    >>> network = DiscreteSimulator(edge, tables, states=(("no", "yes"),) * 2, names=("rain", "wet"))
    >>> data = network.sample(100, rng=np.random.default_rng(0))
    >>> bool((data.values[:, 0] == data.values[:, 1]).all())
    True
    """

    adjacency: Bool[np.ndarray, "d d"]
    tables: tuple[Float64[np.ndarray, "..."], ...]
    states: tuple[tuple[str, ...], ...]
    names: tuple[str, ...]

    @classmethod
    def random(
        cls,
        adjacency: Bool[np.ndarray, "d d"],
        *,
        cardinalities: Sequence[int],
        rng: np.random.Generator,
        concentration: int | float = 1.0,
        names: Sequence[str] | None = None,
    ) -> "DiscreteSimulator":
        """Return a network whose tables have rows drawn from a symmetric Dirichlet distribution.

        Parameters
        ----------
        adjacency : ndarray, shape (d, d), bool
            `adjacency[i, j]` is True for the edge i → j (row → column).
        cardinalities : sequence of int, length d
            Number of states of each variable, at least 2.
        rng : numpy.random.Generator
        concentration : float
            Parameter of the Dirichlet distribution. 1 is uniform over distributions; with less, a row has most of
            its probability on one state.
        names : sequence of str, optional
            x0, x1, ... by default.

        Raises
        ------
        OptionError
            If a cardinality is below 2 or missing, or the concentration is not positive.
        """
        d = len(adjacency)
        if len(cardinalities) != d or min(cardinalities) < 2:
            raise OptionError(f"{d} cardinalities of at least 2 are needed, not {tuple(cardinalities)}.")
        if not concentration > 0:
            raise OptionError(
                f"the concentration of a Dirichlet distribution is positive, not {concentration}."
            )
        tables = []
        for node, r in enumerate(cardinalities):
            configurations = tuple(cardinalities[int(i)] for i in np.flatnonzero(adjacency[:, node]))
            tables.append(rng.dirichlet(np.full(r, concentration), size=configurations))
        return cls(
            adjacency=adjacency,
            tables=tuple(tables),
            states=tuple(tuple(str(code) for code in range(r)) for r in cardinalities),
            names=default_names(d) if names is None else tuple(names),
        )

    def sample(self, num_samples: int, *, rng: np.random.Generator) -> Dataset:
        """Return `num_samples` independent rows with the true graph; a state need not occur in them."""
        d = len(self.tables)
        codes = np.zeros((num_samples, d), dtype=np.int64)
        for node in topological_order(self.adjacency):
            parents = np.flatnonzero(self.adjacency[:, node])
            chosen = tuple(codes[:, parents].T)
            cumulative = self.tables[node].cumsum(axis=-1)[chosen]  # (n, r), or (r,) for a root
            # The last bound is 1 up to rounding. Without it the code is at most r - 1.
            codes[:, node] = (rng.random((num_samples, 1)) >= cumulative[..., :-1]).sum(axis=1)
        return Dataset(
            values=codes.astype(np.float64),
            names=self.names,
            kinds=("discrete",) * d,
            cardinalities=tuple(len(labels) for labels in self.states),
            states=self.states,
            means=np.zeros(d),
            scales=np.ones(d),
            true_graph=self.adjacency,
        )
