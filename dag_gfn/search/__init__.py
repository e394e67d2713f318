"""The most probable DAGs, found by search: `best_graphs`."""

from dag_gfn.search.best_graphs import BestGraphs, best_graphs

__all__ = ["BestGraphs", "best_graphs"]
