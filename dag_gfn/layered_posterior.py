"""What a GFlowNet that was trained on root layerings says of DAGs: its own draws, corrected, or pooled with chains."""

import math
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import torch
from jaxtyping import Float64

from dag_gfn.gflownet import policy_posterior, training_info
from dag_gfn.importance import ImportanceEstimate
from dag_gfn.layer_chains import Guides
from dag_gfn.layerings.corrected_dags import weighed_dags
from dag_gfn.mcmc.chains import Chains
from dag_gfn.mcmc.diagnostics import MAX_R_HAT
from dag_gfn.mcmc.posterior import edges_of_chains
from dag_gfn.pooled_layerings import PooledLayerings
from dag_gfn.posterior import GraphPosterior, Marginal
from dag_gfn.scores import ScoreTable
from dag_gfn.train_config import TrainConfig
from dag_gfn.trained_layers import TrainedLayerGFlowNet
from dag_gfn.training import TrainingResult
from dag_gfn.weighted_layerings import WeightedLayerings

_RELIABLE_SHAPE = 0.7
_RELIABLE_SAMPLES = 400
WANTED_SAMPLES = 2_000
"""Independent draws that those of the sampler should be worth: else there are more of them, or those of chains."""
_EVIDENCE_TOLERANCE = 0.5  # nats, beside three standard errors


@dataclass(frozen=True)
class LayeredFit:
    """A trained GFlowNet's layerings.

    Attributes
    ----------
    training : TrainingResult
    sampler : TrainedLayerGFlowNet
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
    """

    training: TrainingResult
    sampler: TrainedLayerGFlowNet
    log_probabilities: Float64[np.ndarray, " m"] | None
    drawn: WeightedLayerings
    guides: Guides | None
    chains: Chains | None
    num_samples: int
    seed: int
    judging_error: str | None = None

    def posterior(
        self, table: ScoreTable, config: TrainConfig, *, reweight: bool | None = None
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
            are pooled with the layerings of Markov chains (:mod:`dag_gfn.bridge_sampling`), unless the weights can be
            relied on and the chains (R-hat above 1.05) cannot.
        """
        importance = ImportanceEstimate.from_log_weights(torch.from_numpy(self.drawn.log_weights))
        pooled = self._pooled()
        log_share, shape = self._shares()
        reliable = self.drawn.effective_samples >= _RELIABLE_SAMPLES
        if self.log_probabilities is None:
            reliable = reliable and shape <= _RELIABLE_SHAPE
        estimate = self._estimate(reweight, reliable)
        info = training_info(self.training, config, importance)
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
        raw, corrected = self.drawn.raw_and_reweighted_edges(self.sampler.weights, log_share)
        log_evidence = importance.log_z
        if estimate == "pooled":
            posterior = self._of_pooled(table, pooled, info)
            log_evidence = pooled.estimate.log_z
            posterior.info["log_evidence_source"] = "bridge sampling, with Markov chains"
        elif estimate == "reweighted":
            effective = self.drawn.effective_samples
            posterior = self._of_draws(table, self.drawn, log_share, corrected, effective, info)
        elif self.log_probabilities is not None:
            posterior = policy_posterior(table, self.log_probabilities, info)
            raw = posterior.marginal("edge")
        else:
            drawn = self.drawn[: self.num_samples]
            posterior = self._of_draws(table, drawn, np.zeros(len(drawn)), raw, len(drawn), info)
        difference = float(np.abs(raw.values - corrected.values).max())
        posterior.info["diagnostics"]["raw_to_reweighted_edge_difference"] = difference
        posterior.info["edges_raw"] = {
            "probability": raw.values.tolist(),
            "standard_error": None if raw.standard_error is None else raw.standard_error.tolist(),
        }
        if posterior.info["diagnostics"].get("corrected"):
            log_evidence += posterior.info["diagnostics"]["log_z_shift"]
        return replace(posterior, log_evidence=log_evidence, sampler=self.sampler)

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

    def _of_pooled(self, table: ScoreTable, pooled: PooledLayerings, info: dict[str, Any]) -> GraphPosterior:
        edges, joined = pooled.edges(self.sampler.weights), pooled.joined
        info["diagnostics"]["pooled_edge_standard_error"] = float(edges.standard_error.max())
        return self._of_draws(table, joined, joined.log_weights, edges, pooled.effective_samples, info)

    def _of_draws(
        self,
        table: ScoreTable,
        drawn: WeightedLayerings,
        log_share: Float64[np.ndarray, " k"],
        edge: Marginal,
        effective_samples: float | int,
        info: dict[str, Any],
    ) -> GraphPosterior:
        """Return a DAG of each of the draws, or of as many of them as are wanted, drawn by their shares."""
        weights, rng = self.sampler.weights, np.random.default_rng([self.seed, self.num_samples])
        uncounted = None  # of the log-weights, by the shares: all of them in raw draws
        if len(drawn) > self.num_samples or weights.has_outside:
            chosen = drawn.resample(self.num_samples, log_share, rng=rng)
            uncounted = drawn.log_weights[chosen] - log_share[chosen]
            drawn, log_share = drawn[chosen], np.zeros(self.num_samples)
            # what few of them leave open comes on top of what all leave open
            effective_samples = 1 / (1 / effective_samples + 1 / self.num_samples)
        dags = weighed_dags(
            weights,
            table,
            drawn.layer_of,
            log_share,
            edge,
            min(effective_samples, self.num_samples),
            log_weights=uncounted,
            rng=rng,
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

    def _pooled(self) -> PooledLayerings | None:
        """Return the draws together with those of the chains, weighed by bridge sampling."""
        if self.chains is None:
            return None
        layer_of = self.chains.layer_of
        log_weights = self.sampler.log_weights_of(layer_of.reshape(-1, layer_of.shape[-1]).astype(np.int64))
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
        _, known = edges_of_chains(self.chains)
        return {name: known[name] for name in ("max_r_hat", "min_effective_draws", "chains_agree")}

    def _against_chains(
        self, importance: ImportanceEstimate, pooled: PooledLayerings | None
    ) -> dict[str, Any]:
        """Return what chains say that the sampler's own weights cannot know: whether it draws all that they do."""
        if pooled is None:
            return {}
        estimate = pooled.estimate
        gap = estimate.log_z - importance.log_z
        tolerated = _EVIDENCE_TOLERANCE + 3 * (estimate.standard_error + importance.standard_error)
        overlap = estimate.standard_error <= _EVIDENCE_TOLERANCE  # else nothing is known, nor agreed upon
        return {
            "log_z_upper": float(pooled.chain_log_weights.mean()),
            "log_z_with_chains": estimate.log_z,
            "log_z_with_chains_standard_error": estimate.standard_error,
            "agrees_with_chains": overlap and abs(gap) <= tolerated,
            "share_of_chains": estimate.share_of_chains,
            "pooled_effective_samples": pooled.effective_samples,
            "chain_iterations": self.chains.iterations,
            "chains": len(self.chains.layer_of),
            **self._agreement,
        }
