"""What the data say of a graph that somebody believes in."""

from dag_gfn.graph_check.check import CheckedPair, GraphCheck, check_graph
from dag_gfn.graph_check.graph_files import read_graph
from dag_gfn.graph_check.independences import Independence

__all__ = ["CheckedPair", "GraphCheck", "Independence", "check_graph", "read_graph"]
