"""Graphs as objects of other libraries and as files; all carry the variables' names."""

import importlib
import re
from collections.abc import Sequence
from types import ModuleType
from typing import TYPE_CHECKING

import networkx as nx
import numpy as np
from jaxtyping import Bool, Float64

from dag_gfn import files
from dag_gfn.errors import OptionError, shortened

if TYPE_CHECKING:
    from arviz import InferenceData
    from causallearn.graph.GeneralGraph import GeneralGraph
    from pgmpy.base import DAG

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # XML 1.0, production 2
_MISREAD_IN_DOT = re.compile(r'(?<!\\)(?:\\\\)*\\(?=["\r\n]|\Z)')  # an odd number of backslashes


def to_networkx(
    adjacency: Bool[np.ndarray, "d d"],
    names: Sequence[str],
    *,
    probability: Float64[np.ndarray, "d d"] | None = None,
) -> nx.DiGraph:
    """Return one graph with named nodes, in the order of `names`.

    Parameters
    ----------
    adjacency : ndarray, shape (d, d), bool
        `adjacency[i, j]` is True for the edge i → j (row → column).
    names : sequence of str, length d
    probability : ndarray, shape (d, d), float64, optional
        Marginal probability of every edge i → j, stored as the edges' attribute `probability`.
    """
    graph = nx.DiGraph()
    graph.add_nodes_from(names)
    for i, j in np.argwhere(adjacency):
        attributes = {} if probability is None else {"probability": float(probability[i, j])}
        graph.add_edge(names[i], names[j], **attributes)
    return graph


def consensus_graph(
    probability: Float64[np.ndarray, "d d"], names: Sequence[str], *, threshold: float = 0.5
) -> nx.DiGraph:
    """Return the directed graph of the edges whose marginal probability exceeds `threshold`.

    At a threshold of at least ½ an edge and its reverse cannot both appear, as they exclude each other in
    every DAG. Longer cycles can: three graphs of probability ⅓, each holding two of the edges
    a → b → c → a, give every one of these edges probability ⅔. Where a DAG is needed, take one of
    `GraphPosterior.top_graphs`.

    Parameters
    ----------
    probability : ndarray, shape (d, d), float64
        Entry (i, j): marginal probability of the edge i → j (row → column).
    names : sequence of str, length d
    threshold : float
        In [0, 1).
    """
    if not 0.0 <= threshold < 1.0:
        raise ValueError(f"threshold must lie in [0, 1), not {threshold}")
    return to_networkx(probability > threshold, names, probability=probability)


def to_pgmpy(
    adjacency: Bool[np.ndarray, "d d"],
    names: Sequence[str],
    *,
    probability: Float64[np.ndarray, "d d"] | None = None,
) -> "DAG":
    """Return one DAG as pgmpy has it, without parameters; `dag_gfn.fitted.fitted_network` adds them.

    Parameters
    ----------
    adjacency, names, probability
        As for `to_networkx`.
    """
    from pgmpy.base import DAG  # takes seconds to import

    graph = to_networkx(adjacency, names, probability=probability)
    dag = DAG()
    dag.add_nodes_from(graph.nodes)
    dag.add_edges_from(graph.edges)
    for source, target, attributes in graph.edges(data=True):
        dag.edges[source, target].update(attributes)
    return dag


def to_causal_learn(adjacency: Bool[np.ndarray, "d d"], names: Sequence[str]) -> "GeneralGraph":
    """Return a graph as causal-learn has it.

    Parameters
    ----------
    adjacency : ndarray, shape (d, d), bool
        `adjacency[i, j]` is True for the edge i → j (row → column); where both directions are, as in a CPDAG,
        the edge is undirected.
    names : sequence of str, length d

    Raises
    ------
    OptionError
        If causal-learn is not installed.
    """
    general = _optional("causallearn.graph.GeneralGraph", "causal-learn")
    edges, ends, nodes = (
        importlib.import_module(f"causallearn.graph.{module}") for module in ("Edge", "Endpoint", "GraphNode")
    )
    tail, arrow = ends.Endpoint.TAIL, ends.Endpoint.ARROW
    variables = [nodes.GraphNode(name) for name in names]
    graph = general.GeneralGraph(variables)
    for i, j in np.argwhere(adjacency):
        if not adjacency[j, i]:
            graph.add_edge(edges.Edge(variables[i], variables[j], tail, arrow))
        elif i < j:
            graph.add_edge(edges.Edge(variables[i], variables[j], tail, tail))
    return graph


