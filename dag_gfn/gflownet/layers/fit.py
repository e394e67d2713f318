"""Train a GFlowNet on the root layerings of DAGs, beside Markov chains that guide and judge it."""

import logging
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float64

from dag_gfn.budget import TimeBudget
from dag_gfn.exact.reference import MAX_ENUMERATED
from dag_gfn.gflownet.env.root_layers import RootLayers
from dag_gfn.gflownet.layers.chains import Guides, JudgingChains, draw_guides
from dag_gfn.gflownet.layers.marginal import LayeredMarginal
from dag_gfn.gflownet.layers.result import RELIABLE_SHAPE, WANTED_SAMPLES, LayeredFit
from dag_gfn.gflownet.layers.sampler import LayerSampler
from dag_gfn.gflownet.objectives import Objective
from dag_gfn.gflownet.objectives.importance_weights import effective_share
from dag_gfn.gflownet.policies import LAYER_POLICIES
from dag_gfn.gflownet.policies.flow_model import FlowModel
from dag_gfn.gflownet.policies.initial_weights import DrawnFrom
from dag_gfn.gflownet.run import GRACE, run_training, usable_device
from dag_gfn.gflownet.sampling.outcomes import sample_outcomes
from dag_gfn.gflownet.sampling.rollouts import backward_rollout
from dag_gfn.gflownet.sampling.threads import single_thread
from dag_gfn.gflownet.training.config import TrainConfig
from dag_gfn.gflownet.training.loop import TrainingReport
from dag_gfn.gflownet.training.replay import TrajectoryReplay
from dag_gfn.layerings.layer_weights import LayerWeights
from dag_gfn.layerings.layered_edges import edge_probabilities
from dag_gfn.layerings.posterior_dags import draw_trial_dags
from dag_gfn.layerings.weighted_draws import WeightedLayerings
from dag_gfn.mcmc.chains import Chains
from dag_gfn.mcmc.posterior import r_hat_seconds
from dag_gfn.posterior.metrics import pareto_smoothed
from dag_gfn.scores import ScoreTable

