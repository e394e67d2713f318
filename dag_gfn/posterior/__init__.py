"""Distributions over causal graphs: summaries, networkx graphs and files."""

from dag_gfn.posterior.interop import to_networkx
from dag_gfn.posterior.posterior import GraphPosterior, Marginal
from dag_gfn.posterior.storage import load_posterior, save_posterior

__all__ = ["GraphPosterior", "Marginal", "load_posterior", "save_posterior", "to_networkx"]
