"""Importance weights of a sampler, with the evidence, its bounds and the probabilities of graphs that they give."""

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
from dag_gfn.posterior.limits import MAX_SHAPE
from dag_gfn.posterior.metrics import pareto_smoothed

_FEWEST_WITH_A_TAIL = 25  # trajectories from which the shape of the tail of the ratios is estimated
_TRAJECTORIES_TOGETHER = 4096
_ROUNDING = (
    1e-5  # standard errors below it are rounding errors of single precision, whose tail has no meaning
)


@torch.no_grad()
def log_importance_weights(policy: Policy, trajectories: Trajectories) -> Float[Tensor, " b"]:
    r"""Return :math:`\log R(x) + \log P_B(\tau\mid x) - \log P_F(\tau)` of whole trajectories, in nats.

    All are equal to the log evidence if and only if the policy samples the posterior. The backward policy is the
    model's, or the uniform one if it has none.

    Raises
    ------
    ValueError
        If the trajectories are single steps.

    Examples
    --------
    With two nodes, weights average to the sum of R(G) over the three DAGs:

    >>> import numpy as np
    >>> import torch
    >>> from dag_gfn.data import from_array
    >>> from dag_gfn.gflownet.env.edge_addition import EdgeAddition
    >>> from dag_gfn.gflownet.policies.uniform import UniformPolicy
    >>> from dag_gfn.gflownet.sampling.importance import log_importance_weights
    >>> from dag_gfn.gflownet.sampling.rollouts import rollout
    >>> from dag_gfn.scores import ScoreTable, make_score
    >>> table = ScoreTable.build(make_score("bge", from_array(np.random.default_rng(0).normal(size=(9, 2)))), None)
    >>> walks = rollout(EdgeAddition(table), UniformPolicy(), 2000, generator=torch.Generator().manual_seed(0))
    >>> evidence = np.logaddexp.reduce(table.log_reward(np.array([[0, 0], [0, 1], [2, 0]])))
    >>> estimate = log_importance_weights(UniformPolicy(), walks).exp().mean().log().item()
    >>> bool(abs(estimate - evidence) < 0.05)
    True
    """
    terms = evaluate(policy, trajectories)
    steps = (terms.log_pb.double() - terms.log_pf.double()).sum(1)
    return trajectories.ends.log_reward + steps