_log = logging.getLogger(__name__)
_GUIDES_TOGETHER = 512
_GUIDE_BUDGET = 0.1  # of the time, at most
_JUDGING_BUDGET = 0.7  # of the time after guides
_PREPARING_SHARE = 0.05  # of the time that is left then, for half of building guides
_LEAST_TRAINING = 0.2  # of the time, at least
_DRAWN_SHARE = 0.4  # of the time when training begins, at most, for draws, corrections and edges
_JUDGED_SHARE = 0.1  # of the same, at most, for R-hat
_REST_SHARE = 0.03  # of the same, for what is the same for any number of draws
_OWN_SHARE = 0.4  # of the time after training, for draws of the sampler
_TRIED = 256  # layerings by which times are foreseen
LEAST_LAYERINGS = 256
"""Draws of the sampler however little time is left."""
_MONITOR_SAMPLES = 512
_MOST_DRAWS = 4


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
    on_phase: Callable[[str, float], None] | None = None,
    budget: TimeBudget | None = None,
    checkpoint: Path | None = None,
    iterations_given: bool = True,
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
    on_phase : callable, optional
        Is told the name of what is being done beside training, and the share of it that is done, in [0, 1].
    budget : TimeBudget, optional
        Of the whole fit, draws and corrections among it; by default `config.time_budget`, from now on.
    iterations_given : bool
        Whether training ends with the iterations of the config, however much time is left. Else it goes on where draws
        are worth too few.
    """
    place = usable_device(device)
    budget = TimeBudget(config.time_budget) if budget is None else budget
    with budget.phase("parent sets"):
        weights = LayerWeights.build(table, outside=True, seconds=budget.remaining(), on_phase=on_phase)
    environment = RootLayers(weights, device=place)
    marginal = LayeredMarginal(table, environment) if table.d <= MAX_ENUMERATED else None
    guides = judges = None

    def tell(name: str) -> Callable[[float], None] | None:
        return None if on_phase is None else partial(on_phase, name)

    if config.guide_share > 0:
        with budget.phase("guides"):
            guides = _guides(
                lambda: draw_guides(
                    weights,
                    seed=seed,
                    training_iterations=config.iterations,
                    time_limit=budget.share(_GUIDE_BUDGET),
                    on_share=tell("likely graphs"),
                ),
                table.d,
                checkpoint,
            )
        judges = JudgingChains(
            weights,
            seed=seed,
            training_iterations=config.iterations,
            time_limit=None if budget.total is None else _JUDGING_BUDGET * budget.remaining(),
        )

    def enough(averaged: FlowModel) -> bool:
        """Return whether the draws of a policy will be worth as many independent ones as are wanted of it."""
        fresh = torch.Generator(device=place).manual_seed(seed)
        sample = sample_outcomes(environment, averaged, _MONITOR_SAMPLES, generator=fresh)
        ess = float(effective_share(sample.log_weight))
        if ess * num_samples < min(WANTED_SAMPLES, 0.5 * num_samples):
            return False
        return marginal is not None or pareto_smoothed(sample.log_weight.cpu().numpy())[1] <= RELIABLE_SHAPE

    def monitor(averaged: FlowModel) -> dict[str, float]:
        fresh = torch.Generator(device=place).manual_seed(seed)
        sample = sample_outcomes(environment, averaged, _MONITOR_SAMPLES, generator=fresh)
        figures = {"ess": float(effective_share(sample.log_weight))}
        if marginal is not None and judge is not None:
            figures |= judge(marginal.log_probabilities(averaged))
        return figures

    try:
        with single_thread(place):
            with budget.phase("preparation"):
                replay = (
                    None
                    if guides is None
                    else _trajectories(environment, guides, budget, tell("preparation"))
                )
            with DrawnFrom(torch.Generator().manual_seed(seed)):
                model = build_layer_model(environment, objective, replay, policy=policy)
            left = budget.remaining()
            if left is not None:
                if guides is not None:  # perhaps drawn in the run that is resumed
                    left -= max(guides.seconds - budget.phases["guides"], 0.0)
                untrained = LayerSampler(table, weights, model)
                left -= _time_of_draws(untrained, guides, judges, num_samples, budget, seed)
                config = replace(config, time_budget=max(left, _LEAST_TRAINING * budget.total))
            with budget.phase("training"):
                training = run_training(
                    environment,
                    model,
                    objective,
                    config,
                    seed=seed,
                    guides=replay,
                    monitor=monitor,
                    go_on=None if iterations_given else lambda averaged: not enough(averaged),
                    on_report=on_report,
                    checkpoint=checkpoint,
                )
            if training.interrupted:
                budget.hurry(GRACE)
                if judges is not None:
                    judges.stop()
            sampler = LayerSampler(table, weights, training.policy)
            log_probabilities = None if marginal is None else marginal.log_probabilities(training.policy)
            try:
                chains, judging_error, drawn = _judged_and_drawn(
                    sampler, judges, num_samples, seed, budget, tell
                )
            except KeyboardInterrupt:  # what was trained is not lost: fewer draws are quick
                budget.hurry()
                if judges is not None:
                    judges.stop()
                training = replace(training, interrupted=True)
                chains, judging_error, drawn = _judged_and_drawn(
                    sampler, judges, num_samples, seed, budget, tell
                )
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


def _judged(
    judges: JudgingChains | None, on_share: Callable[[float], None] | None = None
) -> tuple[Chains | None, str | None]:
    """Return the chains, or none and what went wrong with them: what was trained is not lost for that."""
    if judges is None:
        return None, None
    try:
        return judges.result(on_share), None
    except Exception as error:
        _log.debug("the chains that judge training failed", exc_info=error)
        return None, " ".join(f"{type(error).__name__}: {error}".split()).rstrip(":")


def _time_of_draws(
    untrained: LayerSampler,
    guides: Guides | None,
    judges: JudgingChains | None,
    num_samples: int,
    budget: TimeBudget,
    seed: int,
) -> float:
    """Return about how many seconds are to be kept for what comes after training, by trying a few of everything."""
    left, weights = budget.remaining(), untrained.weights
    allowed = _DRAWN_SHARE * left
    rng = np.random.default_rng([seed, num_samples])
    if guides is None:
        tried = untrained.layerings(_TRIED, seed=seed).layer_of
    else:
        tried = guides.layer_of[:_TRIED]
    judged = 0 if judges is None else judges.most_layerings
    works = [
        (num_samples, lambda k: untrained.layerings(k, seed=seed)),
        (judged, lambda k: untrained.log_weights_of(tried[:k])),
        (num_samples + judged, lambda k: edge_probabilities(weights, tried[:k].astype(np.int8))),
        (num_samples, lambda k: draw_trial_dags(weights, untrained.table, tried[:k], rng=rng)),
    ]
    with budget.phase("trials"):
        seconds = sum(budget.seconds_of(number, work, allowed=allowed / 4) for number, work in works)
    judging = 0.0 if judges is None else min(r_hat_seconds(untrained.table.d), _JUDGED_SHARE * left)
    return min(seconds, allowed) + judging + _REST_SHARE * left


def _judged_and_drawn(
    sampler: LayerSampler,
    judges: JudgingChains | None,
    num_samples: int,
    seed: int,
    budget: TimeBudget,
    tell: Callable[[str], Callable[[float], None] | None],
) -> tuple[Chains | None, str | None, WeightedLayerings]:
    """Return the chains, what went wrong with them, and the sampler's own draws."""
    with budget.phase("judges"):
        chains, judging_error = _judged(judges, tell("waiting for Markov chains"))
    with budget.phase("draws"):
        number = budget.affordable(
            num_samples,
            lambda k: sampler.layerings(k, seed=seed),
            share=_OWN_SHARE,
            least=LEAST_LAYERINGS,
            what="layerings are drawn",
        )
        most = _MOST_DRAWS if chains is None else 1
        drawn = _draw(sampler, number, seed, most, budget, tell("draws"))
    return chains, judging_error, drawn


