"""Train a GFlowNet on a score table and say what it samples."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float64

from dag_gfn.budget import TimeBudget
from dag_gfn.exact.reference import MAX_ENUMERATED
from dag_gfn.gflownet.edges.marginal import PolicyMarginal
from dag_gfn.gflownet.edges.result import GFlowNetFit
from dag_gfn.gflownet.env.edge_addition import EdgeAddition
from dag_gfn.gflownet.objectives import OBJECTIVES, Objective
from dag_gfn.gflownet.policies import EDGE_POLICIES
from dag_gfn.gflownet.policies.edge_mlp import MLPBackward, MLPStateFlow
from dag_gfn.gflownet.policies.flow_model import FlowModel
from dag_gfn.gflownet.policies.initial_weights import DrawnFrom
from dag_gfn.gflownet.run import GRACE, run_training, usable_device
from dag_gfn.gflownet.sampling.importance import ImportanceEstimate, importance_estimate
from dag_gfn.gflownet.sampling.inflow import FlowBackward
from dag_gfn.gflownet.sampling.outcomes import OutcomeSample, sample_outcomes
from dag_gfn.gflownet.sampling.threads import single_thread
from dag_gfn.gflownet.training.config import TrainConfig
from dag_gfn.gflownet.training.loop import TrainingReport
from dag_gfn.graphs.graph import adjacency_from_masks
from dag_gfn.graphs.subsets import unpack
from dag_gfn.scores import ScoreTable

_MONITOR_SAMPLES = 256
_START_SAMPLES = 512
_WANTED_ESS = 0.1  # as a share of the samples, below which training goes on while there is time
_LEAST_TRAINING = 0.2  # of the time, at least
_DRAWN_SHARE = 0.4  # of the time when training begins, at most
_REST_SHARE = 0.03  # of the same, for what is the same for any number of draws
_LEAST_DRAWS = 200


def fit_gflownet(
    table: ScoreTable,
    *,
    seed: int,
    config: TrainConfig,
    num_samples: int,
    objective: Objective | str = "modified_db",
    policy: str = "mlp",
    backward: str | None = None,
    device: str = "cpu",
    judge: Callable[[Float64[np.ndarray, " m"]], dict[str, float]] | None = None,
    on_report: Callable[[TrainingReport], None] | None = None,
    on_phase: Callable[[str, float], None] | None = None,
    budget: TimeBudget | None = None,
    checkpoint: Path | None = None,
    iterations_given: bool = True,
) -> GFlowNetFit:
    """Train and sample.

    Parameters
    ----------
    table : ScoreTable
    seed : int
        Of the network's initial weights, of training and of the samples.
    config : TrainConfig
    num_samples : int
        Graphs to draw in the end.
    objective : Objective or str
        Or its name in `OBJECTIVES`.
    policy : str
        A name in `EDGE_POLICIES`.
    backward : {"uniform", "learned"}, optional
        Backward policy; by default what the objective says.
    device : str
        As torch names it.
    judge : callable, optional
        Where d <= 5: maps the policy's log-probabilities of all DAGs to figures to show while training.
    on_report, checkpoint
        As for `train`.
    on_phase : callable, optional
        Is told the name of what is being done beside training, and the share of it that is done, in [0, 1].
    budget : TimeBudget, optional
        Of the whole fit, draws among it; by default `config.time_budget`, from now on.
    iterations_given : bool
        Whether training ends with the iterations of the config, however much time is left. Else it goes on where draws
        are worth too few.
    """
    place = usable_device(device)
    with single_thread(place):
        return _fit(
            table,
            seed,
            config,
            num_samples,
            OBJECTIVES[objective]() if isinstance(objective, str) else objective,
            policy,
            backward,
            place,
            judge,
            on_report,
            on_phase,
            TimeBudget(config.time_budget) if budget is None else budget,
            checkpoint,
            iterations_given,
        )


def build_model(
    environment: EdgeAddition, objective: Objective, *, policy: str = "mlp", backward: str | None = None
) -> FlowModel:
    """Return an untrained model with all that the objective needs, on the environment's device.

    Its weights are drawn from torch's global generator, or within `DrawnFrom` from a given one. Flows start
    from what the scores say if pairs of nodes were independent, and log Z, or a flow that must be learned as a
    whole, from what the importance weights of the untrained policy say.
    """
    d = environment.num_nodes
    network = EDGE_POLICIES[policy](d).to(environment.device)
    start = 0.0
    forward_looking = "forward_looking_flow" in objective.needs
    if "log_z" in objective.needs or ("log_flow" in objective.needs and not forward_looking):
        generator = torch.Generator(device=environment.device).manual_seed(0)
        start = importance_estimate(environment, network, _START_SAMPLES, generator=generator).log_z
        start -= float(environment.initial_state(1).log_reward)
    learned = objective.learns_backward if backward is None else backward == "learned"
    required = unpack(environment.table.constraints.required, d).T
    model = FlowModel(
        network,
        backward=MLPBackward(d, required) if learned else None,
        state_flow=MLPStateFlow(d, forward_looking=forward_looking, start=start)
        if "log_flow" in objective.needs
        else None,
        forward_looking=forward_looking,
        log_z=start if "log_z" in objective.needs else None,
    )
    return model.to(environment.device)


def _fit(
    table,
    seed,
    config,
    num_samples,
    objective,
    policy,
    backward,
    place,
    judge,
    on_report,
    on_phase,
    budget,
    checkpoint,
    iterations_given,
) -> GFlowNetFit:
    environment = EdgeAddition(table, device=place)
    with DrawnFrom(torch.Generator().manual_seed(seed)):
        network = build_model(environment, objective, policy=policy, backward=backward)
    monitored = _MONITOR_SAMPLES if table.d <= 20 else _MONITOR_SAMPLES // 4
    marginal = PolicyMarginal(table, device=place) if table.d <= MAX_ENUMERATED else None

    def judged(averaged: FlowModel) -> FlowModel:
        """Return the model with the backward policy that its weights are to be reckoned with."""
        if "log_inflow" not in objective.needs:
            return averaged
        return FlowModel(averaged.policy, backward=FlowBackward(environment, averaged.policy))

    def monitor(averaged: FlowModel) -> dict[str, float]:
        fresh = torch.Generator(device=place).manual_seed(seed)
        figures = {"ess": importance_estimate(environment, judged(averaged), monitored, generator=fresh).ess}
        if marginal is not None and judge is not None:
            figures |= judge(marginal.log_probabilities(averaged))
        return figures

    def drawn(policy: FlowModel, k: int) -> OutcomeSample:
        # sampling begins at a state of its own, so that more or fewer training steps change the policy alone
        generator = torch.Generator(device=place).manual_seed(seed + 1)
        on_share = None if on_phase is None else lambda share: on_phase("draws", share)
        return sample_outcomes(environment, policy, k, generator=generator, on_share=on_share)

    left = budget.remaining()
    if left is not None:
        with budget.phase("trials"):
            allowed = _DRAWN_SHARE * left
            seconds = budget.seconds_of(num_samples, lambda k: drawn(judged(network), k), allowed=allowed)
        left = budget.remaining() - min(seconds, allowed) - _REST_SHARE * left
        config = replace(config, time_budget=max(left, _LEAST_TRAINING * budget.total))
    with budget.phase("training"):
        training = run_training(
            environment,
            network,
            objective,
            config,
            seed=seed,
            monitor=monitor,
            go_on=None if iterations_given else lambda averaged: monitor(averaged)["ess"] < _WANTED_ESS,
            on_report=on_report,
            checkpoint=checkpoint,
        )
    training = replace(training, policy=judged(training.policy))
    if training.interrupted:
        budget.hurry(GRACE)

    def draw() -> OutcomeSample:
        with budget.phase("draws"):
            return drawn(
                training.policy,
                budget.affordable(
                    num_samples,
                    lambda k: drawn(training.policy, k),
                    share=0.8,
                    least=_LEAST_DRAWS,
                    what="graphs are drawn",
                ),
            )

    try:
        sample = draw()
    except KeyboardInterrupt:  # what was trained is not lost: fewer draws are quick
        budget.hurry()
        training = replace(training, interrupted=True)
        sample = draw()
    return GFlowNetFit(
        training=training,
        adjacency=adjacency_from_masks(sample.outcome.cpu().numpy(), table.d),
        log_scores=sample.log_reward.cpu().numpy(),
        log_probabilities=None if marginal is None else marginal.log_probabilities(training.policy),
        importance=ImportanceEstimate.from_log_weights(sample.log_weight),
    )
