"""What a trained GFlowNet can answer beside its samples."""

import warnings
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float64

from dag_gfn.errors import ConstraintError, NotConvergedWarning, OptionError
from dag_gfn.gflownet.env.dag_state import DagState, closure
from dag_gfn.gflownet.env.edge_addition import EdgeAddition
from dag_gfn.gflownet.policies.flow_model import FlowModel
from dag_gfn.gflownet.sampling.importance import (
    ImportanceEstimate,
    graph_log_probabilities,
    log_evidence_upper_bound,
)
from dag_gfn.gflownet.sampling.outcomes import sample_outcomes
from dag_gfn.gflownet.sampling.weighted_graphs import WeightedGraphs
from dag_gfn.graphs import graph
from dag_gfn.posterior import GraphPosterior
from dag_gfn.posterior.metrics import pareto_smoothed
from dag_gfn.posterior.verdict import MAX_SHAPE
from dag_gfn.scores import ScoreTable


@dataclass(frozen=True)
class TrainedGFlowNet:
    """A sampler of graphs whose probabilities can be asked for.

    Attributes
    ----------
    table : ScoreTable
        What it was trained on.
    model : FlowModel
        With averaged weights.
    """

    table: ScoreTable
    model: FlowModel

    def sample(self, k: int, *, seed: int) -> WeightedGraphs:
        """Return k new independent draws with their importance weights."""
        return self._draw(self._environment(), self.model, k, seed)

    def log_evidence(self, *, num_samples: int = 10_000, seed: int) -> ImportanceEstimate:
        """Return what importance weights say of log Σ_G R(G): estimate, lower bound, effective sample size."""
        return self.sample(num_samples, seed=seed).evidence()

    def upper_bound(self, exact_draws: Bool[np.ndarray, "m d d"], *, seed: int) -> float:
        """Return an upper bound of the log evidence, in expectation, from draws of the posterior by another method.

        ``exact_draws[s, i, j]`` is True for i -> j in draw s. See
        `dag_gfn.gflownet.sampling.importance.log_evidence_upper_bound`.
        """
        environment = self._environment()
        states = _states(environment, exact_draws)
        return log_evidence_upper_bound(environment, self.model, states, generator=self._generator(seed))

    def entropy(self, *, num_samples: int = 10_000, seed: int) -> float:
        r"""Return an estimate of the posterior's entropy over graphs in nats: :math:`\log Z - E[\log R(G)]`."""
        return self.sample(num_samples, seed=seed).entropy()

    def log_probability(
        self, adjacency: Bool[np.ndarray, "m d d"], *, num_trajectories: int = 100, seed: int
    ) -> tuple[Float64[np.ndarray, " m"], Float64[np.ndarray, " m"]]:
        """Return the log-probability that it draws each given graph, and the standard error of that.

        The mean is over trajectories that end in the graph. The error is infinite where those that were seen do not
        tell it: ask for more trajectories. See `dag_gfn.gflownet.sampling.importance.graph_log_probabilities`.
        """
        environment = self._environment()
        mean, error = graph_log_probabilities(
            environment,
            self.model,
            _states(environment, adjacency),
            num_trajectories=num_trajectories,
            generator=self._generator(seed),
        )
        return mean.cpu().numpy(), error.cpu().numpy()

    def given_edges(
        self, edges: Iterable[tuple[str, str]], *, num_samples: int = 10_000, seed: int
    ) -> GraphPosterior:
        """Return the posterior given that some edges are present, which no draw need have had before.

        Graphs are built from the given edges on, and weighted so that they are those of the conditional posterior.
        ``log_evidence`` is that of the graphs that have the edges. ``info["diagnostics"]`` says how well the policy
        serves for that: the effective sample size ``ess`` as a share of the draws, and ``pareto_k``, the shape of the
        tail of their weights, None where too few draws tell it. Above 0.7, and there, standard errors may be too small,
        and a warning says so.

        Parameters
        ----------
        edges : iterable of (source, target)
        num_samples : int
        seed : int

        Raises
        ------
        OptionError
            If a name is not a variable.
        ConstraintError
            If the edges close a cycle or are not allowed.

        Warns
        -----
        NotConvergedWarning
            If the tail of the weights is too heavy for the standard errors.
        """
        names, edges = self.table.names, list(edges)
        masks = self.table.constraints.required.copy()
        for source, target in edges:
            for name in (source, target):
                if name not in names:
                    raise OptionError(f"no variable is called '{name}': there are {', '.join(names)}")
            masks[names.index(target)] |= np.int64(1) << names.index(source)
        required = graph.adjacency_from_masks(masks, self.table.d)
        if not graph.is_dag(required):
            raise ConstraintError(f"the edges {edges} close a cycle, with the required ones if there are any")
        if not np.isfinite(self.table.log_reward(masks[None, :])).all():
            raise ConstraintError("the constraints of the fit do not allow these edges together")
        present = torch.from_numpy(required.copy())
        environment = self._environment().starting_from(present)
        backward = None if self.model.backward is None else self.model.backward.keeping(present)
        drawn = self._draw(environment, FlowModel(self.model.policy, backward=backward), num_samples, seed)
        estimate, pareto_k = drawn.evidence(), pareto_smoothed(drawn.log_weights)[1]
        if pareto_k > MAX_SHAPE:
            warnings.warn(
                f"given {len(edges)} edges, the weights of {num_samples:,} draws have a tail of shape "
                f"{pareto_k:.2f}, at most {MAX_SHAPE} is wanted: probabilities may be off by more than their standard "
                "errors. Ask for more draws (num_samples), train longer, or fit with these edges as required ones",
                NotConvergedWarning,
                stacklevel=2,
            )
        return GraphPosterior.from_weights(
            names,
            drawn.adjacency,
            drawn.log_weights,
            drawn.log_scores,
            effective_samples=estimate.ess * num_samples,
            log_evidence=estimate.log_z,
            info={"diagnostics": vars(estimate) | {"num_samples": num_samples, "pareto_k": pareto_k}},
        )

    @property
    def _device(self) -> torch.device:
        return next(self.model.parameters()).device

    def _environment(self) -> EdgeAddition:
        return EdgeAddition(self.table, device=self._device)

    def _generator(self, seed: int) -> torch.Generator:
        return torch.Generator(device=self._device).manual_seed(seed)

    def _draw(self, environment: EdgeAddition, model: FlowModel, k: int, seed: int) -> WeightedGraphs:
        drawn = sample_outcomes(environment, model, k, generator=self._generator(seed))
        return WeightedGraphs(
            graph.adjacency_from_masks(drawn.outcome.cpu().numpy(), self.table.d),
            drawn.log_reward.cpu().numpy(),
            drawn.log_weight.cpu().numpy(),
        )


def _states(environment: EdgeAddition, adjacency: Bool[np.ndarray, "m d d"]) -> DagState:
    parents = torch.from_numpy(graph.parent_masks(adjacency)).to(environment.device)
    return environment.state_of(parents, closure(parents))
