"""The result of a GFlowNet over root layerings: DAGs from its own draws, reweighted, or pooled with those of chains."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float64

from dag_gfn.budget import TimeBudget
from dag_gfn.gflownet.chains import Guides
from dag_gfn.gflownet.layers.affordable import affordable_chains, affordable_draws
from dag_gfn.gflownet.layers.comparison import ChainComparison
from dag_gfn.gflownet.layers.sampler import LayerSampler
from dag_gfn.gflownet.record import importance_of, policy_posterior, training_record, training_seconds
from dag_gfn.gflownet.sampling.importance import ImportanceEstimate
from dag_gfn.gflownet.training.config import TrainConfig
from dag_gfn.gflownet.training.report import TrainingResult
from dag_gfn.layerings.posterior_dags import affordable_dags, corrected_number, posterior_dags
from dag_gfn.layerings.weighted_draws import WeightedLayerings
from dag_gfn.mcmc.agreement import edges_of_chains, tempering_of
from dag_gfn.mcmc.chains import Chains
from dag_gfn.mcmc.corrected_posterior import corrected_posterior
from dag_gfn.posterior import GraphPosterior, Marginal
from dag_gfn.posterior.diagnostic_parts import (
    AgainstChains,
    Agreement,
    Correction,
    Coverage,
    Importance,
    Tempering,
)
from dag_gfn.posterior.diagnostics import LayerDiagnostics
from dag_gfn.posterior.evidence import Evidence
from dag_gfn.posterior.limits import MAX_BOUND_GAP, MAX_MISSING_MASS, MAX_R_HAT, reliable_weights
from dag_gfn.posterior.method_result import MethodResult
from dag_gfn.posterior.missing_mass import (
    draws_by_errors,
    missing_mass,
    unmet_mass,
    with_least_errors,
    worth_with,
)
from dag_gfn.random_streams import RandomStreams
from dag_gfn.scores import ScoreTable

_JUDGED_SHARE = 0.3  # of the time that is left, at most, for R-hat
WANTED_SAMPLES = 2_000
"""Independent draws that those of the sampler should be worth: else there are more of them, or those of chains."""

OnPhase = Callable[[str, float], None]
"""Called with the name of a phase and the share of it that is done, in [0, 1]."""


class _Dags(NamedTuple):
    """DAGs of layerings, their correction, the largest error of an edge if pooled, and draws that edges are worth."""

    posterior: GraphPosterior
    correction: Correction | None = None
    pooled_edge_standard_error: float | None = None
    worth: float | None = None


@dataclass(frozen=True)
class LayerFit:
    """A trained GFlowNet's layerings.

    Attributes
    ----------
    training : TrainingResult
    sampler : LayerSampler
    log_probabilities : ndarray, shape (m,), float64, or None
        The policy's exact distribution over all DAGs, in the order of `enumerate_dags`, where d <= 5.
    drawn : WeightedLayerings
    guides : Guides or None
    chains : Chains or None
        The chains that the draws are compared with.
    num_samples : int
        DAGs to draw; there may be more layerings.
    seed : int
    judging_error : str or None
        What went wrong with the chains, where there should have been some.
    all_chains : Chains or None
        The chains of which R-hat is computed, where `chains` are only some of them.
    judging_seconds : float or None
        Seconds that R-hat may take; None for no limit.
    uneven : bool
        Whether the ratios of true to approximate weights vary so much that chains have to allow for them.
    coverage : Coverage or None
        What the candidate parents cover; by the weights alone unless given.

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
    >>> result = fit.result(table, config)
    >>> result.diagnostics.estimate, len(result.posterior)  # the policy over all 3 DAGs
    ('raw', 3)
    """

    training: TrainingResult
    sampler: LayerSampler
    log_probabilities: Float64[np.ndarray, " m"] | None
    drawn: WeightedLayerings
    guides: Guides | None
    chains: Chains | None
    num_samples: int
    seed: int
    judging_error: str | None = None
    all_chains: Chains | None = None
    judging_seconds: float | None = None
    uneven: bool = False
    coverage: Coverage | None = None

    def result(
        self,
        table: ScoreTable,
        config: TrainConfig,
        *,
        reweight: bool | None = None,
        budget: TimeBudget | None = None,
        on_phase: OnPhase | None = None,
    ) -> MethodResult:
        """Return DAGs and edge probabilities, with the diagnostics.

        Parameters
        ----------
        table : ScoreTable
        config : TrainConfig
        reweight : bool, optional
            Whether the sampler's draws are corrected by their importance weights. By default its exact distribution is
            returned where that is known. Elsewhere draws are corrected if their weights can be relied on
            (`dag_gfn.posterior.limits.reliable_weights`) and are worth 2,000 independent draws; otherwise they
            are pooled with the layerings of Markov chains (:mod:`dag_gfn.layerings.bridge_sampling`), unless the
            weights can be relied on and the chains (by R-hat) cannot.
        budget : TimeBudget, optional
            Of the whole fit: fewer layerings and graphs are taken where the time that is left does not allow all.
        on_phase : callable, optional
            Called with the name of a phase and the share of it that is done, in [0, 1].

        Raises
        ------
        KeyboardInterrupt
            On Ctrl-C. It can be called again, with a budget that is used up, which is quick.
        """
        budget = TimeBudget() if budget is None else budget
        left = budget.remaining()
        drawn, chains = affordable_draws(self.sampler, self.drawn, budget), self.chains
        if chains is not None:
            chains = affordable_chains(self.sampler, chains, budget)
        fit = replace(
            self,
            drawn=drawn,
            chains=chains,
            all_chains=self.chains,
            judging_seconds=None if left is None else _JUDGED_SHARE * left,
        )
        if chains is not None:
            with budget.phase("judging", shown="R-hat of the chains"):
                _ = fit._judged  # kept
        return fit._result(table, config, reweight, budget, on_phase)

    def _result(
        self,
        table: ScoreTable,
        config: TrainConfig,
        reweight: bool | None,
        budget: TimeBudget,
        on_phase: OnPhase | None,
    ) -> MethodResult:
        tell = (lambda name: None) if on_phase is None else lambda name: partial(on_phase, name)
        estimated = ImportanceEstimate.from_log_weights(torch.from_numpy(self.drawn.log_weights))
        with budget.phase("weights of chains"):
            compared = self._compared(tell("weights of the chains"))
        importance = importance_of(
            estimated, len(self.drawn), log_z_upper=None if compared is None else compared.log_z_upper
        )
        log_share, shape = self._shares()
        known = self.log_probabilities is not None
        reliable = reliable_weights(self.drawn.effective_samples, None if known else shape)
        against = None if compared is None else compared.against(estimated)
        estimate, pooled_edges = self._estimate(reweight, reliable), None
        if reweight is None and estimate == "reweighted" and _leaves_out(importance, against):
            estimate = "pooled"
        if estimate == "pooled" and compared is not None:
            pooled_edges = self._pooled_edges(compared, budget, on_phase)
            if _better_alone(compared.agreement, pooled_edges):
                estimate = "chains"
        with budget.phase("edges"):
            raw, corrected = self.drawn.raw_and_reweighted_edges(
                self.sampler.weights, log_share, on_share=tell("edge probabilities")
            )
        mass = 0.0 if estimate in ("pooled", "chains") else _missing(importance, against)
        worth = worth_with(max(self.drawn.effective_samples, 1.0), mass)
        every_chain = self.chains if self.all_chains is None else self.all_chains
        agreement, interrupted = None if compared is None else compared.agreement, self.training.interrupted
        if self.uneven and estimate in ("pooled", "chains") and every_chain is not None:
            estimate = "chains"
            with_scores = corrected_posterior(
                self.sampler.weights,
                table,
                every_chain,
                seed=self.seed,
                num_samples=self.num_samples,
                budget=budget,
                on_phase=on_phase,
            )
            agreement, interrupted = with_scores.agreement, interrupted or with_scores.interrupted
            dags = _Dags(with_scores.dags.posterior(table.names), with_scores.dags.correction)
        elif estimate == "chains" and every_chain is not None:
            dags = self._chain_dags(table, every_chain, budget, on_phase)
        elif compared is not None and pooled_edges is not None:
            dags = self._pooled_dags(table, compared, pooled_edges, budget, on_phase)
        elif estimate == "reweighted":
            dags = self._dags(table, self.drawn, log_share, corrected, worth, budget, on_phase)
        elif self.log_probabilities is not None:
            dags = _Dags(policy_posterior(table, self.log_probabilities, num_samples=self.num_samples))
            raw = dags.posterior.marginal("edge")
        else:
            drawn = self.drawn[: self.num_samples]
            dags = self._dags(table, drawn, np.zeros(len(drawn)), raw, worth, budget, on_phase)
        posterior = dags.posterior
        if not posterior.covers_all_dags:
            of_chains = self._tempering() if estimate in ("pooled", "chains") else None
            mass = max(mass, unmet_mass(dags.worth or posterior.effective_samples or 1.0, of_chains))
            edge = with_least_errors(posterior.marginal("edge"), mass, table.constraints.open_pairs())
            posterior = replace(posterior, marginals={**posterior.marginals, "edge": edge})
        diagnostics = LayerDiagnostics(
            iterations=self.training.iterations,
            cut_short_by_time_budget=self.training.cut_short,
            importance=importance,
            coverage=self.sampler.weights.coverage(table.names) if self.coverage is None else self.coverage,
            against_chains=against,
            agreement=agreement,
            tempering=self._tempering(),
            correction=dags.correction,
            uncounted_mass=mass,
            estimate=estimate,
            pareto_k=shape,
            reliable_weights=reliable,
            layerings=len(self.drawn),
            raw_to_reweighted_edge_difference=float(np.abs(raw.values - corrected.values).max()),
            pooled_edge_standard_error=dags.pooled_edge_standard_error,
            judging_error=self.judging_error,
            chain_layerings=self._layerings_taken(),
        )
        doubtful = importance.log_z is None or not (known or reliable)
        bridged = estimate in ("pooled", "chains") or (compared is not None and doubtful)
        evidence = self._evidence(diagnostics, bridged=bridged)
        guided = {} if self.guides is None else {"guide_seconds": self.guides.seconds}
        return MethodResult(
            posterior=replace(posterior, log_evidence=evidence.log_z, sampler=self.sampler),
            diagnostics=diagnostics,
            evidence=evidence,
            interrupted=interrupted or (self.chains is not None and self.chains.interrupted),
            timing={**training_seconds(self.training), **guided},
            training=training_record(self.training, config),
            raw_edges=raw,
        )

    def _evidence(self, diagnostics: LayerDiagnostics, *, bridged: bool) -> Evidence:
        """Return the log evidence: by the draws alone, or by bridge sampling between them and the chains."""
        own, against, correction = (
            diagnostics.importance,
            diagnostics.against_chains,
            diagnostics.correction,
        )
        source, log_z, error = "importance weights", None, None
        if bridged:
            source = "bridge sampling, with Markov chains"
            if against is not None:
                log_z, error = against.log_z_with_chains, against.log_z_with_chains_standard_error
        elif own is not None:
            log_z, error = own.log_z, own.log_z_standard_error
        if log_z is None or error is None or not self.sampler.weights.has_outside:
            return Evidence.known(log_z, error, source)
        # by candidates alone log Z rests on the odds of parents, and how far that is from the truth is not known
        if correction is None or not correction.corrected:
            return Evidence(None, None, source)
        shift, shift_error = correction.log_z_shift, correction.log_z_shift_standard_error
        if shift is None or shift_error is None:
            return Evidence(None, None, source)
        return Evidence.known(log_z + shift, math.hypot(error, shift_error), source)

    def _layerings_taken(self) -> int | None:
        """Return the number of layerings of chains that are used; None where all are."""
        if self.chains is None or self.chains is self.all_chains or self.all_chains is None:
            return None
        return self.chains.log_weights.size

    def _estimate(self, reweight: bool | None, reliable: bool) -> str:
        """Return which estimate the result is: "raw", "reweighted" or "pooled"."""
        if reweight is not None:
            return "reweighted" if reweight else "raw"
        if self.log_probabilities is not None:
            return "raw"
        if self._agreement is None:
            return "reweighted" if reliable else "raw"
        enough, r_hat = self.drawn.effective_samples >= WANTED_SAMPLES, self._agreement.max_r_hat
        if reliable and (enough or r_hat is None or r_hat > MAX_R_HAT):
            return "reweighted"
        return "pooled"

    def _shares(self) -> tuple[Float64[np.ndarray, " k"], float]:
        """Return normalised log-weights of the draws, and the shape of their tail."""
        if self.log_probabilities is None:
            return self.drawn.smoothed()
        # layerings are so few that nearly all are drawn, and their weights have no tail
        return self.drawn.log_weights - np.logaddexp.reduce(self.drawn.log_weights), math.inf

    def _pooled_edges(
        self, compared: ChainComparison, budget: TimeBudget, on_phase: OnPhase | None
    ) -> Marginal:
        """Return edge probabilities by the sampler's layerings and those of chains."""
        if on_phase is not None:
            on_phase("edge probabilities of all draws", 0.0)
        with budget.phase("edges"):
            return compared.pooled.edges(self.sampler.weights)

    def _pooled_dags(
        self,
        table: ScoreTable,
        compared: ChainComparison,
        edges: Marginal,
        budget: TimeBudget,
        on_phase: OnPhase | None,
    ) -> _Dags:
        """Return DAGs of the sampler's layerings and those of chains."""
        pooled, joined = compared.pooled, compared.pooled.joined
        # a graph is known no better than its least certain edge: chains that disagree are worth few draws
        worth = min(pooled.effective_samples, draws_by_errors(edges))
        dags = self._dags(table, joined, joined.log_weights, edges, worth, budget, on_phase)
        return dags._replace(pooled_edge_standard_error=float(edges.errors().max()))

    def _chain_dags(
        self, table: ScoreTable, chains: Chains, budget: TimeBudget, on_phase: OnPhase | None
    ) -> _Dags:
        """Return DAGs of the layerings of chains alone, where these are worth more than they are with the sampler's."""
        edge, agreement = edges_of_chains(chains) if self._judged is None else self._judged
        layerings = chains.layer_of.reshape(-1, chains.layer_of.shape[-1]).astype(np.int64)
        draws = WeightedLayerings(layerings, chains.log_weights.reshape(-1), np.zeros(len(layerings)))
        worth = agreement.min_effective_draws or 1.0
        return self._dags(table, draws, np.zeros(len(draws)), edge, worth, budget, on_phase)

    def _dags(
        self,
        table: ScoreTable,
        drawn: WeightedLayerings,
        log_share: Float64[np.ndarray, " k"],
        edge: Marginal,
        effective_samples: float | int,
        budget: TimeBudget,
        on_phase: OnPhase | None,
    ) -> _Dags:
        """Return a DAG of each of the draws, or of as many of them as are wanted, drawn by their shares."""
        weights, rng = self.sampler.weights, RandomStreams(self.seed).generator("graphs")
        wanted = min(len(drawn), self.num_samples)
        if weights.has_outside:
            wanted = corrected_number(weights, self.num_samples, len(drawn))
        number = affordable_dags(
            weights, table, drawn.layer_of, wanted, budget, asked=min(wanted, self.num_samples)
        )
        uncounted = None  # of the log-weights, by the shares: all of them in raw draws
        if len(drawn) > number or weights.has_outside:
            chosen = drawn.resample(number, log_share, rng=rng)
            uncounted = drawn.log_weights[chosen] - log_share[chosen]
            drawn, log_share = drawn[chosen], np.zeros(number)
            # the error of choosing few of them adds to the error of all of them
            effective_samples = 1 / (1 / effective_samples + 1 / number)
        with budget.phase("graphs"):
            dags = posterior_dags(
                weights,
                table,
                drawn.layer_of,
                log_share,
                edge,
                min(effective_samples, len(drawn)),
                log_weights=uncounted,
                rng=rng,
                on_phase=on_phase,
            )
        worth, dags = dags.effective_samples, dags.thinned(self.num_samples, rng=rng)
        return _Dags(dags.posterior(table.names), dags.correction, worth=worth)

    def _tempering(self) -> Tempering | None:
        """Return how well the chains that judge exchange layerings with hotter ones, by all of their layerings."""
        chains = self.chains if self.all_chains is None else self.all_chains
        return None if chains is None else tempering_of(chains)

    def _compared(self, on_share: Callable[[float], None] | None = None) -> ChainComparison | None:
        """Return the comparison with the chains, if there are any."""
        if self.chains is None or self._agreement is None:
            return None
        return ChainComparison.of(self.sampler, self.drawn, self.chains, self._agreement, on_share=on_share)

    @cached_property
    def _judged(self) -> tuple[Marginal, Agreement] | None:
        """Edge probabilities by all layerings of the chains, and how well the chains agree."""
        chains = self.chains if self.all_chains is None else self.all_chains
        return None if chains is None else edges_of_chains(chains, seconds=self.judging_seconds)

    @property
    def _agreement(self) -> Agreement | None:
        return None if self._judged is None else self._judged[1]


def _better_alone(agreement: Agreement, pooled: Marginal) -> bool:
    """Return whether chains that agree know the edges better by themselves than together with the sampler's draws."""
    alone, r_hat = agreement.chain_edge_standard_error, agreement.max_r_hat
    agree = r_hat is not None and r_hat <= MAX_R_HAT
    return agree and alone is not None and alone < float(pooled.errors().max())


def _leaves_out(own: Importance, against: AgainstChains | None) -> bool:
    """Return whether chains show that a sampler's own draws leave out a part of the posterior."""
    if against is None or own.log_z is None or own.log_z_upper is None:
        return False
    return own.log_z_upper - own.log_z > MAX_BOUND_GAP or _missing(own, against) > MAX_MISSING_MASS


def _missing(own: Importance, against: AgainstChains | None) -> float:
    """Return the share of the posterior that is missing in a sampler's own draws, by the evidence with chains."""
    if against is None:
        return 0.0
    errors = own.log_z_standard_error, against.log_z_with_chains_standard_error
    error = None if errors[0] is None or errors[1] is None else math.hypot(errors[0], errors[1])
    return missing_mass(own.log_z, against.log_z_with_chains, standard_error=error)
