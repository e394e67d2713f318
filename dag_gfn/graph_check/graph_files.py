"""Read a graph of causes that somebody has drawn: edge lists, DOT, GraphML, GML, BIF and DAGitty."""

import csv
import io
import json
import os
import re
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import networkx as nx

from dag_gfn import files
from dag_gfn.errors import DataError, StorageError, shortened
from dag_gfn.graph_check.dagitty import read_dagitty

MAX_BYTES = 20_000_000
_HEADERS = {
    frozenset(pair): pair
    for pair in (("source", "target"), ("from", "to"), ("parent", "child"), ("cause", "effect"))
}
FORMATS = (
    ".csv and .tsv (an edge list: source,target), .dot and .gv, .graphml, .gml, .bif, .dagitty and .txt (DAGitty: "
    "dag { a -> b })"
)


def read_graph(path: str | os.PathLike[str]) -> nx.DiGraph:
    """Return the directed graph in a file, its nodes named as in the file.

    The format follows from the suffix; a file without a known suffix is read by what it begins with.

    Parameters
    ----------
    path : path

    Raises
    ------
    StorageError
        If there is no such file.
    DataError
        If it cannot be read as a directed graph.

    Examples
    --------
    >>> from pathlib import Path
    >>> from dag_gfn.graph_check import read_graph
    >>> _ = Path("believed.csv").write_text("source,target\\nsmoking,cancer\\n")
    >>> list(read_graph("believed.csv").edges)
    [('smoking', 'cancer')]
    """
    file = Path(path)
    if not file.is_file():
        raise StorageError(f"there is no file '{file}' with a graph; it may be one of {FORMATS}")
    try:
        text = files.read_text(file, MAX_BYTES)
    except (OSError, ValueError) as error:
        raise DataError(f"'{file}' cannot be read as text: {shortened(error)}") from error
    try:
        return graph_of_text(text.lstrip("\ufeff"), file.suffix.lower())
    except DataError as error:
        raise DataError(f"in the graph of '{file}': {error}") from error


def graph_of_text(text: str, suffix: str = "") -> nx.DiGraph:
    """Return the directed graph that a text describes.

    Parameters
    ----------
    text : str
    suffix : str
        Of a file, such as ".dot". By default the format is that of the text's beginning.

    Raises
    ------
    DataError
        If it cannot be read as a directed graph.

    Examples
    --------
    >>> from dag_gfn.graph_check.graph_files import graph_of_text
    >>> list(graph_of_text("dag { a -> b }").edges)
    [('a', 'b')]
    """
    readers: dict[str, Callable[[str], nx.DiGraph]] = {
        ".csv": _edge_list,
        ".tsv": _edge_list,
        ".dot": _dot,
        ".gv": _dot,
        ".graphml": _graphml,
        ".gml": _gml,
        ".bif": _bif,
        ".dagitty": read_dagitty,
    }
    reader = readers.get(suffix) or _by_beginning(text)
    graph = reader(text)
    if not graph.number_of_nodes():
        raise DataError("it names no variable")
    return graph


def _by_beginning(text: str) -> Callable[[str], nx.DiGraph]:
    start = text.lstrip()
    if re.match(r"(strict\s+)?digraph\b", start):
        return _dot
    if re.match(r"(dag|pdag|mag|pag|graph)\b[^,\n]*\{", start):
        return read_dagitty
    if start.startswith("<"):
        return _graphml
    if re.match(r"(//[^\n]*\s+)*network\b", start):
        return _bif
    first = start.splitlines()[0] if start else ""
    if "," in first or "\t" in first or ";" in first:
        return _edge_list
    raise DataError(f"the format is not known; it may be {FORMATS}")


def _edge_list(text: str) -> nx.DiGraph:
    """Read lines of source and target; a first line that says so gives the order of the two."""
    lines = [line for line in text.splitlines() if line.strip()]
    separator = next((s for s in (",", "\t", ";") if lines and s in lines[0]), ",")
    rows = [
        [files.from_spreadsheet(cell.strip()) for cell in row]
        for row in csv.reader(io.StringIO("\n".join(lines)), delimiter=separator, skipinitialspace=True)
    ]
    if not rows:
        raise DataError("it is empty")
    titles = [cell.lower() for cell in rows[0]]
    source, target = 0, 1
    for pair in _HEADERS.values():
        if set(pair) <= set(titles):
            source, target = titles.index(pair[0]), titles.index(pair[1])
            rows = rows[1:]
            break
    graph: nx.DiGraph = nx.DiGraph()
    for number, row in enumerate(rows, start=1):
        if len(row) <= max(source, target) or not row[source]:
            raise DataError(
                f"edge {number} is '{shortened(separator.join(row))}': expected source{separator}target"
            )
        if row[target]:
            graph.add_edge(row[source], row[target])
        else:
            graph.add_node(row[source])  # a variable without edges
    return graph


