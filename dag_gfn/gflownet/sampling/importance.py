"""What a sampler's own probabilities tell of it: importance weights, effective sample size, evidence."""

import math
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from dag_gfn.gflownet.env.environment import Environment
from dag_gfn.gflownet.env.state import State
from dag_gfn.gflownet.env.trajectories import Trajectories
from dag_gfn.gflownet.objectives.importance_weights import effective_share
from dag_gfn.gflownet.policies.flow_model import FlowModel
from dag_gfn.gflownet.policies.policy import Policy
from dag_gfn.gflownet.sampling.evaluation import evaluate
from dag_gfn.gflownet.sampling.outcomes import sample_outcomes
from dag_gfn.gflownet.sampling.rollouts import backward_rollout
from dag_gfn.posterior.metrics import pareto_smoothed
from dag_gfn.posterior.verdict import MAX_SHAPE

_FEWEST_WITH_A_TAIL = 25
_TRAJECTORIES_TOGETHER = 4096
_ROUNDING = 1e-5  # of single precision: its tail is none


@torch.no_grad()
def log_importance_weights(policy: Policy, trajectories: Trajectories) -> Float[Tensor, " b"]:
    r"""Return :math:`\log R(x) + \log P_B(\tau\mid x) - \log P_F(\tau)` of whole trajectories, in nats.

    Constant, and equal to the log evidence, exactly where the policy samples the posterior. The backward policy is the
    model's own, or uniform.
    """
    terms = evaluate(policy, trajectories)
    steps = (terms.log_pb.double() - terms.log_pf.double()).sum(1)
    return trajectories.final.log_reward + steps


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
    standard_error : float
        Of log_z, to first order. It knows nothing of graphs that were never drawn.
    """

    ess: float
    log_z_lower: float
    log_z: float
    standard_error: float

    @classmethod
    def from_log_weights(cls, log_w: Float[Tensor, " k"]) -> "ImportanceEstimate":
        r"""Return the estimate from on-policy log-weights: ESS = (Σw)² / (k Σw²) as a share of the k samples."""
        k = len(log_w)
        total, ess = log_w.logsumexp(0), float(effective_share(log_w))
        return cls(
            ess=ess,
            log_z_lower=float(log_w.mean()),
            log_z=float(total) - math.log(k),
            standard_error=math.sqrt(max(1 / ess - 1, 0.0) / k),
        )


def importance_estimate(
    environment: Environment, policy: Policy, num_samples: int, *, generator: torch.Generator
) -> ImportanceEstimate:
    """Draw trajectories on-policy and judge the policy by their weights."""
    sample = sample_outcomes(environment, policy, num_samples, generator=generator)
    return ImportanceEstimate.from_log_weights(sample.log_weight)


def log_evidence_upper_bound(
    environment: Environment, policy: Policy, graphs: State, *, generator: torch.Generator
) -> float:
    r"""Return the mean log-weight of trajectories that end in draws from the posterior itself.

    In expectation at least the log evidence, by as much as :math:`KL(P_B(\tau\mid x) R(x) / Z\,\|\,P_F(\tau))`: it sees
    the graphs that the policy never draws, to which weights of its own samples are blind.
    """
    model = FlowModel.of(policy)
    backwards = backward_rollout(environment, graphs, generator=generator, backward=model.backward)
    return float(log_importance_weights(model, backwards).mean())


def graph_log_probabilities(
    environment: Environment,
    policy: Policy,
    graphs: State,
    *,
    num_trajectories: int = 100,
    generator: torch.Generator,
) -> tuple[Float[Tensor, " k"], Float[Tensor, " k"]]:
    r"""Return an estimate of log P_θ(G), the probability that the policy ends in each graph, and its standard error.

    .. math:: P_θ(G) = E_{\tau\sim Q(\cdot\mid G)}\left[P_F(\tau) / Q(\tau\mid G)\right]

    Q is the uniform backward policy, or where one is learned, half of the trajectories are from either and Q is their
    mixture. The learned one alone may hardly ever go back on a way by which the policy often comes: the mean would
    lack it, and its standard error know nothing of that. The estimate of P is unbiased, that of its log too small by
    about half the square of the standard error.

    Parameters
    ----------
    environment : Environment
    policy : Policy
    graphs : State of k graphs
    num_trajectories : int
        Per graph. From 25 on, the error is infinite where the tail of the ratios is too heavy to tell it
        (shape above 0.7, `dag_gfn.posterior.metrics.pareto_smoothed`): more trajectories are needed. Below it is a
        rough figure, nan if there is only one.
    generator : torch.Generator

    References
    ----------
    Owen and Zhou, Safe and effective importance sampling, JASA 95 (2000): mixtures that keep the weights bounded.
    """
    model, k = FlowModel.of(policy), len(graphs)
    uniform = FlowModel(model.policy)
    from_learned = 0 if model.backward is None else (num_trajectories + 1) // 2
    ratios = [graphs.log_reward[:0]]
    for backward, wanted in ((model.backward, from_learned), (None, num_trajectories - from_learned)):
        for first in range(0, wanted * k, _TRAJECTORIES_TOGETHER):
            last = min(first + _TRAJECTORIES_TOGETHER, wanted * k)
            ends = graphs[torch.arange(first, last, device=environment.device) % k]
            backwards = backward_rollout(environment, ends, generator=generator, backward=backward)
            log_q = log_importance_weights(uniform, backwards)  # log R Q / P_F
            if model.backward is not None:
                learned = log_importance_weights(model, backwards)
                log_q = torch.logaddexp(log_q, learned) - math.log(2)
            ratios.append(ends.log_reward - log_q)
    ratio = torch.cat(ratios).view(num_trajectories, k)  # (trajectories, k): log P_F / Q
    mean = ratio.logsumexp(0) - math.log(num_trajectories)
    if num_trajectories == 1:
        return mean, torch.full_like(mean, torch.nan)
    error = (ratio - mean).exp().var(0).div(num_trajectories).sqrt()
    if num_trajectories >= _FEWEST_WITH_A_TAIL:
        shapes = [pareto_smoothed(of_graph)[1] for of_graph in ratio.T.double().cpu().numpy()]
        heavy = torch.tensor(shapes, device=error.device) > MAX_SHAPE
        error = torch.where(heavy & (error > _ROUNDING), torch.inf, error)
    return mean, error
