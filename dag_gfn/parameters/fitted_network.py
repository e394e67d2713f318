"""A graph with the posterior means of its parameters: as arrays, as a pgmpy model, as a BIF file."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, final

import networkx as nx
import numpy as np
from jaxtyping import Bool, Float64

from dag_gfn.errors import OptionError, shortened
from dag_gfn.graphs import graph as graphs
from dag_gfn.parameters.additive import AdditiveParameters
from dag_gfn.parameters.block_gaussian import BlockGaussianParameters
from dag_gfn.parameters.discrete import DiscreteParameters
from dag_gfn.parameters.from_posterior import parameter_model, parameter_tables
from dag_gfn.parameters.linear_gaussian import LinearGaussianParameters
from dag_gfn.parameters.units import in_standard_deviations
from dag_gfn.posterior import GraphPosterior
from dag_gfn.posterior.bif import BifFile, bif_file
from dag_gfn.posterior.table_statistics import table_weights

if TYPE_CHECKING:
    from pgmpy.models import DiscreteBayesianNetwork, LinearGaussianBayesianNetwork


@final
@dataclass(frozen=True, eq=False)
class LinearGaussianNetwork:
    r"""A network :math:`x_j = m_j + \sum_i B_{ij} x_i + \varepsilon_j` in the data's original units.

    Attributes
    ----------
    names : tuple of str, length d
    coefficients : ndarray, shape (d, d), float64
        `coefficients[i, j]` is the coefficient of i in the equation of j, 0 unless i → j (row → column).
    intercepts, noise_variances : ndarray, shape (d,), float64

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.parameters.fitted_network import LinearGaussianNetwork
    >>> network = LinearGaussianNetwork(
    ...     ("dose", "effect"), np.array([[0.0, 2.0], [0.0, 0.0]]), np.array([1.0, 0.5]), np.array([0.1, 0.2])
    ... )
    >>> float(network.coefficients[0, 1])  # of dose in the equation of effect
    2.0
    """

    names: tuple[str, ...]
    coefficients: Float64[np.ndarray, "d d"]
    intercepts: Float64[np.ndarray, " d"]
    noise_variances: Float64[np.ndarray, " d"]


@final
@dataclass(frozen=True, eq=False)
class DiscreteNetwork:
    """A network of conditional probability tables.

    Attributes
    ----------
    names : tuple of str, length d
    states : tuple of tuple of str, length d
    parents : tuple of tuple of int, length d
    tables : tuple of ndarray, length d, float64
        `tables[j]` has an axis for each of `parents[j]` and a last one for j, along which it sums to one.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.parameters.fitted_network import DiscreteNetwork
    >>> states = (("no", "yes"), ("no", "yes"))
    >>> tables = (np.array([0.8, 0.2]), np.array([[0.9, 0.1], [0.3, 0.7]]))
    >>> network = DiscreteNetwork(("rain", "wet"), states, ((), (0,)), tables)
    >>> float(network.tables[1][1, 1])  # P(wet = yes | rain = yes)
    0.7
    """

    names: tuple[str, ...]
    states: tuple[tuple[str, ...], ...]
    parents: tuple[tuple[int, ...], ...]
    tables: tuple[np.ndarray, ...]


def fitted_parameters(
    posterior: GraphPosterior, graph: nx.DiGraph | Bool[np.ndarray, "d d"] | None = None
) -> LinearGaussianNetwork | DiscreteNetwork:
    """Return a graph with the posterior means of its parameters, as arrays.

    Where cells were missing, the means are over the completed tables too.

    Parameters
    ----------
    posterior : GraphPosterior
        Of the score ``bge``, ``linear_gaussian``, ``bdeu`` or ``bde``.
    graph : networkx.DiGraph or ndarray of shape (d, d), bool, optional
        A DAG on the posterior's variables; entry (i, j) of an array is True for i → j (row → column). By default
        the most probable graph.

    Raises
    ------
    OptionError
        If the graph is not a DAG on these variables, the score has no prior over parameters, its nodes own several
        columns (``block``), it has curves (``additive``), or it read ranks, so that there are no units.

    Examples
    --------
    >>> import numpy as np
    >>> import dag_gfn
    >>> from dag_gfn.parameters.fitted_network import fitted_parameters
    >>> rng = np.random.default_rng(0)
    >>> x = rng.normal(size=500)
    >>> posterior = dag_gfn.fit(np.column_stack([x, 3.0 + 2.0 * x + rng.normal(size=500)]), progress=False)
    >>> network = fitted_parameters(posterior, np.array([[False, True], [False, False]]))
    >>> network.coefficients.round(1).tolist(), round(float(network.intercepts[1]))
    ([[0.0, 2.0], [0.0, 0.0]], 3)
    """
    model = parameter_model(posterior)
    if model is AdditiveParameters:
        raise OptionError(
            "a network of the score 'additive' has curves, which neither these arrays nor pgmpy nor the format bif "
            "hold: export its graph as graphml, gml, dot or csv, or use dag_gfn.effects.dose_response"
        )
    if model is BlockGaussianParameters:
        raise OptionError(
            f"a network of the score '{posterior.info['score']}' has nodes of several columns, which neither these "
            "arrays nor pgmpy nor the format bif hold: export its graph as graphml, gml, dot or csv, or use "
            "dag_gfn.effects.contrast_effects"
        )
    adjacency = _adjacency(posterior, graph)
    completed = parameter_tables(posterior)
    weights = table_weights(posterior.statistics, adjacency)
    used = [(weight, table) for weight, table in zip(weights, completed, strict=True) if weight > 0]
    if model is DiscreteParameters:
        discrete = [(weight, table) for weight, table in used if isinstance(table, DiscreteParameters)]
        parents = tuple(tuple(np.flatnonzero(column).tolist()) for column in adjacency.T)
        tables = tuple(
            _mean([(weight, table.expected(j, p)) for weight, table in discrete])
            for j, p in enumerate(parents)
        )
        return DiscreteNetwork(posterior.names, discrete[0][1].states, parents, tables)
    if in_standard_deviations(posterior.info):
        raise OptionError(
            "the score read ranks, so that coefficients in the columns' own units are not known: export the graph "
            "alone as graphml, gml, dot or csv, or use dag_gfn.effects, whose changes are in standard deviations"
        )
    networks = [
        (weight, table.expected(adjacency[None]))
        for weight, table in used
        if isinstance(table, LinearGaussianParameters)
    ]
    return LinearGaussianNetwork(
        posterior.names,
        _mean([(weight, network.coefficients[0]) for weight, network in networks]),
        _mean([(weight, network.intercepts[0]) for weight, network in networks]),
        _mean([(weight, network.noise_variances[0]) for weight, network in networks]),
    )


def _mean(weighted: list[tuple[float, np.ndarray]]) -> np.ndarray:
    """Return the weighted mean of arrays; the weights sum to 1."""
    return np.asarray(sum(weight * array for weight, array in weighted))


def fitted_network(
    posterior: GraphPosterior, graph: nx.DiGraph | Bool[np.ndarray, "d d"] | None = None
) -> "LinearGaussianBayesianNetwork | DiscreteBayesianNetwork":
    """Return a graph with the posterior means of its parameters as a pgmpy model, ready for inference.

    Parameters
    ----------
    posterior, graph
        As for `fitted_parameters`.

    Returns
    -------
    pgmpy.models.LinearGaussianBayesianNetwork or pgmpy.models.DiscreteBayesianNetwork
        In the data's original units and labels.

    Raises
    ------
    OptionError
        As for `fitted_parameters`.

    Examples
    --------
    >>> import numpy as np
    >>> import dag_gfn
    >>> from dag_gfn.parameters.fitted_network import fitted_network
    >>> rows = np.repeat([[0, 0], [0, 1], [1, 0], [1, 1]], [18, 2, 4, 16], axis=0)
    >>> rows = np.random.default_rng(0).permutation(rows)
    >>> posterior = dag_gfn.fit(dag_gfn.from_array(rows, ["rain", "wet"], discrete="all"), progress=False)
    >>> model = fitted_network(posterior, np.array([[False, True], [False, False]]))
    >>> model.get_cpds("wet").get_values().round(2).tolist()  # a row for each state of wet, a column for each of rain
    [[0.89, 0.21], [0.11, 0.79]]
    """
    network = fitted_parameters(posterior, graph)
    if isinstance(network, DiscreteNetwork):
        return _discrete_model(network)
    from pgmpy.factors.continuous import LinearGaussianCPD  # pgmpy takes seconds to import
    from pgmpy.models import LinearGaussianBayesianNetwork

    names, coefficients = network.names, network.coefficients
    adjacency = _adjacency(posterior, graph)
    model = LinearGaussianBayesianNetwork()
    model.add_nodes_from(names)
    model.add_edges_from((names[i], names[j]) for i, j in np.argwhere(adjacency))
    for j, name in enumerate(names):
        parents = np.flatnonzero(adjacency[:, j])
        model.add_cpds(
            LinearGaussianCPD(
                variable=name,
                beta=[float(network.intercepts[j]), *coefficients[parents, j].tolist()],
                std=float(np.sqrt(network.noise_variances[j])),
                evidence=[names[i] for i in parents],
            )
        )
    model.check_model()
    return model


def bif_text(posterior: GraphPosterior, graph: nx.DiGraph | Bool[np.ndarray, "d d"] | None = None) -> str:
    """Return a fitted discrete network in the Bayesian Interchange Format; see `fitted_bif`.

    Examples
    --------
    >>> import numpy as np
    >>> import dag_gfn
    >>> from dag_gfn.parameters.fitted_network import bif_text
    >>> rows = np.repeat([[0, 0], [0, 1], [1, 0], [1, 1]], [18, 2, 4, 16], axis=0)
    >>> rows = np.random.default_rng(0).permutation(rows)
    >>> data = dag_gfn.from_array(rows, ["rain", "wet"], discrete="all")
    >>> bif_text(dag_gfn.fit(data, progress=False)).splitlines()[0]
    'network unknown {'
    """
    return fitted_bif(posterior, graph).text


def fitted_bif(
    posterior: GraphPosterior, graph: nx.DiGraph | Bool[np.ndarray, "d d"] | None = None
) -> BifFile:
    r"""Return a fitted discrete network in the Bayesian Interchange Format, and the names that had to change.

    Parameters
    ----------
    posterior, graph
        As for `fitted_parameters`.

    Raises
    ------
    OptionError
        As for `fitted_parameters`, or if the columns are continuous.

    Examples
    --------
    >>> import numpy as np
    >>> import dag_gfn
    >>> from dag_gfn.parameters.fitted_network import fitted_bif
    >>> rows = np.repeat([[0, 0], [0, 1], [1, 0], [1, 1]], [18, 2, 4, 16], axis=0)
    >>> rows = np.random.default_rng(0).permutation(rows)
    >>> data = dag_gfn.from_array(rows, ["rain", "wet"], discrete="all")
    >>> found = fitted_bif(dag_gfn.fit(data, progress=False), np.array([[False, True], [False, False]]))
    >>> print(*found.text.splitlines()[-4:], sep="\n")
    probability ( wet | rain ) {
        ( 0 ) 0.8902439024390244, 0.10975609756097561;
        ( 1 ) 0.2073170731707317, 0.7926829268292683;
    }
    """
    network = fitted_parameters(posterior, graph)
    if not isinstance(network, DiscreteNetwork):
        raise OptionError(
            "the format bif holds tables of discrete columns, these are continuous: choose graphml, gml, dot or "
            "csv, or use dag_gfn.fitted.fitted_network"
        )
    return bif_file(network.names, network.states, network.parents, network.tables)


def _discrete_model(network: DiscreteNetwork) -> "DiscreteBayesianNetwork":
    """Return a discrete network as a pgmpy model."""
    from pgmpy.factors.discrete import TabularCPD
    from pgmpy.models import DiscreteBayesianNetwork

    names, states = network.names, network.states
    model = DiscreteBayesianNetwork()
    model.add_nodes_from(names)
    model.add_edges_from((names[i], names[j]) for j, parents in enumerate(network.parents) for i in parents)
    for j, (parents, table) in enumerate(zip(network.parents, network.tables, strict=True)):
        r = table.shape[-1]
        model.add_cpds(
            TabularCPD(
                variable=names[j],
                variable_card=r,
                values=table.reshape(-1, r).T,
                evidence=[names[i] for i in parents],
                evidence_card=list(table.shape[:-1]),
                state_names={names[i]: list(states[i]) for i in (j, *parents)},
            )
        )
    model.check_model()
    return model


def _adjacency(
    posterior: GraphPosterior, graph: nx.DiGraph | Bool[np.ndarray, "d d"] | None
) -> Bool[np.ndarray, "d d"]:
    """Return the chosen graph, or the most probable one, as an array in the order of the posterior's names."""
    chosen = posterior.most_probable_graph() if graph is None else graph
    if isinstance(chosen, nx.DiGraph):
        if set(chosen) != set(posterior.names):
            raise OptionError(
                f"the graph's nodes must be the posterior's columns, {shortened(', '.join(posterior.names))}, not "
                f"{shortened(', '.join(map(str, chosen)))}"
            )
        index = {name: i for i, name in enumerate(posterior.names)}
        adjacency = np.zeros((posterior.d, posterior.d), dtype=bool)
        for source, target in chosen.edges:
            adjacency[index[source], index[target]] = True
    else:
        adjacency = chosen
    if not graphs.is_dag(adjacency):
        raise OptionError(
            "parameters need a graph without directed cycles, and this one has one (a consensus graph can): "
            "take the median or the most probable graph"
        )
    return adjacency
