"""What a GFlowNet that was trained on root layerings says of DAGs: its own draws, corrected, or pooled with chains."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Any

import numpy as np
import torch
from jaxtyping import Float64

from dag_gfn.budget import TimeBudget
from dag_gfn.gflownet.layers.chains import Guides
from dag_gfn.gflownet.layers.sampler import LayerSampler
from dag_gfn.gflownet.record import policy_posterior, training_info
from dag_gfn.gflownet.sampling.importance import ImportanceEstimate
from dag_gfn.gflownet.training.config import TrainConfig
from dag_gfn.gflownet.training.loop import TrainingResult
from dag_gfn.layerings.layered_edges import edge_probabilities
from dag_gfn.layerings.pooled_draws import PooledLayerings
from dag_gfn.layerings.posterior_dags import affordable_dags, posterior_dags
from dag_gfn.layerings.weighted_draws import WeightedLayerings
from dag_gfn.mcmc.chains import Chains
from dag_gfn.mcmc.posterior import edges_of_chains
from dag_gfn.posterior import GraphPosterior, Marginal
from dag_gfn.posterior.evidence import known_evidence
from dag_gfn.posterior.verdict import MAX_R_HAT
from dag_gfn.random_streams import RandomStreams
from dag_gfn.scores import ScoreTable

RELIABLE_SHAPE = 0.7
"""Of the tail of importance weights, at most, for weighted means to be relied on."""
_RELIABLE_SAMPLES = 400
_EDGE_SHARE, _CHAIN_SHARE = 0.25, 0.4  # of the time that is left, at most
_JUDGED_SHARE = 0.3  # of the same, for R-hat
_LEAST_LAYERINGS, _LEAST_OF_CHAIN = 256, 100  # that are taken however little time is left
WANTED_SAMPLES = 2_000
"""Independent draws that those of the sampler should be worth: else there are more of them, or those of chains."""
_MAX_EVIDENCE_ERROR = 0.5  # nats, with which both kinds of draws overlap
_MISSED = (
    0.05  # of the posterior's mass, that draws may leave out beside three standard errors of the evidence
)


@dataclass(frozen=True)
class LayeredFit:
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
        What judges the draws.
    num_samples : int
        DAGs to draw; there may be more layerings.
    seed : int
    judging_error : str or None
        What went wrong with the chains, where there should have been some.
    all_chains : Chains or None
        Those that R-hat is of, where `chains` are not all of them.
    judging_seconds : float or None
        That R-hat may take; None for no limit.
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

    def posterior(
        self,
        table: ScoreTable,
        config: TrainConfig,
        *,
        reweight: bool | None = None,
        budget: TimeBudget | None = None,
        on_phase: Callable[[str, float], None] | None = None,
    ) -> GraphPosterior:
        """Return DAGs and edge probabilities.

        Parameters
        ----------
        table : ScoreTable
        config : TrainConfig
        reweight : bool, optional
            Whether the sampler's draws are corrected by their importance weights. By default its exact distribution is
            returned where that is known. Elsewhere draws are corrected if their weights can be relied on (k̂ of their
            tail at most 0.7, and an effective sample size of 400) and are worth 2,000 independent draws; otherwise they
            are pooled with the layerings of Markov chains (:mod:`dag_gfn.layerings.bridge_sampling`), unless the
            weights can be relied on and the chains (R-hat above 1.05) cannot.
        budget : TimeBudget, optional
            Of the whole fit: fewer layerings and graphs are taken where the time that is left does not allow all.
        on_phase : callable, optional
            Is told what is being done and which share of it is done, in [0, 1].

        Raises
        ------
        KeyboardInterrupt
            On Ctrl-C. It can be called again, with a budget that is used up, which is quick.
        """
        budget = TimeBudget() if budget is None else budget
        left = budget.remaining()
        fit = replace(
            self._affordable(budget), judging_seconds=None if left is None else _JUDGED_SHARE * left
        )
        if fit.chains is not None:
            with budget.phase("judging", shown="R-hat of the chains"):
                _ = fit._agreement  # kept
        posterior = fit._posterior(table, config, reweight, budget, on_phase)
        if fit.chains is not self.chains:
            posterior.info["diagnostics"]["chain_layerings"] = fit.chains.log_weights.size
        return posterior

    def _affordable(self, budget: TimeBudget) -> "LayeredFit":
        """Return the fit with as many layerings, its own and those of chains, as there is time to go through."""
        weights = self.sampler.weights
        own = self.drawn.layer_of.astype(np.int8)
        number = budget.affordable(
            len(own),
            lambda k: edge_probabilities(weights, own[:k]),
            share=_EDGE_SHARE,
            least=_LEAST_LAYERINGS,
            what="layerings of the sampler are taken",
        )
        drawn = self.drawn if number == len(own) else self.drawn[:number]
        chains = self.chains
        if chains is not None:
            count, blocks = chains.log_weights.shape
            layerings = chains.layer_of.reshape(-1, chains.layer_of.shape[-1])
            order = np.random.default_rng(blocks).permutation(len(layerings))[:_LEAST_LAYERINGS]

            def weigh(k: int) -> None:
                tried = layerings[order[:k]]
                self.sampler.log_weights_of(tried.astype(np.int64))
                edge_probabilities(weights, tried)

            number = budget.affordable(
                len(layerings),
                weigh,
                share=_CHAIN_SHARE,
                least=count * _LEAST_OF_CHAIN,
                what="layerings of Markov chains are taken",
            )
            if number < len(layerings):
                chosen = np.arange(number // count) * blocks // (number // count)
                chains = replace(
                    chains,
                    layer_of=chains.layer_of[:, chosen],
                    log_weights=chains.log_weights[:, chosen],
                    edge=chains.edge[:, chosen],
                )
        return replace(self, drawn=drawn, chains=chains, all_chains=self.chains)

    def _posterior(
        self,
        table: ScoreTable,
        config: TrainConfig,
        reweight: bool | None,
        budget: TimeBudget,
        on_phase: Callable[[str, float], None] | None,
    ) -> GraphPosterior:
        tell = (lambda name: None) if on_phase is None else lambda name: partial(on_phase, name)
        importance = ImportanceEstimate.from_log_weights(torch.from_numpy(self.drawn.log_weights))
        with budget.phase("weights of chains"):
            pooled = self._pooled(tell("weights of the chains"))
        log_share, shape = self._shares()
        reliable = self.drawn.effective_samples >= _RELIABLE_SAMPLES
        if self.log_probabilities is None:
            reliable = reliable and shape <= RELIABLE_SHAPE
        estimate = self._estimate(reweight, reliable)
        info = training_info(self.training, config, importance, len(self.drawn))
        info["diagnostics"] |= {
            "estimate": estimate,
            "pareto_k": shape,
            "reliable_weights": reliable,
            "layerings": len(self.drawn),
            "num_samples": self.num_samples,
            **self.sampler.weights.coverage(table.names),
            **self._against_chains(importance, pooled),
        }
        if self.judging_error is not None:
            info["diagnostics"]["judging_error"] = self.judging_error
        info["interrupted"] |= self.chains is not None and self.chains.interrupted
        if self.guides is not None:
            info["timing"]["guide_seconds"] = self.guides.seconds
        with budget.phase("edges"):
            raw, corrected = self.drawn.raw_and_reweighted_edges(
                self.sampler.weights, log_share, on_share=tell("edge probabilities")
            )
        if estimate == "pooled":
            posterior = self._of_pooled(table, pooled, info, budget, on_phase)
        elif estimate == "reweighted":
            effective = self.drawn.effective_samples
            posterior = self._of_draws(
                table, self.drawn, log_share, corrected, effective, info, budget, on_phase
            )
        elif self.log_probabilities is not None:
            posterior = policy_posterior(table, self.log_probabilities, info)
            raw = posterior.marginal("edge")
        else:
            drawn = self.drawn[: self.num_samples]
            posterior = self._of_draws(
                table, drawn, np.zeros(len(drawn)), raw, len(drawn), info, budget, on_phase
            )
        difference = float(np.abs(raw.values - corrected.values).max())
        posterior.info["diagnostics"]["raw_to_reweighted_edge_difference"] = difference
        posterior.info["edges_raw"] = {
            "probability": raw.values.tolist(),
            "standard_error": None if raw.standard_error is None else raw.standard_error.tolist(),
        }
        doubtful = info["diagnostics"]["log_z"] is None or (self.log_probabilities is None and not reliable)
        bridged = estimate == "pooled" or (pooled is not None and doubtful)
        if bridged:
            posterior.info["log_evidence_source"] = "bridge sampling, with Markov chains"
        log_evidence, error = self._evidence(posterior.info["diagnostics"], bridged)
        posterior.info["log_evidence_standard_error"] = error
        return replace(posterior, log_evidence=log_evidence, sampler=self.sampler)

    def _evidence(
        self, diagnostics: dict[str, Any], bridged: bool
    ) -> tuple[float, float] | tuple[None, None]:
        """Return the log evidence and its standard error, None where they are not known."""
        of = "log_z_with_chains" if bridged else "log_z"
        log_z, error = diagnostics[of], diagnostics[f"{of}_standard_error"]
        if log_z is None or not self.sampler.weights.has_outside:
            return known_evidence(log_z, error)
        if not diagnostics[
            "corrected"
        ]:  # log Z is by the odds of parents, and how far from the truth is not known
            return None, None
        shift_error = diagnostics["log_z_shift_standard_error"]
        return known_evidence(log_z + diagnostics["log_z_shift"], math.hypot(error, shift_error))

    def _estimate(self, reweight: bool | None, reliable: bool) -> str:
        """Return what the result is made of."""
        if reweight is not None:
            return "reweighted" if reweight else "raw"
        if self.log_probabilities is not None:
            return "raw"
        if self.chains is None:
            return "reweighted" if reliable else "raw"
        enough = self.drawn.effective_samples >= WANTED_SAMPLES
        if reliable and (enough or self._agreement["max_r_hat"] > MAX_R_HAT):
            return "reweighted"
        return "pooled"

    def _shares(self) -> tuple[Float64[np.ndarray, " k"], float]:
        """Return normalised log-weights of the draws, and the shape of their tail."""
        if self.log_probabilities is None:
            return self.drawn.smoothed()
        # layerings are so few that nearly all are drawn, and their weights have no tail
        return self.drawn.log_weights - np.logaddexp.reduce(self.drawn.log_weights), math.inf

    def _of_pooled(
        self,
        table: ScoreTable,
        pooled: PooledLayerings,
        info: dict[str, Any],
        budget: TimeBudget,
        on_phase: Callable[[str, float], None] | None,
    ) -> GraphPosterior:
        if on_phase is not None:
            on_phase("edge probabilities of all draws", 0.0)
        with budget.phase("edges"):
            edges, joined = pooled.edges(self.sampler.weights), pooled.joined
        info["diagnostics"]["pooled_edge_standard_error"] = float(edges.standard_error.max())
        return self._of_draws(
            table, joined, joined.log_weights, edges, pooled.effective_samples, info, budget, on_phase
        )

    def _of_draws(
        self,
        table: ScoreTable,
        drawn: WeightedLayerings,
        log_share: Float64[np.ndarray, " k"],
        edge: Marginal,
        effective_samples: float | int,
        info: dict[str, Any],
        budget: TimeBudget,
        on_phase: Callable[[str, float], None] | None,
    ) -> GraphPosterior:
        """Return a DAG of each of the draws, or of as many of them as are wanted, drawn by their shares."""
        weights, rng = self.sampler.weights, RandomStreams(self.seed).generator("graphs")
        wanted = self.num_samples if weights.has_outside else min(len(drawn), self.num_samples)
        number = affordable_dags(weights, table, drawn.layer_of, wanted, budget)
        uncounted = None  # of the log-weights, by the shares: all of them in raw draws
        if len(drawn) > number or weights.has_outside:
            chosen = drawn.resample(number, log_share, rng=rng)
            uncounted = drawn.log_weights[chosen] - log_share[chosen]
            drawn, log_share = drawn[chosen], np.zeros(number)
            # what few of them leave open comes on top of what all leave open
            effective_samples = 1 / (1 / effective_samples + 1 / number)
        info["diagnostics"]["num_samples"] = len(drawn)
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
        info["diagnostics"] |= dags.diagnostics
        return GraphPosterior.from_weights(
            table.names,
            dags.adjacency,
            dags.log_share,
            dags.log_scores,
            effective_samples=dags.effective_samples,
            marginals={"edge": dags.edge},
            info=info,
        )

    def _pooled(self, on_share: Callable[[float], None] | None = None) -> PooledLayerings | None:
        """Return the draws together with those of the chains, weighed by bridge sampling."""
        if self.chains is None:
            return None
        layer_of = self.chains.layer_of
        log_weights = self.sampler.log_weights_of(
            layer_of.reshape(-1, layer_of.shape[-1]).astype(np.int64), on_share=on_share
        )
        log_weights += self.drawn.log_finished  # of the same probabilities as those of the draws
        return PooledLayerings.of(
            self.drawn,
            layer_of,
            self.chains.log_weights,
            log_weights.reshape(layer_of.shape[:2]),
            effective_chain_draws=self._agreement["min_effective_draws"],
        )

    @cached_property
    def _agreement(self) -> dict[str, Any]:
        """What chains say of one another."""
        chains = self.chains if self.all_chains is None else self.all_chains
        _, known = edges_of_chains(chains, seconds=self.judging_seconds)
        return {name: known[name] for name in ("max_r_hat", "min_effective_draws", "chains_agree")}

    def _against_chains(
        self, importance: ImportanceEstimate, pooled: PooledLayerings | None
    ) -> dict[str, Any]:
        """Return what chains say that the sampler's own weights cannot know: whether it draws all that they do."""
        if pooled is None:
            return {}
        estimate = pooled.estimate
        gap = estimate.log_z - importance.log_z
        tolerated = -math.log1p(-_MISSED) + 3 * (estimate.standard_error + importance.standard_error)
        overlap = estimate.standard_error <= _MAX_EVIDENCE_ERROR  # else nothing is known, nor agreed upon
        log_z, error = known_evidence(estimate.log_z, estimate.standard_error)
        return {
            "log_z_upper": float(pooled.chain_log_weights.mean()),
            "log_z_with_chains": log_z,
            "log_z_with_chains_standard_error": error,
            "agrees_with_chains": overlap and abs(gap) <= tolerated,
            "share_of_chains": estimate.share_of_chains,
            "pooled_effective_samples": pooled.effective_samples,
            "chain_iterations": self.chains.iterations,
            "chains": len(self.chains.layer_of),
            **self._agreement,
        }