def to_arviz(graphs: Bool[np.ndarray, "k d d"], names: Sequence[str], *, chains: int = 1) -> "InferenceData":
    """Return drawn graphs as arviz's InferenceData, for its tables, plots and diagnostics.

    Parameters
    ----------
    graphs : ndarray, shape (k, d, d), bool
        Draws, for example of `GraphPosterior.sample_adjacency`: `graphs[s, i, j]` is True for i → j.
    names : sequence of str, length d
    chains : int
        How many chains of equal length the draws are, one after the other.

    Returns
    -------
    arviz.InferenceData
        Group `posterior`: `edge` of dims (chain, draw, source, target), 0 or 1, and `num_edges`.

    Raises
    ------
    OptionError
        If arviz is not installed, or the draws do not divide into the chains.
    """
    arviz = _optional("arviz", "arviz")
    k, d, _ = graphs.shape
    if chains < 1 or k % chains:
        raise OptionError(f"{k} draws do not divide into {chains} chains of equal length")
    edge = graphs.reshape(chains, k // chains, d, d).astype(np.int8)
    return arviz.from_dict(
        posterior={"edge": edge, "num_edges": edge.sum(axis=(2, 3), dtype=np.int64)},
        coords={"source": list(names), "target": list(names)},
        dims={"edge": ["source", "target"]},
    )


def graphml_text(graph: nx.DiGraph) -> str:
    """Return a graph as GraphML, with the numbers and texts of its edges and of the graph as attributes.

    Raises
    ------
    OptionError
        If a name holds a control character or half a surrogate pair, which XML forbids.
    """
    for name in graph:
        if _NOT_XML.search(str(name)):
            raise OptionError(
                f"GraphML cannot hold the control character in the name {shortened(ascii(name))}: choose gml or dot"
            )
    return "\n".join(nx.generate_graphml(_known(graph))) + "\n"


def gml_text(graph: nx.DiGraph) -> str:
    """Return a graph as GML, with the numbers and texts of its edges and of the graph as attributes.

    GML wants whole numbers as identifiers, so the names are the labels; ``networkx.read_gml`` names nodes by them.
    GML is ASCII, so that other characters are written as ``&#228;``.
    """
    return "\n".join(nx.generate_gml(_known(graph))) + "\n"


def dot_text(graph: nx.DiGraph) -> str:
    """Return a graph in the DOT language of Graphviz.

    The names are the nodes' identifiers, in quotes. Edges are labelled with their probability, which the attribute
    `probability` holds in full.
    """
    identifiers = dict(zip(graph, _dot_identifiers([str(name) for name in graph]), strict=True))
    lines = []
    for name, identifier in identifiers.items():
        # Graphviz shows the identifier, but takes its backslashes for escapes there.
        label = str(name).replace("\\", "\\\\").replace('"', '\\"')
        lines.append(f'  {identifier} [label="{label}"];' if "\\" in str(name) else f"  {identifier};")
    for source, target, attributes in graph.edges(data=True):
        probability = attributes.get("probability")
        drawn = "" if probability is None else f' [label="{probability:.2f}", probability={probability!r}]'
        lines.append(f"  {identifiers[source]} -> {identifiers[target]}{drawn};")
    return "\n".join(["digraph {", *lines, "}"]) + "\n"


def edge_list_text(graph: nx.DiGraph) -> str:
    """Return a graph's edges as CSV: source, target, probability (empty where not known).

    Variables without edges do not occur in it. A name that a spreadsheet would compute has an apostrophe in front;
    `dag_gfn.files.from_spreadsheet` finds the name again.
    """
    rows = [(i, j, attributes.get("probability", "")) for i, j, attributes in graph.edges(data=True)]
    return "".join(files.csv_line(row) for row in (("source", "target", "probability"), *rows))


def _dot_identifiers(names: Sequence[str]) -> list[str]:
    r"""Return names as quoted identifiers of DOT.

    Between quotes DOT knows the escape \" only; every other character stands for itself, a backslash and a line end
    too. So a lone backslash before a quote, a line end or the end would be misread: if a name has one, the backslashes
    of all names are doubled, which keeps different names apart.
    """
    if any(_MISREAD_IN_DOT.search(name) for name in names):
        names = [name.replace("\\", "\\\\") for name in names]
    return ['"' + name.replace('"', '\\"') + '"' for name in names]


def _known(graph: nx.DiGraph) -> nx.DiGraph:
    """Return a graph without those of its own attributes that are None, which files have no word for."""
    known = nx.DiGraph(**{key: value for key, value in graph.graph.items() if value is not None})
    known.add_nodes_from(graph)
    known.add_edges_from(graph.edges(data=True))
    return known


def _optional(module: str, package: str) -> ModuleType:
    """Import a library that is not among the dependencies, or say how to get it."""
    root = module.split(".")[0]
    try:
        importlib.import_module(root)
    except ModuleNotFoundError as error:
        if error.name != root:
            raise
        raise OptionError(f"this needs {package}, which is not installed: pip install {package}") from error
    return importlib.import_module(module)
