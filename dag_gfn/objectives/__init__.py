"""Training objectives: each reads `FlowTerms` and nothing else."""

from dag_gfn.objectives.modified_db import ModifiedDetailedBalance, modified_db_residual
from dag_gfn.objectives.objective import FlowTerms, Objective

OBJECTIVES = {"modified_db": ModifiedDetailedBalance}

__all__ = ["OBJECTIVES", "FlowTerms", "ModifiedDetailedBalance", "Objective", "modified_db_residual"]
