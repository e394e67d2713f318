"""`Sampler`, `ConditionalSampler` and `StorableSampler`: the protocols of a trained sampler of DAGs."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Bool, Float64

if TYPE_CHECKING:
    from dag_gfn.posterior.posterior import GraphPosterior


@dataclass(frozen=True)
class WeightedGraphs:
    """Independent draws of a sampler, with their importance weights.

    Attributes
    ----------
    adjacency : ndarray, shape (k, d, d), bool
        ``adjacency[s, i, j]`` is True for i -> j in draw s.
    log_scores : ndarray, shape (k,), float64
        log R of each draw, in nats.
    log_weights : ndarray, shape (k,), float64
        log w of each draw, in nats. The mean of w is an unbiased estimate of the evidence Σ_G R(G), and weighted means
        over the draws tend to those of the posterior.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.posterior.sampler import WeightedGraphs
    >>> empty, edge = np.zeros((2, 2), dtype=bool), np.array([[False, True], [False, False]])
    >>> drawn = WeightedGraphs(np.stack([empty, edge]), np.log([1.0, 3.0]), np.log([2.0, 6.0]))
    >>> weights = np.exp(drawn.log_weights)
    >>> round(float(weights.mean()), 6)  # the evidence: 1 + 3
    4.0
    >>> round(float((weights * drawn.adjacency[:, 0, 1]).sum() / weights.sum()), 6)
    0.75
    """

    adjacency: Bool[np.ndarray, "k d d"]
    log_scores: Float64[np.ndarray, " k"]
    log_weights: Float64[np.ndarray, " k"]


@runtime_checkable
class EvidenceEstimate(Protocol):
    """The log evidence by importance weights; all in nats but ``ess``."""

    @property
    def log_z(self) -> float:
        """Consistent estimate of log Σ_G R(G): the log of the mean weight."""
        ...

    @property
    def standard_error(self) -> float:
        """Standard error of ``log_z``, to first order."""
        ...

    @property
    def log_z_lower(self) -> float:
        """Lower bound of the log evidence in expectation: the mean log-weight."""
        ...

    @property
    def ess(self) -> float:
        """Effective sample size as a share of the draws, in (0, 1]."""
        ...


@runtime_checkable
class Sampler(Protocol):
    """A trained sampler of DAGs, whose draws can be corrected and whose probabilities can be asked for.

    `dag_gfn.posterior.sampler_conformance.check_sampler` holds any implementation to this. The same seed gives the same
    answer. Edges point from row to column: ``adjacency[s, i, j]`` is True for i -> j in graph s.
    """

    def sample(self, k: int, *, seed: int) -> WeightedGraphs:
        """Return k new independent draws with their importance weights."""
        ...

    def log_probability(
        self, adjacency: Bool[np.ndarray, "m d d"], *, num_trajectories: int = 100, seed: int
    ) -> tuple[Float64[np.ndarray, " m"], Float64[np.ndarray, " m"]]:
        """Return log P(G), in nats, with which each given graph is drawn, and the standard error of that.

        Where P(G) must be estimated, it is from `num_trajectories` trajectories that end in the graph. The error is 0
        where P(G) is known, and infinite where the trajectories do not tell it.
        """
        ...

    def log_z(self, *, num_samples: int = 10_000, seed: int) -> EvidenceEstimate:
        """Return the log evidence by the weights of new draws: estimate, standard error, lower bound."""
        ...

    def log_z_upper(self, exact_draws: Bool[np.ndarray, "m d d"], *, seed: int) -> float:
        """Return an upper bound of the log evidence in expectation, in nats.

        The bound is from draws of the posterior by another method: it sees graphs that the sampler never draws.
        """
        ...

    def entropy(self, *, num_samples: int = 10_000, seed: int) -> float:
        r"""Return an estimate of the posterior's entropy over graphs in nats: :math:`\log Z - E[\log R(G)]`."""
        ...


@runtime_checkable
class StorableSampler(Protocol):
    """A sampler that can be written to a file."""

    def save(self, path: Path) -> None:
        """Write the sampler, with all that is needed to use it without the data.

        Raises
        ------
        StorageError
            If that cannot be done.
        """
        ...


@runtime_checkable
class ConditionalSampler(Sampler, Protocol):
    """A sampler that can also draw DAGs that comply with a condition; ``isinstance`` tells whether one can."""

    def given(
        self,
        edges: Iterable[tuple[str, str]] = (),
        *,
        absent: Iterable[tuple[str, str]] = (),
        tiers: Sequence[Sequence[str]] = (),
        num_samples: int = 10_000,
        seed: int,
    ) -> "GraphPosterior":
        """Return the posterior given that edges (source, target) are present or absent, from draws that all comply.

        No edge leads from a later of the `tiers` to an earlier one. The ``log_evidence`` of the result is the log of
        Σ R(G) over the graphs that comply.

        Raises
        ------
        OptionError
            If a name is not a variable.
        ConstraintError
            If the condition contradicts itself, or is not allowed.
        """
        ...
