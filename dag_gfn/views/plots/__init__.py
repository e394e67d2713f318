"""Figures of a posterior, one function for each; needs matplotlib.

Every function draws on the axes that it is given, or on new ones, and returns them.
"""

from dag_gfn.views.plots.dose_response import dose_response
from dag_gfn.views.plots.effects import effect_posterior
from dag_gfn.views.plots.graphs import class_graph, consensus_graph, top_graphs
from dag_gfn.views.plots.marginals import agreement, calibration, edge_heat_map
from dag_gfn.views.plots.training import training_curve

__all__ = [
    "agreement",
    "calibration",
    "class_graph",
    "consensus_graph",
    "dose_response",
    "edge_heat_map",
    "effect_posterior",
    "top_graphs",
    "training_curve",
]
