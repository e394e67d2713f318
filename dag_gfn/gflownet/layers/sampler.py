"""`LayerSampler`: a GFlowNet trained over root layerings as a sampler of DAGs."""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import final

import numpy as np
import torch
from jaxtyping import Bool, Float64, Int64

from dag_gfn.errors import NotTractable, TrainingError
from dag_gfn.gflownet.env.root_layers import RootLayers
from dag_gfn.gflownet.layers.conditional import draw_given
from dag_gfn.gflownet.policies.flow_model import FlowModel
from dag_gfn.gflownet.policies.layer_network import LayerNetwork
from dag_gfn.gflownet.sampler_file import SamplerFile, damaged, save_sampler
from dag_gfn.gflownet.sampling.importance import ImportanceEstimate, log_importance_weights
from dag_gfn.gflownet.sampling.outcomes import sample_outcomes
from dag_gfn.gflownet.sampling.rollouts import backward_rollout
from dag_gfn.gflownet.sampling.threads import single_thread
from dag_gfn.gflownet.sampling.weighted_graphs import (
    condition_on,
    conditional_posterior,
    entropy_of,
    evidence_of,
    named,
)
from dag_gfn.layerings.conditional_weights import conditional_weights
from dag_gfn.layerings.layer_weights import LayerWeights
from dag_gfn.layerings.layered_dags import layering_of
from dag_gfn.layerings.outside_parents import correct_in_parts
from dag_gfn.layerings.weighted_draws import WeightedLayerings
from dag_gfn.posterior import GraphPosterior
from dag_gfn.posterior.sampler import WeightedGraphs
from dag_gfn.random_streams import RandomStreams
from dag_gfn.scores import ScoreTable

_AT_A_TIME = 512
_MOST_TRIES = 20


@final
@dataclass(frozen=True)
class LayerSampler:
    """A sampler of root layerings, and through them of DAGs; a `dag_gfn.posterior.sampler.ConditionalSampler`.

    The probability of a layering is known exactly, and so is that of a DAG.

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
        return _graphs_of(self.weights, self.table, drawn, rng)

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
        return float((self.table.log_reward_of(exact_draws) - log_probability).mean())

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
        log_weights, held = np.full(len(adjacency), -np.inf), self.weights.possible.hold(adjacency)
        log_weights[held] = self.weights.log_weight_of(self.weights.possible.masks_of(adjacency[held]))
        # P_θ(layering) R(G) / R(layering)
        return log_weights - self.log_weights_of(layering_of(adjacency)), np.zeros(len(adjacency))

    def given(
        self,
        edges: Iterable[tuple[str, str]] = (),
        *,
        absent: Iterable[tuple[str, str]] = (),
        tiers: Sequence[Sequence[str]] = (),
        num_samples: int = 10_000,
        seed: int,
    ) -> GraphPosterior:
        """Return the posterior given that edges are present or absent; no earlier draw need have complied.

        Given a layering, the sum over the parent sets that comply is exact. Layerings are drawn by the trained policy,
        by one that is shifted towards the condition, and by independent nodes under it
        (:mod:`dag_gfn.gflownet.layers.conditional`). Importance weights correct them, and edge probabilities are
        averaged given the layering. ``log_evidence`` is that of the graphs that comply.
        ``info["diagnostics"]`` is as for `EdgeSampler.given`; its ``log_z_lower`` is None where a draw has no weight.

        Parameters
        ----------
        edges, absent : iterable of (source, target)
            Edges that are present, and edges that are not.
        tiers : sequence of sequences of str
            No edge leads from a later tier to an earlier one.
        num_samples : int
            Layerings to draw. Each that complies gives one DAG.
        seed : int

        Raises
        ------
        OptionError
            If a name is not a variable.
        ConstraintError
            If the condition contradicts itself or the constraints.
        NotTractable
            If no layering that was drawn complies.

        Warns
        -----
        NotConvergedWarning
            If the tail of the weights is too heavy for the standard errors, or the draws are worth few.
        """
        edges, absent = list(edges), list(absent)
        condition, narrower = condition_on(self.table, edges, absent, tiers)
        if not isinstance(self.model.policy, LayerNetwork):
            raise TypeError(f"given needs a LayerNetwork, not {type(self.model.policy).__name__}")
        weights = conditional_weights(self.weights, narrower, condition.required, condition.forbidden)
        generator = torch.Generator(device=self._device).manual_seed(seed)
        with single_thread(self._device):
            drawn = draw_given(
                self.model.policy, self._environment(), weights, num_samples, generator=generator
            )
        what, rng = named(edges, absent, tiers), RandomStreams(seed).generator("parents")
        found = WeightedLayerings(drawn.layer_of, drawn.log_rewards, drawn.log_weights)
        graphs = None if not len(found) else _graphs_of(weights, narrower, found, rng)
        if graphs is None or not (graphs.log_weights > -np.inf).any():
            raise NotTractable(
                f"given {what}, none of {num_samples:,} layerings complies: ask for more (num_samples), or fit with "
                "what is given as constraints, which warm_start (--warm-start) makes shorter"
            )
        edge = None if weights.has_outside else found.edges(weights, found.log_weights)
        return conditional_posterior(self.table, graphs, what, tried=num_samples, edge=edge)

    def save(self, path: Path) -> None:
        """Write the sampler to a file, with all that is needed to use it without the data.

        Raises
        ------
        StorageError
            If that cannot be done.
        OptionError
            If the table cannot be stored.
        """
        candidates = {} if self.table.is_complete else self.weights.stored()
        save_sampler(path, "layers", self.table, self.model, candidates)

    @classmethod
    def restored(cls, stored: SamplerFile, *, device: str = "cpu") -> "LayerSampler":
        """Return the sampler that `save` has written. Beyond 20 columns it scores the candidate parents again.

        Raises
        ------
        StorageError
            If the file is damaged.
        """
        table = stored.table()
        try:
            if table.complete is not None:
                weights = LayerWeights.of(table.complete)
            else:
                weights = LayerWeights.restored(table, stored.arrays)
        except (KeyError, ValueError, IndexError, TypeError, MemoryError) as error:
            raise damaged(stored.path, error) from error
        return cls(table, weights, stored.model(RootLayers(weights, device=device)))

    @property
    def _device(self) -> torch.device:
        return next(self.model.parameters()).device

    def _environment(self) -> RootLayers:
        return RootLayers(self.weights, device=self._device)


def _graphs_of(
    weights: LayerWeights, table: ScoreTable, drawn: WeightedLayerings, rng: np.random.Generator
) -> WeightedGraphs:
    """Return a DAG of each layering with its importance weight."""
    if weights.has_outside:
        parents, log_correction = np.zeros((len(drawn), table.d), dtype=np.int64), np.zeros(len(drawn))
        for part, corrected in correct_in_parts(weights, table, drawn.layer_of, rng=rng):
            parents[part], log_correction[part] = corrected.parents, corrected.log_correction
        adjacency = weights.possible.adjacency_of(parents)
        log_weights = drawn.log_weights + log_correction
    else:
        adjacency, log_weights = drawn.dags(weights, rng=rng), drawn.log_weights
    return WeightedGraphs(adjacency, table.log_reward_of(adjacency), log_weights)