@dataclass(frozen=True)
class ImportanceEstimate:
    r"""The evidence, its lower bound and the effective sample size, from trajectories of the policy itself.

    Attributes
    ----------
    ess : float
        Effective sample size of the weights of trajectories as a share of the samples, in (0, 1]. That of the graphs in
        which they end is at least as large.
    log_z_lower : float
        Mean log-weight, a lower bound of the log evidence in expectation (Jensen).
    log_z : float
        Log of the mean weight, a consistent estimate of the log evidence.
    standard_error : float
        Standard error of log_z, by the delta method. It cannot account for graphs that were never drawn.

    Examples
    --------
    >>> import torch
    >>> from dag_gfn.gflownet.sampling.importance import ImportanceEstimate
    >>> estimate = ImportanceEstimate.from_log_weights(torch.tensor([1.0, 3.0]).log())
    >>> round(estimate.ess, 3), round(estimate.log_z, 3)  # 16 / (2 * 10) and log 2
    (0.8, 0.693)
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
    """Draw finished objects from the policy, and return the estimate that their weights give.

    Examples
    --------
    >>> import numpy as np
    >>> import torch
    >>> from dag_gfn.data import from_array
    >>> from dag_gfn.gflownet.env.edge_addition import EdgeAddition
    >>> from dag_gfn.gflownet.policies.uniform import UniformPolicy
    >>> from dag_gfn.gflownet.sampling.importance import importance_estimate
    >>> from dag_gfn.scores import ScoreTable, make_score
    >>> rows = np.random.default_rng(0).normal(size=(20, 3))
    >>> environment = EdgeAddition(ScoreTable.build(make_score("bge", from_array(rows)), None))
    >>> generator = torch.Generator().manual_seed(0)
    >>> estimate = importance_estimate(environment, UniformPolicy(), 500, generator=generator)
    >>> estimate.log_z_lower < estimate.log_z
    True
    """
    sample = sample_outcomes(environment, policy, num_samples, generator=generator)
    return ImportanceEstimate.from_log_weights(sample.log_weight)


def log_evidence_upper_bound(
    environment: Environment, policy: Policy, graphs: State, *, generator: torch.Generator
) -> float:
    r"""Return the mean log-weight of backward trajectories from draws of the posterior itself.

    Its expectation exceeds the log evidence by :math:`KL(P_B(\tau\mid x) R(x) / Z\,\|\,P_F(\tau))`. Unlike the weights
    of the policy's own samples, it accounts for graphs that the policy never draws.

    Parameters
    ----------
    environment : Environment
    policy : Policy
    graphs : State of draws from the posterior
    generator : torch.Generator

    Examples
    --------
    >>> import numpy as np
    >>> import torch
    >>> from dag_gfn.data import from_array
    >>> from dag_gfn.gflownet.env.dag_state import closure
    >>> from dag_gfn.gflownet.env.edge_addition import EdgeAddition
    >>> from dag_gfn.gflownet.policies.uniform import UniformPolicy
    >>> from dag_gfn.gflownet.sampling.importance import log_evidence_upper_bound
    >>> from dag_gfn.scores import ScoreTable, make_score
    >>> rng, generator = np.random.default_rng(0), torch.Generator().manual_seed(0)
    >>> table = ScoreTable.build(make_score("bge", from_array(rng.normal(size=(9, 2)))), None)
    >>> dags = np.array([[0, 0], [0, 1], [2, 0]])  # parent masks of the three DAGs
    >>> log_evidence = np.logaddexp.reduce(table.log_reward(dags))
    >>> draws = torch.from_numpy(dags[rng.choice(3, 500, p=np.exp(table.log_reward(dags) - log_evidence))])
    >>> environment = EdgeAddition(table)
    >>> graphs = environment.state_of(draws, closure(draws))
    >>> log_evidence_upper_bound(environment, UniformPolicy(), graphs, generator=generator) > float(log_evidence)
    True
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
    r"""Estimate log P_θ(G), the log-probability that the policy ends in each graph, with its standard error.

    .. math:: P_θ(G) = E_{\tau\sim Q(\cdot\mid G)}\left[P_F(\tau) / Q(\tau\mid G)\right]

    Q is the uniform backward policy. If a backward policy is learned, half of the trajectories are drawn from each of
    the two, and Q is their mixture: the learned policy alone may almost never draw a trajectory that the forward policy
    often takes, and then the mean misses it without a sign in the standard error. The estimate of P is unbiased; that
    of log P is too small by about half its squared standard error.

    Parameters
    ----------
    environment : Environment
    policy : Policy
    graphs : State of k graphs
    num_trajectories : int
        For each graph. From 25 on, the standard error is infinite where the tail of the ratios is too heavy for an
        estimate (Pareto shape above `dag_gfn.posterior.limits.MAX_SHAPE`): more trajectories are needed.
        With fewer it is a rough figure, and NaN with only one.
    generator : torch.Generator

    Returns
    -------
    mean, standard_error : Tensor, shape (k,), float64
        In nats.

    References
    ----------
    Owen and Zhou, Safe and effective importance sampling, JASA 95 (2000): mixtures that keep the weights bounded.

    Examples
    --------
    >>> import numpy as np
    >>> import torch
    >>> from dag_gfn.data import from_array
    >>> from dag_gfn.gflownet.env.edge_addition import EdgeAddition
    >>> from dag_gfn.gflownet.policies.uniform import UniformPolicy
    >>> from dag_gfn.gflownet.sampling.importance import graph_log_probabilities
    >>> from dag_gfn.scores import ScoreTable, make_score
    >>> rows = np.random.default_rng(0).normal(size=(20, 3))
    >>> environment = EdgeAddition(ScoreTable.build(make_score("bge", from_array(rows)), None))
    >>> generator = torch.Generator().manual_seed(0)
    >>> empty = environment.initial_state(1)
    >>> mean, error = graph_log_probabilities(environment, UniformPolicy(), empty, generator=generator)
    >>> round(mean.exp().item(), 4), error.item()  # the stop is one of seven actions
    (0.1429, 0.0)
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
