"""Environments: how a DAG, or the root layering of one, is built one action at a time.

To add one: a file that follows `Environment`, with `conformance.check_environment` in its test; docs/own_environment.md
goes through `hypergrid.py`, whose objects are no DAGs, as the example.
"""

from dag_gfn.gflownet.env.dag_state import DagState
from dag_gfn.gflownet.env.edge_addition import EdgeAddition
from dag_gfn.gflownet.env.environment import Environment
from dag_gfn.gflownet.env.trajectories import Trajectories

__all__ = ["DagState", "EdgeAddition", "Environment", "Trajectories"]
