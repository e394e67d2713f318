"""The number of layerings that the time that is left allows."""

from dataclasses import replace

import numpy as np

from dag_gfn.budget import TimeBudget
from dag_gfn.gflownet.layers.sampler import LayerSampler
from dag_gfn.layerings.layered_edges import edge_probabilities
from dag_gfn.layerings.weighted_draws import WeightedLayerings
from dag_gfn.mcmc.chains import Chains

_EDGE_SHARE, _CHAIN_SHARE = 0.25, 0.4  # of the time that is left, at most
_LEAST_LAYERINGS, _LEAST_OF_CHAIN = 256, 100  # that are taken however little time is left


def affordable_draws(
    sampler: LayerSampler, drawn: WeightedLayerings, budget: TimeBudget
) -> WeightedLayerings:
    """Return as many of a sampler's draws as the time allows to compute edge probabilities for.

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
    >>> from dag_gfn.budget import TimeBudget
    >>> from dag_gfn.gflownet.layers.affordable import affordable_draws
    >>> len(affordable_draws(fit.sampler, fit.drawn, TimeBudget())) == len(fit.drawn)  # without a limit all are
    True
    """
    own = drawn.layer_of.astype(np.int16)

    def go_through(k: int) -> None:
        edge_probabilities(sampler.weights, own[:k])

    number = budget.affordable(
        len(own),
        go_through,
        share=_EDGE_SHARE,
        least=_LEAST_LAYERINGS,
        what="layerings of the sampler are taken",
    )
    return drawn if number == len(own) else drawn[:number]


def affordable_chains(sampler: LayerSampler, chains: Chains, budget: TimeBudget) -> Chains:
    """Return chains, evenly thinned to as many layerings as the time allows to weigh by the sampler.

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
    >>> from dag_gfn.budget import TimeBudget
    >>> from dag_gfn.gflownet.layers.affordable import affordable_chains
    >>> from dag_gfn.mcmc.chains import run_chains
    >>> streams = np.random.SeedSequence(0).spawn(2)
    >>> chains = run_chains(fit.sampler.weights, streams=streams, iterations=400, kept=50)
    >>> affordable_chains(fit.sampler, chains, TimeBudget()) is chains
    True
    """
    count, blocks = chains.log_weights.shape
    layerings = chains.layer_of.reshape(-1, chains.layer_of.shape[-1])
    order = np.random.default_rng(blocks).permutation(len(layerings))[:_LEAST_LAYERINGS]

    def weigh(k: int) -> None:
        tried = layerings[order[:k]]
        sampler.log_weights_of(tried.astype(np.int64))
        edge_probabilities(sampler.weights, tried)

    number = budget.affordable(
        len(layerings),
        weigh,
        share=_CHAIN_SHARE,
        least=count * _LEAST_OF_CHAIN,
        what="layerings of Markov chains are taken",
    )
    if number == len(layerings):
        return chains
    chosen = np.arange(number // count) * blocks // (number // count)
    return replace(
        chains,
        layer_of=chains.layer_of[:, chosen],
        log_weights=chains.log_weights[:, chosen],
        edge=chains.edge[:, chosen],
        rounds=chains.rounds[:, chosen],
        arrivals=chains.arrivals[:, chosen],
        log_ratios=chains.log_ratios[:, chosen],
    )
