"""Comparison of a sampler's layerings with those of Markov chains: whether they agree, and the estimate from both."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from dag_gfn.gflownet.layers.sampler import LayerSampler
from dag_gfn.gflownet.sampling.importance import ImportanceEstimate
from dag_gfn.layerings.pooled_draws import PooledLayerings
from dag_gfn.layerings.weighted_draws import WeightedLayerings
from dag_gfn.mcmc.chains import Chains
from dag_gfn.posterior.diagnostic_parts import AgainstChains, Agreement
from dag_gfn.posterior.evidence import known_evidence
from dag_gfn.posterior.limits import MAX_EVIDENCE_ERROR

_MISSED = 0.05
"""Posterior mass that draws may leave out, in addition to three standard errors of the evidence."""


@dataclass(frozen=True, eq=False)
class ChainComparison:
    """The layerings of a sampler and of Markov chains, pooled and compared.

    Attributes
    ----------
    pooled : PooledLayerings
    agreement : Agreement
        Of the chains with one another.
    iterations : int
        Steps of each chain.

    Examples
    --------
    >>> import numpy as np
    >>> import dag_gfn
    >>> from dag_gfn.scores import ScoreTable, make_score
    >>> data = dag_gfn.from_array(np.random.default_rng(0).normal(size=(9, 2)))
    >>> table = ScoreTable.build(make_score("bge", data))
    >>> from dag_gfn.gflownet.layers.fit import fit_layers
    >>> from dag_gfn.gflownet.request import FitRequest
    >>> from dag_gfn.gflownet.training.config import default_config, make_objective
    >>> config = default_config(2, environment="layers", iterations=2, behaviour="on")
    >>> fit = fit_layers(table, FitRequest(0, config, 10, make_objective("subtrajectory_balance")))
    >>> from dag_gfn.gflownet.layers.comparison import ChainComparison
    >>> from dag_gfn.mcmc.chains import run_chains
    >>> from dag_gfn.mcmc.agreement import edges_of_chains
    >>> streams = np.random.SeedSequence(0).spawn(2)
    >>> chains = run_chains(fit.sampler.weights, streams=streams, iterations=400, kept=50)
    >>> compared = ChainComparison.of(fit.sampler, fit.drawn, chains, edges_of_chains(chains)[1])
    >>> 0 <= compared.pooled.estimate.share_of_chains <= 1
    True
    """

    pooled: PooledLayerings
    agreement: Agreement
    iterations: int

    @classmethod
    def of(
        cls,
        sampler: LayerSampler,
        drawn: WeightedLayerings,
        chains: Chains,
        agreement: Agreement,
        *,
        on_share: Callable[[float], None] | None = None,
    ) -> "ChainComparison":
        """Weigh the layerings of chains by the sampler, and pool them with its own by bridge sampling.

        Parameters
        ----------
        sampler : LayerSampler
        drawn : WeightedLayerings
            The sampler's own.
        chains : Chains
        agreement : Agreement
            Of the chains, before any of their layerings were left out for lack of time.
        on_share : callable, optional
            Called with the share of the layerings that is weighed, in [0, 1].
        """
        layer_of = chains.layer_of
        log_weights = sampler.log_weights_of(
            layer_of.reshape(-1, layer_of.shape[-1]).astype(np.int64), on_share=on_share
        )
        log_weights += drawn.log_finished  # of the same probabilities as those of the draws
        effective = agreement.min_effective_draws
        pooled = PooledLayerings.of(
            drawn,
            layer_of,
            chains.log_weights,
            log_weights.reshape(layer_of.shape[:2]),
            effective_chain_draws=math.inf if effective is None else effective,
        )
        return cls(pooled, agreement, chains.iterations)

    @property
    def log_z_upper(self) -> float:
        """An upper bound of the log evidence in expectation, in nats, as far as chains are draws of the posterior."""
        return float(self.pooled.chain_log_weights.mean())

    def against(self, importance: ImportanceEstimate) -> AgainstChains:
        """Return the comparison with the chains, which shows modes that the sampler misses; its own weights cannot."""
        estimate = self.pooled.estimate
        gap = estimate.log_z - importance.log_z
        tolerated = -math.log1p(-_MISSED) + 3 * (estimate.standard_error + importance.standard_error)
        overlap = (
            estimate.standard_error <= MAX_EVIDENCE_ERROR
        )  # without overlap nothing is known of their agreement
        log_z, error = known_evidence(estimate.log_z, estimate.standard_error)
        return AgainstChains(
            log_z_with_chains=log_z,
            log_z_with_chains_standard_error=error,
            agrees_with_chains=bool(overlap and abs(gap) <= tolerated),
            share_of_chains=estimate.share_of_chains,
            pooled_effective_samples=self.pooled.effective_samples,
            chain_iterations=self.iterations,
            worst_chain_gap=float(self.pooled.chain_log_weights.mean(axis=1).max() - estimate.log_z),
        )
