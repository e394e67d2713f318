"""Train a GFlowNet on the root layerings of DAGs, and say what it samples."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Int64

from dag_gfn import graph
from dag_gfn.env.root_layers import RootLayers
from dag_gfn.gflownet import run_training, training_info, usable_device
from dag_gfn.importance import ImportanceEstimate, importance_estimate
from dag_gfn.layerings.layer_weights import LayerWeights
from dag_gfn.mcmc.chains import run_chains
from dag_gfn.objectives import Objective
from dag_gfn.policies.flow_model import FlowModel
from dag_gfn.policies.layer_attention import LayerAttention
from dag_gfn.policies.layer_mlp import LayerMLP
from dag_gfn.posterior import GraphPosterior
from dag_gfn.replay import TrajectoryReplay
from dag_gfn.sampling import backward_rollout
from dag_gfn.scores import ScoreTable
from dag_gfn.threads import single_thread
from dag_gfn.trained_layers import TrainedLayerGFlowNet
from dag_gfn.training import TrainConfig, TrainingReport, TrainingResult
from dag_gfn.weighted_layerings import WeightedLayerings

_CHAINS = 4
_GUIDES = 4096
_GUIDES_TOGETHER = 512
_GUIDE_BUDGET = 0.1  # of the time, at most
_MONITOR_SAMPLES = 512
_RELIABLE_SHAPE = 0.7
_RELIABLE_SAMPLES = 400
_WANTED_SAMPLES = 2_000
_MOST_DRAWS = 4
_EVIDENCE_TOLERANCE = 0.5  # nats, beside three standard errors
_NETWORKS = {
    "mlp": lambda environment: LayerMLP(environment.log_all),
    "transformer": lambda environment: LayerAttention(environment.log_all, environment.log_without),
}


def guide_iterations(d: int) -> int:
    """Return the steps of each Markov chain whose layerings training is shown, for d nodes: seconds up to 20."""
    return 4_000 * max(d, 5) ** 2


@dataclass(frozen=True)
class Guides:
    """Layerings from Markov chains.

    Attributes
    ----------
    shown, held_out : ndarray, shape (m, d), int64
        What training is shown; one chain's, which it is not.
    seconds : float
    """

    shown: Int64[np.ndarray, "m d"]
    held_out: Int64[np.ndarray, "h d"]
    seconds: float


def draw_guides(weights: LayerWeights, *, seed: int, time_limit: float | None = None) -> Guides:
    """Run a few Markov chains over root layerings, for seconds, and keep layerings of their second halves."""
    result = run_chains(
        weights,
        seed=seed,
        iterations=guide_iterations(weights.d),
        kept=-(-_GUIDES // (_CHAINS - 1)),
        chains=_CHAINS,
        time_budget=time_limit,
    )
    shown = result.layer_of[:-1].reshape(-1, weights.d).astype(np.int64)
    chosen = np.random.default_rng(seed).permutation(len(shown))[:_GUIDES]
    return Guides(shown[chosen], result.layer_of[-1].astype(np.int64), result.seconds)


@dataclass(frozen=True)
class LayeredFit:
    """A trained GFlowNet's layerings.

    Attributes
    ----------
    training : TrainingResult
    sampler : TrainedLayerGFlowNet
    drawn : WeightedLayerings
    guides : Guides or None
    num_samples : int
        DAGs to draw; there may be more layerings.
    seed : int
    """

    training: TrainingResult
    sampler: TrainedLayerGFlowNet
    drawn: WeightedLayerings
    guides: Guides | None
    num_samples: int
    seed: int

    log_probabilities = None
    """No distribution over all DAGs is worked out."""

    def posterior(
        self, table: ScoreTable, config: TrainConfig, *, reweight: bool | None = None
    ) -> GraphPosterior:
        """Return DAGs and edge probabilities, corrected by the importance weights.

        Parameters
        ----------
        table : ScoreTable
        config : TrainConfig
        reweight : bool, optional
            By default where the weights can be relied on: k̂ of their tail at most 0.7, and an effective sample size of
            400.
        """
        weights, drawn = self.sampler.weights, self.drawn
        importance = ImportanceEstimate.from_log_weights(torch.from_numpy(drawn.log_weights))
        info = training_info(self.training, config, importance)
        log_share, shape = drawn.smoothed()
        reliable = shape <= _RELIABLE_SHAPE and drawn.effective_samples >= _RELIABLE_SAMPLES
        if reweight is None:
            reweight = reliable
        raw, corrected = drawn.raw_and_reweighted_edges(weights, log_share)
        rng = np.random.default_rng([self.seed, self.num_samples])
        if reweight and len(drawn) > self.num_samples:
            chosen, log_share = drawn.resample(self.num_samples, log_share, rng=rng), None
        else:
            chosen, log_share = slice(0, self.num_samples), log_share if reweight else None
        adjacency = drawn[chosen].dags(weights, rng=rng)
        info["diagnostics"] |= {
            "reweighted": reweight,
            "pareto_k": shape if math.isfinite(shape) else None,  # JSON holds no infinity
            "reliable_weights": reliable,
            "layerings": len(drawn),
            "raw_to_reweighted_edge_difference": float(np.abs(raw.values - corrected.values).max()),
            "num_samples": self.num_samples,
            **weights.coverage(table.names),
            **self._against_chains(importance),
        }
        info["edges_raw"] = {
            "probability": raw.values.tolist(),
            "standard_error": raw.standard_error.tolist(),
        }
        posterior = GraphPosterior.from_weights(
            table.names,
            adjacency,
            np.zeros(len(adjacency)) if log_share is None else log_share,
            table.log_reward(graph.parent_masks(adjacency)),
            effective_samples=min(drawn.effective_samples, self.num_samples)
            if reweight
            else self.num_samples,
            marginals={"edge": corrected if reweight else raw},
            log_evidence=importance.log_z,
            info=info,
        )
        return replace(posterior, sampler=self.sampler)

    def _against_chains(self, importance: ImportanceEstimate) -> dict[str, float]:
        r"""Return the evidence that layerings of a chain give, which sees modes that the sampler never draws.

        :math:`E_P[P_\theta / R] = 1 / Z` over draws from the posterior, as the chain's nearly are. Where the sampler
        has lost a mode, its own weights give less than Z, and these give Z.
        """
        if self.guides is None:
            return {}
        log_w = torch.from_numpy(self.sampler.log_weights_of(self.guides.held_out))
        backwards = ImportanceEstimate.from_log_weights(-log_w)
        gap = -backwards.log_z - importance.log_z
        tolerated = _EVIDENCE_TOLERANCE + 3 * (backwards.standard_error + importance.standard_error)
        return {
            "log_z_upper": float(log_w.mean()),
            "log_z_from_chains": -backwards.log_z,
            "agrees_with_chains": abs(gap) <= tolerated,
            "guide_seconds": self.guides.seconds,
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
    policy : {"mlp", "transformer"}
    device : str
        As torch names it.
    on_report, checkpoint
        As for `train`.
    """
    place = usable_device(device)
    began = time.perf_counter()
    weights = LayerWeights.build(table)
    environment = RootLayers(weights, device=place)
    guides = None
    if config.guide_share > 0:
        limit = None if config.time_budget is None else _GUIDE_BUDGET * config.time_budget
        guides = draw_guides(weights, seed=seed, time_limit=limit)
    with single_thread(place):
        replay = None if guides is None else _trajectories(environment, guides)
        with torch.random.fork_rng(devices=[place] if place.type == "cuda" else []):
            torch.manual_seed(seed)
            model = build_layer_model(environment, objective, replay, policy=policy)
        if config.time_budget is not None:
            left = config.time_budget - (time.perf_counter() - began)
            config = replace(config, time_budget=max(left, 0.5 * config.time_budget))

        def monitor(averaged: FlowModel) -> dict[str, float]:
            fresh = torch.Generator(device=place).manual_seed(seed)
            return {"ess": importance_estimate(environment, averaged, _MONITOR_SAMPLES, generator=fresh).ess}

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
        sampler = TrainedLayerGFlowNet(table, weights, training.policy)
        drawn = _draw(sampler, num_samples, seed)
        return LayeredFit(training, sampler, drawn, guides, num_samples, seed)


def _draw(sampler: TrainedLayerGFlowNet, num_samples: int, seed: int) -> WeightedLayerings:
    """Return at least so many layerings, and where their weights are uneven up to four times as many."""
    drawn = sampler.layerings(num_samples, seed=seed + 1)
    for further in range(2, _MOST_DRAWS + 1):
        if drawn.effective_samples >= _WANTED_SAMPLES:
            break
        drawn = drawn + sampler.layerings(num_samples, seed=seed + further)
    return drawn


def _trajectories(environment: RootLayers, guides: Guides) -> TrajectoryReplay:
    shown = torch.from_numpy(guides.shown).to(environment.device)
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

    Its weights are drawn from torch's global generator. Flows, and log Z, start from what is gained along the guides.
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
