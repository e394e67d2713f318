"""Train a GFlowNet on the root layerings of DAGs, beside Markov chains that guide and judge it."""

import logging
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float64

from dag_gfn.env.root_layers import RootLayers
from dag_gfn.exact.reference import MAX_ENUMERATED
from dag_gfn.gflownet import run_training, usable_device
from dag_gfn.layer_chains import Guides, JudgingChains, draw_guides
from dag_gfn.layered_marginal import LayeredMarginal
from dag_gfn.layered_posterior import WANTED_SAMPLES, LayeredFit
from dag_gfn.layerings.layer_weights import LayerWeights
from dag_gfn.mcmc.chains import Chains
from dag_gfn.objectives import Objective
from dag_gfn.objectives.importance_weights import effective_sample_size
from dag_gfn.policies.flow_model import FlowModel
from dag_gfn.policies.initial_weights import DrawnFrom
from dag_gfn.policies.layer_attention import LayerAttention
from dag_gfn.policies.layer_mlp import LayerMLP
from dag_gfn.replay import TrajectoryReplay
from dag_gfn.sampling.outcomes import sample_outcomes
from dag_gfn.sampling.rollouts import backward_rollout
from dag_gfn.scores import ScoreTable
from dag_gfn.threads import single_thread
from dag_gfn.train_config import MAX_SMALL, TrainConfig
from dag_gfn.trained_layers import TrainedLayerGFlowNet
from dag_gfn.training import TrainingReport
from dag_gfn.weighted_layerings import WeightedLayerings

_log = logging.getLogger(__name__)
_SMALL_HIDDEN, _HIDDEN = 128, 256  # the optimiser takes as long as the network where states are few
_GUIDES_TOGETHER = 512
_GUIDE_BUDGET = 0.1  # of the time, at most
_JUDGING_BUDGET = 0.7
_MONITOR_SAMPLES = 512
_MOST_DRAWS = 4
_NETWORKS = {
    "mlp": lambda environment: LayerMLP(
        environment.log_all, hidden_size=_SMALL_HIDDEN if environment.num_nodes <= MAX_SMALL else _HIDDEN
    ),
    "transformer": lambda environment: LayerAttention(environment.log_all, environment.log_without),
}


def fit_layered_gflownet(
    table: ScoreTable,
    *,
    seed: int,
    config: TrainConfig,
    num_samples: int,
    objective: Objective,
    policy: str = "mlp",
    device: str = "cpu",
    judge: Callable[[Float64[np.ndarray, " m"]], dict[str, float]] | None = None,
    on_report: Callable[[TrainingReport], None] | None = None,
    on_guides: Callable[[float], None] | None = None,
    checkpoint: Path | None = None,
) -> LayeredFit:
    """Train and sample.

    Markov chains of a few seconds show where the posterior is: their layerings are learned from beside those that the
    policy builds itself, and the flow starts from what is gained along them. Longer ones, that training never sees, run
    beside it on another core, to judge what it has learned.

    Parameters
    ----------
    table : ScoreTable
    seed : int
        Of the chains, the network's initial weights, training and the samples.
    config : TrainConfig
    num_samples : int
        Layerings, and DAGs, to draw in the end.
    objective : Objective
    policy : {"mlp", "transformer"}
    device : str
        As torch names it.
    judge : callable, optional
        Where d <= 5: maps the policy's log-probabilities of all DAGs to figures to show while training.
    on_report, checkpoint
        As for `train`.
    on_guides : callable, optional
        Is told now and then, before training, which share of the guides is drawn, in [0, 1].
    """
    place = usable_device(device)
    began = time.perf_counter()
    weights = LayerWeights.build(table, outside=True)
    environment = RootLayers(weights, device=place)
    marginal = LayeredMarginal(table, environment) if table.d <= MAX_ENUMERATED else None
    guides = judges = None
    if config.guide_share > 0:
        limits = [
            None if config.time_budget is None else share * config.time_budget
            for share in (_GUIDE_BUDGET, _JUDGING_BUDGET)
        ]
        guides = _guides(
            lambda: draw_guides(
                weights,
                seed=seed,
                training_iterations=config.iterations,
                time_limit=limits[0],
                on_share=on_guides,
            ),
            table.d,
            checkpoint,
        )
        judges = JudgingChains(
            weights, seed=seed, training_iterations=config.iterations, time_limit=limits[1]
        )

    def monitor(averaged: FlowModel) -> dict[str, float]:
        fresh = torch.Generator(device=place).manual_seed(seed)
        sample = sample_outcomes(environment, averaged, _MONITOR_SAMPLES, generator=fresh)
        figures = {"ess": float(effective_sample_size(sample.log_weight))}
        if marginal is not None and judge is not None:
            figures |= judge(marginal.log_probabilities(averaged))
        return figures

    try:
        with single_thread(place):
            replay = None if guides is None else _trajectories(environment, guides)
            with DrawnFrom(torch.Generator().manual_seed(seed)):
                model = build_layer_model(environment, objective, replay, policy=policy)
            if config.time_budget is not None:
                drawing = 0.0 if guides is None else guides.seconds  # perhaps in the run that is resumed
                left = config.time_budget - max(time.perf_counter() - began, drawing)
                config = replace(config, time_budget=max(left, 0.5 * config.time_budget))
            training = run_training(
                environment,
                model,
                objective,
                config,
                seed=seed,
                guides=replay,
                monitor=monitor,
                on_report=on_report,
                checkpoint=checkpoint,
            )
            if training.interrupted and judges is not None:
                judges.stop()
            sampler = TrainedLayerGFlowNet(table, weights, training.policy)
            log_probabilities = None if marginal is None else marginal.log_probabilities(training.policy)
            chains, judging_error = _judged(judges)
            drawn = _draw(sampler, num_samples, seed, _MOST_DRAWS if chains is None else 1)
    finally:
        if judges is not None:
            judges.stop()
    return LayeredFit(
        training, sampler, log_probabilities, drawn, guides, chains, num_samples, seed, judging_error
    )


