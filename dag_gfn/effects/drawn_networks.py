"""Draws of graphs, each with the posterior of the parameters that goes with it: that of its completed table."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar, final

import numpy as np
from jaxtyping import Bool, Float64, Int64

from dag_gfn.effects.graph_draws import draw_graphs
from dag_gfn.errors import OptionError
from dag_gfn.parameters import BlockGaussianParameters, DiscreteParameters, LinearGaussianParameters
from dag_gfn.parameters.from_posterior import parameter_posterior
from dag_gfn.posterior import GraphPosterior

Parameters = TypeVar("Parameters", LinearGaussianParameters, DiscreteParameters, BlockGaussianParameters)


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
    parameters = parameter_posterior(posterior)
    if not isinstance(parameters, model):
        raise OptionError(otherwise)
    graphs = draw_graphs(posterior, num_draws, rng)
    return DrawnNetworks(posterior, graphs, np.zeros(len(graphs), dtype=np.int64), (parameters,))
