"""Draws of graphs, each with the posterior of the parameters that goes with it: that of its completed table."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar, final

import numpy as np
from jaxtyping import Bool, Float64, Int64

from dag_gfn.effects.graph_draws import draw_graphs
from dag_gfn.errors import OptionError
from dag_gfn.parameters import (
    AdditiveParameters,
    BlockGaussianParameters,
    DiscreteParameters,
    LinearGaussianParameters,
)
from dag_gfn.parameters.from_posterior import parameter_model, parameter_tables
from dag_gfn.posterior import GraphPosterior
from dag_gfn.posterior.table_statistics import num_tables

Parameters = TypeVar(
    "Parameters", LinearGaussianParameters, DiscreteParameters, BlockGaussianParameters, AdditiveParameters
)


@final
@dataclass(frozen=True, eq=False)
class DrawnNetworks(Generic[Parameters]):
    """Graphs that were drawn, and for each the completed table that its parameters are drawn from.

    Attributes
    ----------
    posterior : GraphPosterior
    graphs : ndarray, shape (k, d, d), bool
        Entry (s, i, j) is True for i → j (row → column) in draw s.
    tables : ndarray, shape (k,), int64
        The table of each draw; all 0 where no cell is missing.
    parameters : tuple
        The posterior of the parameters given a graph, of each table.

    Examples
    --------
    Without missing cells there is one table, and means are over all weighted graphs of the posterior:

    >>> import numpy as np
    >>> import dag_gfn
    >>> from dag_gfn.effects.drawn_networks import drawn_networks
    >>> from dag_gfn.parameters import LinearGaussianParameters
    >>> posterior = dag_gfn.fit(np.random.default_rng(0).normal(size=(100, 3)), progress=False)
    >>> drawn = drawn_networks(posterior, 5, np.random.default_rng(0), LinearGaussianParameters, "use another score")
    >>> [draws.tolist() for _, draws in drawn.parts()], [len(graphs) for _, graphs, _ in drawn.weighted()]
    ([[0, 1, 2, 3, 4]], [25])
    """

    posterior: GraphPosterior
    graphs: Bool[np.ndarray, "k d d"]
    tables: Int64[np.ndarray, " k"]
    parameters: tuple[Parameters, ...]

    def parts(self) -> Iterator[tuple[Parameters, Int64[np.ndarray, " m"]]]:
        """Yield the parameters' posterior of each table, with the positions of its draws."""
        for table in np.unique(self.tables).tolist():
            yield self.parameters[table], np.flatnonzero(self.tables == table)

    def weighted(self) -> Iterator[tuple[Parameters, Bool[np.ndarray, "m d d"], Float64[np.ndarray, " m"]]]:
        """Yield parameters, graphs and weights whose weighted sum is a posterior mean.

        All weighted graphs of the posterior where one table goes with them; otherwise the graphs that were drawn.
        """
        if len(self.parameters) == 1:
            yield self.parameters[0], self.posterior.graphs, self.posterior.weights
            return
        for parameters, draws in self.parts():
            yield parameters, self.graphs[draws], np.full(len(draws), 1.0 / len(self.graphs))


def drawn_networks(
    posterior: GraphPosterior,
    num_draws: int,
    rng: np.random.Generator,
    model: type[Parameters],
    otherwise: str,
) -> DrawnNetworks[Parameters]:
    """Return draws of graphs, each with the table that its parameters come from.

    Parameters
    ----------
    posterior : GraphPosterior
    num_draws : int
    rng : numpy.random.Generator
    model : type
        The kind of parameters that is needed.
    otherwise : str
        What the error says where the score of the posterior has others.

    Raises
    ------
    OptionError
        If the score has other parameters, or none.

    Examples
    --------
    >>> import numpy as np
    >>> import dag_gfn
    >>> from dag_gfn.effects.drawn_networks import drawn_networks
    >>> from dag_gfn.parameters import LinearGaussianParameters
    >>> posterior = dag_gfn.fit(np.random.default_rng(0).normal(size=(100, 3)), progress=False)
    >>> drawn = drawn_networks(posterior, 5, np.random.default_rng(0), LinearGaussianParameters, "use another score")
    >>> drawn.graphs.shape, drawn.tables.tolist()
    ((5, 3, 3), [0, 0, 0, 0, 0])
    """
    if parameter_model(posterior) is not model:
        raise OptionError(otherwise)
    parameters = tuple(p for p in parameter_tables(posterior) if isinstance(p, model))
    graphs = draw_graphs(posterior, num_draws, rng)
    return DrawnNetworks(posterior, graphs, draw_tables(posterior, graphs, rng), parameters)


def draw_tables(
    posterior: GraphPosterior, graphs: Bool[np.ndarray, "k d d"], rng: np.random.Generator
) -> Int64[np.ndarray, " k"]:
    r"""Return a completed table for each graph, drawn given the graph and what was seen.

    Table m has the probability :math:`w_m R_m(G) / Z_m`, up to a factor. The posterior holds pairs of graph and table
    with weights in this proportion; a graph that is in no pair gets a table by the weights of the tables alone.

    Parameters
    ----------
    posterior : GraphPosterior
    graphs : ndarray, shape (k, d, d), bool
        `graphs[s, i, j]` is True for the edge i → j (row → column).
    rng : numpy.random.Generator
        Not used where no cell was missing.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.effects.drawn_networks import draw_tables
    >>> from dag_gfn.posterior import GraphPosterior
    >>> graphs = np.array([[[False, True], [False, False]], [[False, False], [False, False]]])
    >>> statistics = {  # the first graph goes with table 1, the second with either
    ...     "table_log_weights": np.log([0.5, 0.5]),
    ...     "pair_graphs": np.packbits(graphs[[0, 1, 1]].reshape(3, -1), axis=1),
    ...     "pair_tables": np.array([1, 0, 1]),
    ...     "pair_log_weights": np.log([0.5, 0.25, 0.25]),
    ... }
    >>> posterior = GraphPosterior.from_samples(("a", "b"), graphs, statistics=statistics)
    >>> draw_tables(posterior, graphs[[0, 0, 0]], np.random.default_rng(0)).tolist()
    [1, 1, 1]
    """
    statistics, k = posterior.statistics, len(graphs)
    if num_tables(statistics) == 1:
        return np.zeros(k, dtype=np.int64)
    weights = np.exp(statistics["table_log_weights"])
    tables = rng.choice(len(weights), size=k, p=weights / weights.sum())
    if "pair_graphs" not in statistics:
        return tables
    packed = np.concatenate([statistics["pair_graphs"], np.packbits(graphs.reshape(k, -1), axis=1)])
    which = np.unique(packed, axis=0, return_inverse=True)[1].reshape(-1)
    of_pairs, of_draws = which[:-k], which[-k:]
    in_order = np.argsort(of_pairs, kind="stable")
    firsts = np.searchsorted(of_pairs[in_order], np.arange(which.max() + 2))
    for one in np.unique(of_draws):
        pairs = in_order[firsts[one] : firsts[one + 1]]
        if len(pairs):
            log_weights = statistics["pair_log_weights"][pairs]
            share = np.exp(log_weights - log_weights.max())
            here = np.flatnonzero(of_draws == one)
            tables[here] = rng.choice(statistics["pair_tables"][pairs], size=len(here), p=share / share.sum())
    return tables
