"""Graphs as objects of other libraries and as text of graph files, with the variables' names."""

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

_NOT_IN_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")

if TYPE_CHECKING:
    from arviz import InferenceData
    from causallearn.graph.GeneralGraph import GeneralGraph
    from pgmpy.base import DAG


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

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.posterior import to_networkx
    >>> adjacency = np.array([[0, 1], [0, 0]], dtype=bool)
    >>> to_networkx(adjacency, ["a", "b"], probability=np.array([[0.0, 0.9], [0.0, 0.0]])).edges["a", "b"]
    {'probability': 0.9}
    """
    graph: nx.DiGraph = nx.DiGraph()
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

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.posterior.interop import consensus_graph
    >>> probability = np.array([[0.0, 0.7, 0.4], [0.2, 0.0, 0.0], [0.3, 0.0, 0.0]])
    >>> list(consensus_graph(probability, ["a", "b", "c"]).edges)
    [('a', 'b')]
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
    """Return one DAG as an object of pgmpy, without parameters (`dag_gfn.parameters.fitted.fitted_network` adds them).

    Parameters
    ----------
    adjacency, names, probability
        As for `to_networkx`.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.posterior.interop import to_pgmpy
    >>> dag = to_pgmpy(np.array([[0, 1], [0, 0]], dtype=bool), ["a", "b"])
    >>> sorted(dag.nodes), list(dag.edges)
    (['a', 'b'], [('a', 'b')])
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
    """Return a graph as an object of causal-learn.

    Parameters
    ----------
    adjacency : ndarray, shape (d, d), bool
        `adjacency[i, j]` is True for the edge i → j (row → column). Where both directions are True, as in a CPDAG,
        the edge is undirected.
    names : sequence of str, length d

    Raises
    ------
    OptionError
        If causal-learn is not installed.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.posterior.interop import to_causal_learn
    >>> graph = to_causal_learn(np.array([[0, 1], [0, 0]], dtype=bool), ["a", "b"])
    >>> print(graph.get_graph_edges()[0])
    a --> b
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

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.posterior.interop import to_arviz
    >>> draws = np.zeros((4, 2, 2), dtype=bool)
    >>> draws[:3, 0, 1] = True
    >>> edge = to_arviz(draws, ["a", "b"], chains=2).posterior["edge"]
    >>> float(edge.sel(source="a", target="b").mean())
    0.75
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
        If a name has characters that XML does not allow.

    Examples
    --------
    >>> import networkx as nx
    >>> from dag_gfn.posterior.interop import graphml_text
    >>> '<edge source="a" target="b" />' in graphml_text(nx.DiGraph([("a", "b")]))
    True
    """
    for name in graph:
        if _NOT_IN_XML.search(str(name)):
            raise OptionError(
                f"column {shortened(repr(str(name)))} has a control character, which GraphML cannot hold: "
                "choose gml, dot or csv, or rename the column"
            )
    return "\n".join(nx.generate_graphml(_plain(graph))) + "\n"


def gml_text(graph: nx.DiGraph) -> str:
    """Return a graph as GML, with numbered nodes, as the format requires, and names as their labels.

    Examples
    --------
    >>> import networkx as nx
    >>> from dag_gfn.posterior.interop import gml_text
    >>> gml_text(nx.DiGraph([("a", "b")])).split("edge")[1].split()
    ['[', 'source', '0', 'target', '1', ']', ']']
    """
    return "\n".join(nx.generate_gml(_plain(graph))) + "\n"


def dot_text(graph: nx.DiGraph) -> str:
    """Return a graph in the DOT language of Graphviz.

    Nodes are called by their names, in quotes; edges are labelled with their probability, which the attribute
    `probability` holds in full. A backslash at the end of a name or of a line in it, or before a quotation mark, is
    doubled, because the language cannot express a single one there.

    Examples
    --------
    >>> import networkx as nx
    >>> from dag_gfn.posterior.interop import dot_text
    >>> graph = nx.DiGraph()
    >>> graph.add_edge("a", "b", probability=0.875)
    >>> print(dot_text(graph).splitlines()[3])
      "a" -> "b" [label="0.88", probability=0.875];
    """
    lines = []
    for name in map(str, graph):
        # Graphviz shows a node's name unless there is a label; it treats backslashes and & in both as escapes
        label = f" [label={_label(name)}]" if re.search(r"[\\&\n\r]", name) else ""
        lines.append(f"  {_identifier(name)}{label};")
    for source, target, attributes in graph.edges(data=True):
        probability = attributes.get("probability")
        drawn = "" if probability is None else f' [label="{probability:.2f}", probability={probability!r}]'
        lines.append(f"  {_identifier(str(source))} -> {_identifier(str(target))}{drawn};")
    return "\n".join(["digraph {", *lines, "}"]) + "\n"


def edge_list_text(graph: nx.DiGraph) -> str:
    """Return a graph's edges as CSV: source, target, probability (empty where not known).

    Variables without edges do not occur in it. A name that a spreadsheet would take as a formula gets an apostrophe in
    front; `dag_gfn.files.from_spreadsheet` removes it.

    Examples
    --------
    >>> import networkx as nx
    >>> from dag_gfn.posterior.interop import edge_list_text
    >>> edge_list_text(nx.DiGraph([("a", "b")])).splitlines()
    ['source,target,probability', 'a,b,']
    """
    rows = [(i, j, attributes.get("probability", "")) for i, j, attributes in graph.edges(data=True)]
    return "".join(files.csv_line(row) for row in (("source", "target", "probability"), *rows))


def _plain(graph: nx.DiGraph) -> nx.DiGraph:
    """Return a copy without attributes that are None, which the formats cannot hold."""
    plain: nx.DiGraph = nx.DiGraph(**{key: value for key, value in graph.graph.items() if value is not None})
    plain.add_nodes_from(graph)
    plain.add_edges_from(graph.edges(data=True))
    return plain


def _identifier(name: str) -> str:
    r"""Return a name as DOT quotes it: \" stands for ", every other backslash for itself."""
    name = re.sub(r'(\\+)(?=["\r\n]|$)', lambda run: run[1] * 2, name)
    return '"' + name.replace('"', '\\"') + '"'


def _label(text: str) -> str:
    r"""Return a DOT label; these treat backslashes as escapes, so \\ stands for one, and know &amp;."""
    escaped = text.replace("&", "&amp;").replace("\\", "\\\\").replace('"', '\\"')
    return '"' + escaped.replace("\n", "\\n").replace("\r", "\\r") + '"'


def _optional(module: str, package: str) -> ModuleType:
    """Import an optional library, or raise an error that says how to install it."""
    root = module.split(".")[0]
    try:
        importlib.import_module(root)
    except ModuleNotFoundError as error:
        if error.name != root:
            raise
        raise OptionError(f"this needs {package}, which is not installed: pip install {package}") from error
    return importlib.import_module(module)
