"""Training objectives, functions of `FlowTerms` alone; here are those that `--objective` names.

To add one: a file with its class, a line below, and its expected loss in its test. `conformance.check_objective` runs
on every objective that is listed here.
"""

from dag_gfn.gflownet.objectives.detailed_balance import DetailedBalance, ForwardLookingDetailedBalance
from dag_gfn.gflownet.objectives.flow_matching import FlowMatching
from dag_gfn.gflownet.objectives.forward_kl import ForwardKL
from dag_gfn.gflownet.objectives.modified_db import ModifiedDetailedBalance
from dag_gfn.gflownet.objectives.objective import FlowTerms, Objective
from dag_gfn.gflownet.objectives.reverse_kl import PublishedOffPolicyKL, ReverseKL
from dag_gfn.gflownet.objectives.subtrajectory_balance import SubtrajectoryBalance
from dag_gfn.gflownet.objectives.trajectory_balance import LogPartitionVariance, TrajectoryBalance
from dag_gfn.gflownet.objectives.wake_sleep import ReverseWakeSleep, WakeSleep

OBJECTIVES: dict[str, type[Objective]] = {
    objective.name: objective
    for objective in (
        ModifiedDetailedBalance,
        DetailedBalance,
        ForwardLookingDetailedBalance,
        TrajectoryBalance,
        LogPartitionVariance,
        SubtrajectoryBalance,
        FlowMatching,
        ReverseKL,
        ForwardKL,
        WakeSleep,
        ReverseWakeSleep,
        PublishedOffPolicyKL,
    )
}
"""The classes of all objectives, by name."""

__all__ = ["OBJECTIVES", "FlowTerms", "Objective"]
