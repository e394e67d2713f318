"""A sampler beside chains: weights by hand, and when both are said to agree."""

import math

import numpy as np
import pytest
from layering_cases import chains_of, uniform_sampler
from layering_oracles import all_layered_dags, layer_numbers, uniform_probability
from sampler_cases import log_reward, score_table

from dag_gfn.gflownet.layers.comparison import ChainComparison
from dag_gfn.gflownet.sampling.importance import ImportanceEstimate
from dag_gfn.layerings.pooled_draws import PooledLayerings
from dag_gfn.layerings.weighted_draws import WeightedLayerings
from dag_gfn.posterior.diagnostic_parts import Agreement

AGREEMENT = Agreement(chains=4, max_r_hat=1.0, min_effective_draws=300.0, chains_agree=True)


@pytest.fixture(scope="module")
def by_hand():
    """The layerings of three nodes as numbers, log of the sum of R over the DAGs of each, log of its probability."""
    reward = log_reward(score_table(3))
    sums = {}
    for layers, dag in all_layered_dags(3):
        sums[layers] = sums.get(layers, 0.0) + math.exp(reward(dag))
    numbers = np.array([layer_numbers(layers) for layers in sums])
    return numbers, np.log(list(sums.values())), np.log([uniform_probability(layers) for layers in sums])


def test_chains_are_weighed_by_the_samplers_own_probabilities(by_hand, rng):
    numbers, log_rewards, log_p = by_hand
    evidence = np.logaddexp.reduce(log_rewards)
    chosen = rng.choice(len(numbers), (4, 500), p=np.exp(log_rewards - evidence))
    sampler, shares = uniform_sampler(score_table(3)), []
    compared = ChainComparison.of(
        sampler,
        sampler.layerings(2_000, seed=0),
        chains_of(numbers[chosen], log_rewards[chosen]),
        AGREEMENT,
        on_share=shares.append,
    )
    log_weights = (log_rewards - log_p)[chosen]
    np.testing.assert_allclose(compared.pooled.chain_log_weights, log_weights, atol=1e-4)
    assert compared.log_z_upper == pytest.approx(log_weights.mean(), abs=1e-4)
    assert compared.log_z_upper > evidence
    assert compared.pooled.effective_chain_draws == 300.0
    estimate = compared.pooled.estimate
    assert abs(estimate.log_z - evidence) < 5 * estimate.standard_error
    assert shares[-1] == 1.0
    against = compared.against(
        ImportanceEstimate(ess=0.5, log_z_lower=evidence, log_z=evidence, standard_error=0.01)
    )
    assert against.agrees_with_chains
    assert against.chain_iterations == 2_000
    assert against.log_z_with_chains == estimate.log_z
    worst = max(log_weights[c].mean() for c in range(4)) - estimate.log_z
    assert against.worst_chain_gap == pytest.approx(worst, abs=1e-4)
    assert 0 < against.share_of_chains < 1


def test_an_unknown_worth_of_chains_limits_nothing(by_hand):
    numbers, log_rewards, _ = by_hand
    sampler = uniform_sampler(score_table(3))
    compared = ChainComparison.of(
        sampler,
        sampler.layerings(50, seed=0),
        chains_of(np.tile(numbers, (2, 1, 1)), np.tile(log_rewards, (2, 1))),
        Agreement(chains=2, max_r_hat=None, min_effective_draws=None, chains_agree=False),
    )
    assert compared.pooled.effective_chain_draws == math.inf


def comparison(rng, *, apart=0.0):
    """Return draws and chains of weights near e^-3, the chains' larger by a factor e^apart."""
    own = WeightedLayerings(
        np.zeros((800, 2), dtype=np.int64), np.zeros(800), rng.normal(-3.0, 0.3, size=800)
    )
    chain_log_weights = rng.normal(-3.0 + apart, 0.3, size=(4, 200))
    pooled = PooledLayerings.of(
        own, np.zeros((4, 200, 2), dtype=np.int16), np.zeros((4, 200)), chain_log_weights
    )
    return ChainComparison(pooled, AGREEMENT, 4_000)


@pytest.mark.parametrize("sign", [-1, 1])
@pytest.mark.parametrize(("share", "agrees"), [(0.0, True), (0.95, True), (1.05, False), (3.0, False)])
def test_evidences_agree_within_their_errors_and_a_twentieth_of_the_mass(share, agrees, sign, rng):
    compared, error = comparison(rng), 0.1
    estimate = compared.pooled.estimate
    tolerated = math.log(1 / 0.95) + 3 * (estimate.standard_error + error)
    log_z = estimate.log_z - sign * share * tolerated
    own = ImportanceEstimate(ess=0.5, log_z_lower=log_z - 1, log_z=log_z, standard_error=error)
    assert compared.against(own).agrees_with_chains is agrees


def test_without_overlap_nothing_agrees_and_the_evidence_is_not_known(rng):
    compared = comparison(rng, apart=100.0)
    log_z = compared.pooled.estimate.log_z
    own = ImportanceEstimate(ess=0.5, log_z_lower=log_z, log_z=log_z, standard_error=0.0)
    against = compared.against(own)
    assert against.agrees_with_chains is False
    assert against.log_z_with_chains is against.log_z_with_chains_standard_error is None
