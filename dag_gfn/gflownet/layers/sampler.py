"""`LayerSampler`: a GFlowNet trained over root layerings as a sampler of DAGs."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import final

import numpy as np
import torch
from jaxtyping import Bool, Float64, Int64

from dag_gfn.errors import TrainingError
from dag_gfn.gflownet.env.root_layers import RootLayers
from dag_gfn.gflownet.policies.flow_model import FlowModel
from dag_gfn.gflownet.sampling.importance import ImportanceEstimate, log_importance_weights
from dag_gfn.gflownet.sampling.outcomes import sample_outcomes
from dag_gfn.gflownet.sampling.rollouts import backward_rollout
from dag_gfn.gflownet.sampling.threads import single_thread
from dag_gfn.gflownet.sampling.weighted_graphs import entropy_of, evidence_of
from dag_gfn.graphs import graph
from dag_gfn.layerings.layer_weights import LayerWeights
from dag_gfn.layerings.layered_dags import layering_of
from dag_gfn.layerings.outside_parents import correct_in_parts
from dag_gfn.layerings.weighted_draws import WeightedLayerings
from dag_gfn.posterior.sampler import WeightedGraphs
from dag_gfn.random_streams import RandomStreams
from dag_gfn.scores import ScoreTable

_AT_A_TIME = 512
_MOST_TRIES = 20


@final
@dataclass(frozen=True)
class LayerSampler:
    """A sampler of root layerings, and through them of DAGs; a `dag_gfn.posterior.sampler.Sampler`.

    The probability of a layering is known exactly, and so is that of a DAG. It is no `ConditionalSampler`: a layering
    says too little of single edges for them to be built into it.

    Attributes
    ----------
    table : ScoreTable
        What it was trained on.
    weights : LayerWeights
        The same with parents summed out.
    model : FlowModel
        With averaged weights.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.data import from_array
    >>> from dag_gfn.gflownet.env.root_layers import RootLayers
    >>> from dag_gfn.gflownet.layers.sampler import LayerSampler
    >>> from dag_gfn.gflownet.policies.flow_model import FlowModel
    >>> from dag_gfn.gflownet.policies.layer_mlp import LayerMLP
    >>> from dag_gfn.layerings.layer_weights import LayerWeights
    >>> from dag_gfn.scores import ScoreTable, make_score
    >>> table = ScoreTable.build(make_score("bge", from_array(np.random.default_rng(0).normal(size=(10, 2)))))
    >>> weights = LayerWeights.build(table)
    >>> environment = RootLayers(weights)
    >>> network = LayerMLP(environment.log_all, environment.log_without)
    >>> model = FlowModel(network, shared_flow=True, forward_looking=True)
    >>> dags = np.array([[[0, 0], [0, 0]], [[0, 1], [0, 0]], [[0, 0], [1, 0]]], dtype=bool)
    >>> log_p, error = LayerSampler(table, weights, model).log_probability(dags)
    >>> round(float(np.exp(log_p).sum()), 4), error.tolist()
    (1.0, [0.0, 0.0, 0.0])
    """

    table: ScoreTable
    weights: LayerWeights
    model: FlowModel

    def sample(self, k: int, *, seed: int) -> WeightedGraphs:
        """Return k new independent draws with their importance weights, a DAG of each layering."""
        drawn, rng = self.layerings(k, seed=seed), RandomStreams(seed).generator("parents")
        if self.weights.has_outside:
            parents, log_correction = np.zeros((k, self.table.d), dtype=np.int64), np.zeros(k)
            for part, corrected in correct_in_parts(self.weights, self.table, drawn.layer_of, rng=rng):
                parents[part], log_correction[part] = corrected.parents, corrected.log_correction
            adjacency = graph.adjacency_from_masks(parents, self.table.d)
            log_weights = drawn.log_weights + log_correction
        else:
            adjacency, log_weights = drawn.dags(self.weights, rng=rng), drawn.log_weights
        return WeightedGraphs(adjacency, self.table.log_reward(graph.parent_masks(adjacency)), log_weights)

    def layerings(
        self, k: int, *, seed: int, on_share: Callable[[float], None] | None = None
    ) -> WeightedLayerings:
        """Return k new independent layerings with their importance weights; `on_share` is told which share is drawn.

        Where constraints have led to a dead end, which has no weight, another is drawn, and all weights are lowered by
        the share that were finished.

        Raises
        ------
        TrainingError
            If hardly any is finished.
        """
        generator = torch.Generator(device=self._device).manual_seed(seed)
        environment, tried, finished = self._environment(), 0, 0
        parts: list[list[np.ndarray]] = []
        while finished < k or not parts:
            if tried > _MOST_TRIES * max(k, _AT_A_TIME):
                raise TrainingError(
                    f"of {tried:,} layerings that were drawn, only {finished:,} keep the constraints: train longer "
                    "(iterations, --iterations), or choose environment='edges' (--environment edges)"
                )
            wanted = max(k - finished, _AT_A_TIME) if parts else k
            with single_thread(self._device):
                drawn = sample_outcomes(
                    environment, self.model, wanted, generator=generator, on_share=on_share
                )
            tried += len(drawn.outcome)
            complete = drawn.log_reward > -torch.inf  # all but dead ends
            finished += int(complete.sum())
            parts.append(
                [
                    values[complete].cpu().numpy()
                    for values in (drawn.outcome, drawn.log_reward, drawn.log_weight)
                ]
            )
        layer_of, log_rewards, log_weights = (
            np.concatenate(columns)[:k] for columns in zip(*parts, strict=True)
        )
        log_finished = math.log(max(finished, 1) / max(tried, 1))
        return WeightedLayerings(layer_of, log_rewards, log_weights + log_finished, log_finished)

    def log_z(self, *, num_samples: int = 10_000, seed: int) -> ImportanceEstimate:
        """Return what importance weights say of log Σ_G R(G): estimate, lower bound, effective sample size."""
        if self.weights.has_outside:
            return evidence_of(self.sample(num_samples, seed=seed))
        drawn = self.layerings(num_samples, seed=seed)
        return ImportanceEstimate.from_log_weights(torch.from_numpy(drawn.log_weights))

    def log_z_upper(self, exact_draws: Bool[np.ndarray, "m d d"], *, seed: int = 0) -> float:
        """Return an upper bound of the log evidence, in expectation, from draws of the posterior by another method.

        ``exact_draws[s, i, j]`` is True for i -> j in draw s. Nothing is random, and `seed` is not used.
        """
        log_probability, _ = self.log_probability(exact_draws)
        return float((self.table.log_reward(graph.parent_masks(exact_draws)) - log_probability).mean())

    def entropy(self, *, num_samples: int = 10_000, seed: int) -> float:
        r"""Return an estimate of the posterior's entropy over graphs in nats: :math:`\log Z - E[\log R(G)]`."""
        return entropy_of(self.sample(num_samples, seed=seed))

    def log_weights_of(
        self, layer_of: Int64[np.ndarray, "m d"], *, on_share: Callable[[float], None] | None = None
    ) -> Float64[np.ndarray, " m"]:
        """Return log R - log P_θ of given layerings, in nats: constant where the sampler is right.

        Infinite where it never draws them. P_θ is of all that it builds, dead ends too: `layerings` leaves these out,
        and its weights are by `WeightedLayerings.log_finished` more. `on_share` is told which share is weighed.
        """
        if not len(layer_of):
            return np.zeros(0)
        environment = self._environment()
        distinct, which = np.unique(layer_of.astype(np.int64), axis=0, return_inverse=True)
        states = torch.from_numpy(np.ascontiguousarray(distinct)).to(self._device)
        nothing_random = torch.Generator(device=self._device)
        with single_thread(self._device):
            parts = []
            for part in states.split(_AT_A_TIME):
                built = backward_rollout(environment, environment.state_of(part), generator=nothing_random)
                parts.append(log_importance_weights(self.model, built))
                if on_share is not None:
                    on_share(min(len(parts) * _AT_A_TIME / len(states), 1.0))
        log_weights = torch.cat(parts).nan_to_num_(nan=torch.inf, posinf=torch.inf, neginf=-torch.inf)
        return log_weights.cpu().numpy()[which.reshape(-1)]

    def log_probability(
        self, adjacency: Bool[np.ndarray, "m d d"], *, num_trajectories: int = 1, seed: int = 0
    ) -> tuple[Float64[np.ndarray, " m"], Float64[np.ndarray, " m"]]:
        """Return log P(G), with which each given graph is drawn, and its standard error, which is 0.

        A layering has one trajectory, and a graph's share of the layering's probability is its share of the weight.
        Where parents outside the candidates count by their odds, P(G) is the probability before draws are corrected for
        that. Where constraints lead to dead ends, it is the probability before these are drawn anew. Nothing is random:
        `num_trajectories` and `seed` are not used.
        """
        log_weights = self.weights.log_weight_of(graph.parent_masks(adjacency))
        # P_θ(layering) R(G) / R(layering)
        return log_weights - self.log_weights_of(layering_of(adjacency)), np.zeros(len(adjacency))

    @property
    def _device(self) -> torch.device:
        return next(self.model.parameters()).device

    def _environment(self) -> RootLayers:
        return RootLayers(self.weights, device=self._device)
