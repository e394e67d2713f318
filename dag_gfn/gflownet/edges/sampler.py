"""`EdgeSampler`: a GFlowNet trained over edges as a sampler of DAGs."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast, final

import numpy as np
import torch
from jaxtyping import Bool, Float64

from dag_gfn.gflownet.env.dag_state import DagState, closure
from dag_gfn.gflownet.env.edge_addition import EdgeAddition
from dag_gfn.gflownet.policies.flow_model import EdgeBackwardPolicy, FlowModel
from dag_gfn.gflownet.sampler_file import SamplerFile, save_sampler
from dag_gfn.gflownet.sampling.importance import (
    ImportanceEstimate,
    graph_log_probabilities,
    log_evidence_upper_bound,
)
from dag_gfn.gflownet.sampling.outcomes import sample_outcomes
from dag_gfn.gflownet.sampling.weighted_graphs import (
    condition_on,
    conditional_posterior,
    entropy_of,
    evidence_of,
    named,
)
from dag_gfn.graphs import graph
from dag_gfn.posterior import GraphPosterior
from dag_gfn.posterior.sampler import WeightedGraphs
from dag_gfn.scores import ScoreTable


@final
@dataclass(frozen=True)
class EdgeSampler:
    """A sampler of DAGs that adds edge after edge; a `dag_gfn.posterior.sampler.ConditionalSampler`.

    Attributes
    ----------
    table : ScoreTable
        What it was trained on.
    model : FlowModel
        With averaged weights.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.data import from_array
    >>> from dag_gfn.gflownet.edges.sampler import EdgeSampler
    >>> from dag_gfn.gflownet.policies.flow_model import FlowModel
    >>> from dag_gfn.gflownet.policies.uniform import UniformPolicy
    >>> from dag_gfn.scores import ScoreTable, make_score
    >>> data = from_array(np.random.default_rng(0).normal(size=(10, 2)))
    >>> sampler = EdgeSampler(ScoreTable.build(make_score("bge", data)), FlowModel(UniformPolicy(), log_z=0.0))
    >>> empty = np.zeros((1, 2, 2), dtype=bool)
    >>> log_p, error = sampler.log_probability(empty, num_trajectories=2, seed=0)
    >>> round(float(np.exp(log_p[0])), 6)  # of two edges and stopping, one is chosen
    0.333333
    """

    table: ScoreTable
    model: FlowModel

    def sample(self, k: int, *, seed: int) -> WeightedGraphs:
        """Return k new independent draws with their importance weights."""
        return self._draw(self._environment(), self.model, k, seed)

    def log_z(self, *, num_samples: int = 10_000, seed: int) -> ImportanceEstimate:
        """Return what importance weights say of log Σ_G R(G): estimate, lower bound, effective sample size."""
        return evidence_of(self.sample(num_samples, seed=seed))

    def log_z_upper(self, exact_draws: Bool[np.ndarray, "m d d"], *, seed: int) -> float:
        """Return an upper bound of the log evidence, in expectation, from draws of the posterior by another method.

        ``exact_draws[s, i, j]`` is True for i -> j in draw s. See
        `dag_gfn.gflownet.sampling.importance.log_evidence_upper_bound`.
        """
        environment = self._environment()
        states = _states(environment, exact_draws)
        return log_evidence_upper_bound(environment, self.model, states, generator=self._generator(seed))

    def entropy(self, *, num_samples: int = 10_000, seed: int) -> float:
        r"""Return an estimate of the posterior's entropy over graphs in nats: :math:`\log Z - E[\log R(G)]`."""
        return entropy_of(self.sample(num_samples, seed=seed))

    def log_probability(
        self, adjacency: Bool[np.ndarray, "m d d"], *, num_trajectories: int = 100, seed: int
    ) -> tuple[Float64[np.ndarray, " m"], Float64[np.ndarray, " m"]]:
        """Return an estimate of log P(G), with which each given graph is drawn, and its standard error.

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

        Trajectories begin with the given edges and add none that is excluded, and importance weights correct the draws.
        ``log_evidence`` is that of the graphs that comply. ``info["diagnostics"]`` says how well the policy serves for
        that: the effective sample size ``ess`` as a share of the draws, and ``pareto_k``, the shape of the tail of
        their weights, which is None where there are too few draws to estimate it. If it is None or above
        `dag_gfn.posterior.limits.MAX_SHAPE`, standard errors may be too small, and a warning says so.

        Parameters
        ----------
        edges, absent : iterable of (source, target)
            Edges that are present, and edges that are not.
        tiers : sequence of sequences of str
            No edge leads from a later tier to an earlier one.
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
            If the tail of the weights is too heavy for the standard errors, or the draws are worth few.
        """
        edges, absent = list(edges), list(absent)
        condition, narrower = condition_on(self.table, edges, absent, tiers)
        present = torch.from_numpy(condition.required.copy())
        environment = EdgeAddition(narrower, device=self._device)
        backward = self.model.backward
        if backward is not None:
            backward = cast(EdgeBackwardPolicy, backward).keeping(present)
        model = FlowModel(self.model.policy, backward=backward)
        drawn = self._draw(environment, model, num_samples, seed)
        return conditional_posterior(self.table, drawn, named(edges, absent, tiers))

    def save(self, path: Path) -> None:
        """Write the sampler to a file, with all that is needed to use it without the data.

        Raises
        ------
        StorageError
            If that cannot be done.
        OptionError
            If the table cannot be stored.
        """
        save_sampler(path, "edges", self.table, self.model, {})

    @classmethod
    def restored(cls, stored: SamplerFile, *, device: str = "cpu") -> "EdgeSampler":
        """Return the sampler that `save` has written.

        Raises
        ------
        StorageError
            If the file is damaged.
        """
        table = stored.table()
        return cls(table, stored.model(EdgeAddition(table, device=device)))

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
