"""Distributions over causal graphs: summaries, networkx graphs and files."""

from dag_gfn.posterior.classes import ClassPosterior
from dag_gfn.posterior.interop import to_networkx
from dag_gfn.posterior.marginal import Marginal, Probability
from dag_gfn.posterior.posterior import GraphPosterior
from dag_gfn.posterior.storage import load_posterior, save_posterior
from dag_gfn.posterior.storage import load_posterior as load

__all__ = [
    "ClassPosterior",
    "GraphPosterior",
    "Marginal",
    "Probability",
    "load",
    "load_posterior",
    "save_posterior",
    "to_networkx",
]
