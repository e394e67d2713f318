"""A drawn graph on the variables of a posterior: names are matched, cycles are refused."""

import difflib
from collections.abc import Sequence
from dataclasses import dataclass

import networkx as nx
import numpy as np
from jaxtyping import Bool

from dag_gfn.errors import DataError, shortened

MAX_SHOWN = 6


@dataclass(frozen=True, eq=False)
class MatchedGraph:
    """A DAG on a posterior's variables.

    Attributes
    ----------
    adjacency : ndarray, shape (d, d), bool
        Entry (i, j) is True for i → j (row → column), in the order of the posterior's names.
    absent : tuple of str
        Columns that the graph does not name. They are taken as variables without edges.

    Examples
    --------
    See `matched_graph`.
    """

    adjacency: Bool[np.ndarray, "d d"]
    absent: tuple[str, ...]


def matched_graph(graph: nx.DiGraph | Bool[np.ndarray, "d d"], names: Sequence[str]) -> MatchedGraph:
    """Return a graph as an array over named variables.

    Parameters
    ----------
    graph : networkx.DiGraph or ndarray, shape (d, d), bool
        Nodes are names of variables. Where they are not, but the attribute ``label`` of all nodes is, that one counts.
    names : sequence of str, length d

    Raises
    ------
    DataError
        If a node is no variable, or the graph has a directed cycle.

    Examples
    --------
    >>> import networkx as nx
    >>> from dag_gfn.graph_check.matched_graph import matched_graph
    >>> found = matched_graph(nx.DiGraph([("a", "b")]), ["a", "b", "c"])
    >>> found.adjacency.astype(int).tolist(), found.absent
    ([[0, 1, 0], [0, 0, 0], [0, 0, 0]], ('c',))
    """
    if isinstance(graph, np.ndarray):
        if graph.shape != (len(names), len(names)):
            raise DataError(f"expected an array of shape {(len(names), len(names))}, not {graph.shape}")
        graph = nx.relabel_nodes(
            nx.from_numpy_array(graph.astype(np.int8), create_using=nx.DiGraph), dict(enumerate(names))
        )
    known = set(names)
    if not set(graph) <= known:
        labels = {node: attributes.get("label") for node, attributes in graph.nodes(data=True)}
        if set(labels.values()) <= known and len(set(labels.values())) == len(labels):
            graph = nx.relabel_nodes(graph, labels)
    unknown = [str(node) for node in graph if node not in known]
    if unknown:
        raise DataError(_unknown(unknown, names))
    try:
        cycle = [a for a, _ in nx.find_cycle(graph)]
    except nx.NetworkXNoCycle:
        cycle = []
    if cycle:
        raise DataError(
            f"the graph has a directed cycle, {shortened(' -> '.join([*cycle, cycle[0]]))}: a DAG of causes has none"
        )
    index = {name: i for i, name in enumerate(names)}
    adjacency = np.zeros((len(names), len(names)), dtype=bool)
    for a, b in graph.edges:
        adjacency[index[a], index[b]] = True
    return MatchedGraph(adjacency, tuple(name for name in names if name not in graph))


def _unknown(unknown: list[str], names: Sequence[str]) -> str:
    by_lower = {name.lower(): name for name in names}
    told = []
    for name in unknown[:MAX_SHOWN]:
        near = difflib.get_close_matches(name.lower(), by_lower, n=1)
        told.append(f"'{name}'" + (f" (did you mean '{by_lower[near[0]]}'?)" if near else ""))
    more = f" and {len(unknown) - MAX_SHOWN} more" if len(unknown) > MAX_SHOWN else ""
    verb = "is no variable" if len(unknown) == 1 else "are no variables"
    return (
        f"{', '.join(told)}{more} {verb} of the posterior: name variables as the columns are named "
        f"({shortened(', '.join(names))}), and leave out what was not measured"
    )
