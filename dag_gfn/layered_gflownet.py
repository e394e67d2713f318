"""Train a GFlowNet on the root layerings of DAGs, and say what it samples."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from dag_gfn import graph
from dag_gfn.env.root_layers import RootLayers
from dag_gfn.gflownet import run_training, training_info, usable_device
from dag_gfn.importance import ImportanceEstimate, importance_estimate
from dag_gfn.layer_chains import Guides, JudgingChains, draw_guides
from dag_gfn.layerings.layer_weights import LayerWeights
from dag_gfn.mcmc.chains import Chains
from dag_gfn.mcmc.posterior import edges_of_chains
from dag_gfn.objectives import Objective
from dag_gfn.policies.flow_model import FlowModel
from dag_gfn.policies.layer_mlp import LayerMLP
from dag_gfn.pooled_layerings import PooledLayerings
from dag_gfn.posterior import GraphPosterior, Marginal
from dag_gfn.replay import TrajectoryReplay
from dag_gfn.sampling import backward_rollout
from dag_gfn.scores import ScoreTable
from dag_gfn.threads import single_thread
from dag_gfn.trained_layers import TrainedLayerGFlowNet
from dag_gfn.training import TrainConfig, TrainingReport, TrainingResult
from dag_gfn.weighted_layerings import WeightedLayerings

_GUIDES_TOGETHER = 512
_GUIDE_BUDGET = 0.1  # of the time, at most
_JUDGING_BUDGET = 0.7
_MONITOR_SAMPLES = 512
_RELIABLE_SHAPE = 0.7
_RELIABLE_SAMPLES = 400
_WANTED_SAMPLES = 2_000
_MOST_DRAWS = 4
_EVIDENCE_TOLERANCE = 0.5  # nats, beside three standard errors


@dataclass(frozen=True)
class LayeredFit:
    """A trained GFlowNet's layerings.

    Attributes
    ----------
    training : TrainingResult
    sampler : TrainedLayerGFlowNet
    drawn : WeightedLayerings
    guides : Guides or None
    chains : Chains or None
        What judges the draws.
    num_samples : int
        DAGs to draw; there may be more layerings.
    seed : int
    """

    training: TrainingResult
    sampler: TrainedLayerGFlowNet
    drawn: WeightedLayerings
    guides: Guides | None
    chains: Chains | None
    num_samples: int
    seed: int

    log_probabilities = None
    """No distribution over all DAGs is worked out."""

    def posterior(
        self, table: ScoreTable, config: TrainConfig, *, reweight: bool | None = None
    ) -> GraphPosterior:
        """Return DAGs and edge probabilities.

        Parameters
        ----------
        table : ScoreTable
        config : TrainConfig
        reweight : bool, optional
            Whether the sampler's draws are corrected by their importance weights. By default they are where these can
            be relied on: k̂ of their tail at most 0.7, and an effective sample size of 400. Otherwise they are pooled
            with the layerings of Markov chains (:mod:`dag_gfn.bridge_sampling`), if there are any.
        """
        weights, drawn = self.sampler.weights, self.drawn
        importance = ImportanceEstimate.from_log_weights(torch.from_numpy(drawn.log_weights))
        info = training_info(self.training, config, importance)
        log_share, shape = drawn.smoothed()
        reliable = shape <= _RELIABLE_SHAPE and drawn.effective_samples >= _RELIABLE_SAMPLES
        pooled = self._pooled()
        if reweight is None:
            estimate = "reweighted" if reliable else "pooled" if pooled is not None else "raw"
        else:
            estimate = "reweighted" if reweight else "raw"
        raw, corrected = drawn.raw_and_reweighted_edges(weights, log_share)
        info["edges_raw"] = {
            "probability": raw.values.tolist(),
            "standard_error": raw.standard_error.tolist(),
        }
        edges = {"raw": raw, "reweighted": corrected}
        log_evidence, effective = importance.log_z, drawn.effective_samples
        if estimate == "pooled":
            edges["pooled"] = pooled.edges(weights)
            drawn, log_share, effective = pooled.joined, pooled.joined.log_weights, pooled.effective_samples
            log_evidence = pooled.estimate.log_z
            info["log_evidence_source"] = "bridge sampling, with Markov chains"
        elif estimate == "raw":
            drawn, log_share, effective = drawn[: self.num_samples], np.zeros(self.num_samples), self.num_samples
        rng = np.random.default_rng([self.seed, self.num_samples])
        if len(drawn) > self.num_samples:
            drawn = drawn[drawn.resample(self.num_samples, log_share, rng=rng)]
            log_share = np.zeros(self.num_samples)
        adjacency = drawn.dags(weights, rng=rng)
        info["diagnostics"] |= {
            "estimate": estimate,
            "pareto_k": shape if math.isfinite(shape) else None,  # JSON holds no infinity
            "reliable_weights": reliable,
            "layerings": len(self.drawn),
            "raw_to_reweighted_edge_difference": float(np.abs(raw.values - corrected.values).max()),
            "num_samples": self.num_samples,
            **weights.coverage(table.names),
            **self._against_chains(importance, pooled),
        }
        posterior = GraphPosterior.from_weights(
            table.names,
            adjacency,
            log_share,
            table.log_reward(graph.parent_masks(adjacency)),
            effective_samples=min(effective, self.num_samples),
            marginals={"edge": edges[estimate]},
            log_evidence=log_evidence,
            info=info,
        )
        return replace(posterior, sampler=self.sampler)

    def _pooled(self) -> PooledLayerings | None:
        """Return the draws together with those of the chains, weighed by bridge sampling."""
        if self.chains is None:
            return None
        layer_of = self.chains.layer_of
        log_weights = self.sampler.log_weights_of(layer_of.reshape(-1, layer_of.shape[-1]).astype(np.int64))
        return PooledLayerings.of(
            self.drawn, layer_of, self.chains.log_weights, log_weights.reshape(layer_of.shape[:2])
        )

    def _against_chains(
        self, importance: ImportanceEstimate, pooled: PooledLayerings | None
    ) -> dict[str, Any]:
        """Return what chains say that the sampler's own weights cannot know: whether it draws all that they do."""
        if pooled is None:
            return {}
        estimate = pooled.estimate
        _, agreement = edges_of_chains(self.chains)
        gap = estimate.log_z - importance.log_z
        tolerated = _EVIDENCE_TOLERANCE + 3 * (estimate.standard_error + importance.standard_error)
        return {
            "log_z_upper": float(pooled.chain_log_weights.mean()),
            "log_z_with_chains": estimate.log_z,
            "log_z_with_chains_standard_error": estimate.standard_error,
            "agrees_with_chains": abs(gap) <= tolerated,
            "share_of_chains": estimate.share_of_chains,
            "pooled_effective_samples": pooled.effective_samples,
            "chain_iterations": self.chains.iterations,
            "chains": len(self.chains.layer_of),
            **{name: agreement[name] for name in ("max_r_hat", "min_effective_draws", "chains_agree")},
            "guide_seconds": 0.0 if self.guides is None else self.guides.seconds,
        }