def _dot(text: str) -> nx.DiGraph:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of pyparsing, that names in it are old
            import pydot  # slow to import

            parsed = pydot.graph_from_dot_data(text)
    except Exception as error:  # it raises what its parser does
        raise DataError(f"it is no DOT graph ({shortened(error, 80)})") from error
    if not parsed:
        raise DataError("it is no DOT graph")
    if parsed[0].get_type() != "digraph":
        raise DataError("its edges have no direction (graph): write digraph { a -> b }")
    graph: nx.DiGraph = nx.DiGraph()
    _add_dot(parsed[0], graph)
    return graph


def _add_dot(parsed: Any, graph: nx.DiGraph) -> None:
    """Add the nodes and edges of a graph of pydot, and of the graphs within it."""
    for node in parsed.get_nodes():
        name = _unquoted(node.get_name())
        if node.get_name() not in ("node", "edge", "graph") and name not in ("\\n", "\\r\\n", ""):
            graph.add_node(name, label=_unquoted(node.get("label") or name))
    for edge in parsed.get_edges():
        sources, targets = (_dot_ends(end) for end in (edge.get_source(), edge.get_destination()))
        graph.add_edges_from((a, b) for a in sources for b in targets)
    for inner in parsed.get_subgraphs():
        _add_dot(inner, graph)


def _dot_ends(end: Any) -> list[str]:
    """Return the nodes at one end of an edge: one, or those of a group in braces."""
    if isinstance(end, str):
        return [_unquoted(end.split(":")[0] if not end.startswith('"') else end)]
    names = end["nodes"] if isinstance(end, Mapping) else [node.get_name() for node in end.get_nodes()]
    return [_unquoted(name) for name in names]


def _unquoted(name: str) -> str:
    if len(name) >= 2 and name[0] == name[-1] == '"':
        inner = name[1:-1].replace('\\"', '"')
        return re.sub(r"\\\\(?=\"|$)", r"\\", inner)
    return name


def _graphml(text: str) -> nx.DiGraph:
    try:
        graph = nx.parse_graphml(text)
    except Exception as error:  # of the parser of XML, and of networkx
        raise DataError(f"it is no GraphML ({shortened(error, 80)})") from error
    return _directed(graph)


def _gml(text: str) -> nx.DiGraph:
    try:
        graph = nx.parse_gml(text)
    except Exception as error:
        raise DataError(f"it is no GML ({shortened(error, 80)})") from error
    return _directed(graph)


def _directed(graph: nx.Graph) -> nx.DiGraph:
    if not graph.is_directed():
        raise DataError("its edges have no direction")
    plain: nx.DiGraph = nx.DiGraph()
    for node, attributes in graph.nodes(data=True):
        label = attributes.get("label", attributes.get("name", node))
        plain.add_node(str(node), label=str(label))
    plain.add_edges_from((str(a), str(b)) for a, b in graph.edges())
    return plain


def _bif(text: str) -> nx.DiGraph:
    """Read which variables a network in the Bayesian Interchange Format has, and the parents of each."""
    names = {
        word: json.loads(quoted)
        for word, quoted in re.findall(r"^// variable (\S+) is column (\".*\")\s*$", text, re.MULTILINE)
    }
    body = re.sub(r"//[^\n]*|/\*.*?\*/", " ", text, flags=re.DOTALL)
    word = r'"[^"]*"|[^\s(){}|,;"]+'
    graph: nx.DiGraph = nx.DiGraph()
    for variable in re.findall(rf"\bvariable\s+({word})\s*\{{", body):
        graph.add_node(_named(variable, names))
    for head in re.findall(r"\bprobability\s*\(([^)]*)\)", body):
        child, _, parents = head.partition("|")
        (node, *more) = re.findall(word, child)
        for parent in [*more, *re.findall(word, parents)]:  # some files leave the bar out
            graph.add_edge(_named(parent, names), _named(node, names))
    if not graph.number_of_nodes():
        raise DataError("it has no variables: it is no BIF file")
    return graph


def _named(word: str, names: dict[str, str]) -> str:
    word = word.strip('"')
    return names.get(word, word)
