"""Environments: how a DAG is built, one action at a time."""

from dag_gfn.env.dag_state import DagState
from dag_gfn.env.edge_addition import EdgeAddition
from dag_gfn.env.environment import Environment
from dag_gfn.env.trajectories import Trajectories

__all__ = ["DagState", "EdgeAddition", "Environment", "Trajectories"]
