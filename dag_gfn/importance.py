"""What a sampler's own probabilities tell of it: importance weights, effective sample size, evidence."""

import math
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from dag_gfn.env.environment import Environment
from dag_gfn.objectives.objective import FlowTerms
from dag_gfn.policies.policy import Policy
from dag_gfn.sampling import sample_graphs


def log_importance_weights(terms: FlowTerms) -> Float[Tensor, " b"]:
    r"""Return :math:`\log R(x) + \log P_B(\tau\mid x) - \log P_F(\tau)` of each trajectory, in nats.

    Constant, and equal to the log evidence, exactly where the policy samples the posterior.
    """
    steps = terms.log_pb.double() - terms.log_pf.double()
    return terms.log_reward.double() + steps.where(terms.mask, 0.0).sum(1)


@dataclass(frozen=True)
class ImportanceEstimate:
    r"""What trajectories drawn from the policy itself say of it.

    Attributes
    ----------
    ess : float
        Effective sample size of the weights as a share of the samples, in (0, 1]. Over trajectories, hence at
        most that of the graphs they end in.
    log_z_lower : float
        Mean log-weight, a lower bound of the log evidence in expectation (Jensen).
    log_z : float
        Log of the mean weight, a consistent estimate of the log evidence.
    """

    ess: float
    log_z_lower: float
    log_z: float

    @classmethod
    def from_log_weights(cls, log_w: Float[Tensor, " k"]) -> "ImportanceEstimate":
        r"""Return the estimate from on-policy log-weights: ESS = (Σw)² / (k Σw²) as a share of the k samples."""
        total, squares = log_w.logsumexp(0), (2 * log_w).logsumexp(0)
        return cls(
            ess=float((2 * total - squares).exp()) / len(log_w),
            log_z_lower=float(log_w.mean()),
            log_z=float(total) - math.log(len(log_w)),
        )


def importance_estimate(
    environment: Environment, policy: Policy, num_samples: int, *, generator: torch.Generator
) -> ImportanceEstimate:
    """Draw trajectories on-policy and judge the policy by their weights."""
    sample = sample_graphs(environment, policy, num_samples, generator=generator)
    return ImportanceEstimate.from_log_weights(sample.log_weight)