def fit_layered_gflownet(
    table: ScoreTable,
    *,
    seed: int,
    config: TrainConfig,
    num_samples: int,
    objective: Objective,
    device: str = "cpu",
    on_report: Callable[[TrainingReport], None] | None = None,
    checkpoint: Path | None = None,
) -> LayeredFit:
    """Train and sample.

    Markov chains of a few seconds show where the posterior is: their layerings are learned from beside those that the
    policy builds itself, and the flow starts from what is gained along them.

    Parameters
    ----------
    table : ScoreTable
    seed : int
        Of the chains, the network's initial weights, training and the samples.
    config : TrainConfig
    num_samples : int
        Layerings, and DAGs, to draw in the end.
    objective : Objective
    device : str
        As torch names it.
    on_report, checkpoint
        As for `train`.
    """
    place = usable_device(device)
    began = time.perf_counter()
    weights = LayerWeights.build(table)
    environment = RootLayers(weights, device=place)
    guides = judges = None
    if config.guide_share > 0:
        limits = [
            None if config.time_budget is None else share * config.time_budget
            for share in (_GUIDE_BUDGET, _JUDGING_BUDGET)
        ]
        guides = draw_guides(weights, seed=seed, time_limit=limits[0])
        judges = JudgingChains(
            weights, seed=seed, training_iterations=config.iterations, time_limit=limits[1]
        )
    try:
        with single_thread(place):
            training = _train(
                environment, objective, config, guides, seed, time.perf_counter() - began, on_report, checkpoint
            )
            if training.interrupted and judges is not None:
                judges.stop()
            sampler = TrainedLayerGFlowNet(table, weights, training.policy)
            drawn = _draw(sampler, num_samples, seed)
            chains = None if judges is None else judges.result()
    finally:
        if judges is not None:
            judges.stop()
    return LayeredFit(training, sampler, drawn, guides, chains, num_samples, seed)


def _train(
    environment: RootLayers,
    objective: Objective,
    config: TrainConfig,
    guides: Guides | None,
    seed: int,
    seconds: float,
    on_report: Callable[[TrainingReport], None] | None,
    checkpoint: Path | None,
) -> TrainingResult:
    """Train a new model; so many seconds of the budget are gone."""
    place = environment.device
    replay = None if guides is None else _trajectories(environment, guides)
    with torch.random.fork_rng(devices=[place] if place.type == "cuda" else []):
        torch.manual_seed(seed)
        model = build_layer_model(environment, objective, replay)
    if config.time_budget is not None:
        config = replace(config, time_budget=max(config.time_budget - seconds, 0.5 * config.time_budget))

    def monitor(averaged: FlowModel) -> dict[str, float]:
        fresh = torch.Generator(device=place).manual_seed(seed)
        return {"ess": importance_estimate(environment, averaged, _MONITOR_SAMPLES, generator=fresh).ess}

    return run_training(
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


def _draw(sampler: TrainedLayerGFlowNet, num_samples: int, seed: int) -> WeightedLayerings:
    """Return at least so many layerings, and where their weights are uneven up to four times as many."""
    drawn = sampler.layerings(num_samples, seed=seed + 1)
    for further in range(2, _MOST_DRAWS + 1):
        if drawn.effective_samples >= _WANTED_SAMPLES:
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
    environment: RootLayers, objective: Objective, guides: TrajectoryReplay | None
) -> FlowModel:
    """Return an untrained model with all that the objective needs, on the environment's device.

    Its weights are drawn from torch's global generator. Flows, and log Z, start from what is gained along the guides.
    """
    network = LayerMLP(environment.log_all).to(environment.device)
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