def _guides(draw: Callable[[], Guides], d: int, checkpoint: Path | None) -> Guides:
    """Return the guides that the training of a checkpoint was shown, which a clock may have cut, else new ones."""
    if checkpoint is None:
        return draw()
    beside = checkpoint.with_suffix(".guides.safetensors")
    if checkpoint.exists() and beside.exists():
        return Guides.load(beside, d)
    guides = draw()
    guides.save(beside)
    return guides


def _judged(judges: JudgingChains | None) -> tuple[Chains | None, str | None]:
    """Return the chains, or none and what went wrong with them: what was trained is not lost for that."""
    if judges is None:
        return None, None
    try:
        return judges.result(), None
    except Exception as error:
        _log.debug("the chains that judge training failed", exc_info=error)
        return None, " ".join(f"{type(error).__name__}: {error}".split()).rstrip(":")


def _draw(sampler: TrainedLayerGFlowNet, num_samples: int, seed: int, most: int) -> WeightedLayerings:
    """Return at least so many layerings, and where their weights are uneven up to `most` times as many."""
    drawn = sampler.layerings(num_samples, seed=seed + 1)
    for further in range(2, most + 1):
        if drawn.effective_samples >= WANTED_SAMPLES:
            break
        drawn = drawn + sampler.layerings(num_samples, seed=seed + further)
    return drawn


def _trajectories(environment: RootLayers, guides: Guides) -> TrajectoryReplay:
    shown = torch.from_numpy(guides.layer_of).to(environment.device)
    parts = shown.split(_GUIDES_TOGETHER)
    replay = TrajectoryReplay(len(parts))
    nothing_random = torch.Generator(device=environment.device)
    for part in parts:
        finished = environment.state_of(part)
        finished = finished[finished.log_reward.isfinite()]  # else below all digits, and never built
        replay.add(backward_rollout(environment, finished, generator=nothing_random))
    return replay


def build_layer_model(
    environment: RootLayers, objective: Objective, guides: TrajectoryReplay | None, *, policy: str = "mlp"
) -> FlowModel:
    """Return an untrained model with all that the objective needs, on the environment's device.

    Its weights are drawn from torch's global generator, or within `DrawnFrom` from a given one. Flows, and log
    Z, start from what is gained along the guides.
    """
    network = _NETWORKS[policy](environment).to(environment.device)
    if guides is not None:
        for_fit = guides.batches[0]
        rows = for_fit.position // for_fit.shape[1]
        final = (for_fit.final.log_reward - environment.initial_state(1).log_reward).float()
        network.start_from(for_fit.observation, final[rows] - for_fit.log_reward)
    log_z = None
    if "log_z" in objective.needs:
        with torch.no_grad():
            log_z = float(network.logits_and_flow(environment.observe(environment.initial_state(1)))[1])
    model = FlowModel(network, shared_flow=True, forward_looking=True, log_z=log_z)
    return model.to(environment.device)
