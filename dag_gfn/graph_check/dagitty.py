"""Graphs written as DAGitty's text: `dag { smoking -> tar -> cancer ; age [pos="0,1"] }`."""

import re

import networkx as nx

from dag_gfn.errors import DataError, shortened

_TOKEN = re.compile(
    r"""\s*(?:
        (?P<quoted> "(?:[^"\\]|\\.)*" )
      | (?P<attributes> \[ (?: [^\]"] | "(?:[^"\\]|\\.)*" )* \] )
      | (?P<arrow> <-> | -> | <- | -- | @-> | <-@ | @-@ | @-- | --@ )
      | (?P<symbol> [{};,=] )
      | (?P<word> (?: [^\s"\[\]{};,=<>@-] | - (?![->@]) )+ )
    )""",
    re.VERBOSE,
)
_COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*|#[^\n]*", re.DOTALL)
_KINDS = ("dag", "digraph", "graph", "pdag", "mag", "pag")


def read_dagitty(text: str) -> nx.DiGraph:
    """Return the DAG that a text in DAGitty's language describes.

    Nodes are words or in double quotes; statements end with a line or a semicolon; `a -> {b c}` stands for two edges.
    Attributes in square brackets are skipped.

    Raises
    ------
    DataError
        If it cannot be read, or an edge is not a directed one.

    Examples
    --------
    >>> from dag_gfn.graph_check.dagitty import read_dagitty
    >>> sorted(read_dagitty('dag { smoking -> tar -> cancer; "age at death" <- cancer }').edges)
    [('cancer', 'age at death'), ('smoking', 'tar'), ('tar', 'cancer')]
    """
    tokens = _tokens(_COMMENT.sub(" ", text))
    if tokens and tokens[0] == ("word", "strict"):
        tokens = tokens[1:]
    if not tokens or tokens[0][0] != "word" or tokens[0][1].lower() not in _KINDS:
        raise DataError("expected DAGitty's text to begin with dag {")
    while tokens and tokens[0] != ("symbol", "{"):
        tokens = tokens[1:]
    if not tokens or tokens[-1] != ("symbol", "}"):
        raise DataError("the text of the graph has no { and } around it: write dag { a -> b }")
    graph: nx.DiGraph = nx.DiGraph()
    _statements(tokens[1:-1], graph)
    return graph


def _tokens(text: str) -> list[tuple[str, str]]:
    found, position, end = [], 0, len(text.rstrip())
    while position < end:
        match = _TOKEN.match(text, position)
        if match is None:
            raise DataError(
                f"'{shortened(text[position:].strip(), 40)}' cannot be read as a graph of DAGitty"
            )
        position, kind = match.end(), str(match.lastgroup)
        content = match.group(kind)
        if kind == "quoted":
            content, kind = re.sub(r"\\(.)", r"\1", content[1:-1]), "word"
        if kind != "attributes":
            found.append((kind, content))
    return found


def _statements(tokens: list[tuple[str, str]], graph: nx.DiGraph) -> None:
    """Add what the statements between braces say to the graph."""
    at, before, arrow = 0, None, None
    while at < len(tokens):
        kind, content = tokens[at]
        if kind == "symbol" and content in ";,":
            at, before, arrow = at + 1, None, None
            continue
        if kind == "arrow":
            if before is None:
                raise DataError(f"there is no variable before '{content}'")
            if content not in ("->", "<-"):
                why = "hidden common causes" if content == "<->" else "edges without a direction"
                raise DataError(f"the graph has an edge '{content}': {why} are no part of a DAG of causes")
            at, arrow = at + 1, content
            continue
        if tokens[at + 1 : at + 2] == [("symbol", "=")]:  # bb="0,0,1,1"
            at, before, arrow = at + 3, None, None
            continue
        members, at = _members(tokens, at)
        graph.add_nodes_from(members)
        if before is not None and arrow is not None:
            for a in before:
                for b in members:
                    graph.add_edge(*((a, b) if arrow == "->" else (b, a)))
        before, arrow = members, None
    if arrow is not None:
        raise DataError(f"there is no variable after '{arrow}'")


def _members(tokens: list[tuple[str, str]], at: int) -> tuple[list[str], int]:
    """Return the variables that begin at a token, one or a group in braces, and where the next token is."""
    kind, content = tokens[at]
    if kind == "word":
        return [content], at + 1
    if content != "{":
        raise DataError(f"'{content}' has no meaning here")
    members = []
    for end in range(at + 1, len(tokens)):
        inner, name = tokens[end]
        if inner == "word":
            members.append(name)
        elif name == "}":
            return members, end + 1
        elif name not in ";,":
            break
    raise DataError("a group of variables is written {a b}")
