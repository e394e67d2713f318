"""Figures of a posterior, one function each: they take axes or make some, and return them. Needs matplotlib."""

from dag_gfn.views.plots.effects import effect_posterior
from dag_gfn.views.plots.graphs import class_graph, consensus_graph, top_graphs
from dag_gfn.views.plots.marginals import agreement, calibration, edge_heat_map
from dag_gfn.views.plots.training import training_curve

__all__ = [
    "agreement",
    "calibration",
    "class_graph",
    "consensus_graph",
    "edge_heat_map",
    "effect_posterior",
    "top_graphs",
    "training_curve",
]