def _draw(
    sampler: LayerSampler,
    num_samples: int,
    seed: int,
    most: int,
    budget: TimeBudget,
    on_share: Callable[[float], None] | None,
) -> WeightedLayerings:
    """Return at least so many layerings, and where their weights are uneven up to `most` times as many."""
    began = budget.elapsed()
    drawn = sampler.layerings(num_samples, seed=seed + 1, on_share=on_share)
    for further in range(2, most + 1):
        left = budget.remaining()
        if drawn.effective_samples >= WANTED_SAMPLES:
            break
        if left is not None and left < 4 * (budget.elapsed() - began) / (further - 1):
            break
        drawn = drawn + sampler.layerings(num_samples, seed=seed + further)
    return drawn


def _trajectories(
    environment: RootLayers,
    guides: Guides,
    budget: TimeBudget,
    on_share: Callable[[float], None] | None,
) -> TrajectoryReplay:
    shown = torch.from_numpy(guides.layer_of).to(environment.device)
    number = budget.affordable(
        len(shown),
        lambda k: environment.state_of(shown[:k]),
        share=_PREPARING_SHARE,  # each is built twice
        least=_TRIED,
        what="layerings of Markov chains are learned from",
    )
    shown = shown[:number]
    parts = shown.split(_GUIDES_TOGETHER)
    replay = TrajectoryReplay(len(parts))
    nothing_random = torch.Generator(device=environment.device)
    for part in parts:
        finished = environment.state_of(part)
        finished = finished[finished.log_final_reward.isfinite()]
        replay.add(backward_rollout(environment, finished, generator=nothing_random))
        if on_share is not None:
            on_share(len(replay) / len(parts))
    return replay


def build_layer_model(
    environment: RootLayers, objective: Objective, guides: TrajectoryReplay | None, *, policy: str = "mlp"
) -> FlowModel:
    """Return an untrained model with all that the objective needs, on the environment's device.

    Its weights are drawn from torch's global generator, or within `DrawnFrom` from a given one. Flows, and log
    Z, start from what is gained along the guides.
    """
    network = LAYER_POLICIES[policy](environment.log_all, environment.log_without).to(environment.device)
    if guides is not None:
        for_fit = guides.batches[0]
        rows = for_fit.position // for_fit.shape[1]
        final = (for_fit.ends.log_reward - environment.initial_state(1).log_reward).float()
        network.start_from(for_fit.observation, final[rows] - for_fit.log_reward)
    log_z = None
    if "log_z" in objective.needs:
        with torch.no_grad():
            log_z = float(network.logits_and_flow(environment.observe(environment.initial_state(1)))[1])
    model = FlowModel(network, shared_flow=True, forward_looking=True, log_z=log_z)
    return model.to(environment.device)
