import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from dag_gfn.exact.parent_sets import ParentSetSampler, parent_set_probabilities, without_bit
from dag_gfn.exact.scaled import scaled_weights, sum_over_subsets
from dag_gfn.graphs.subsets import remove_bit


def weights_within(log_weights):
    """Return mantissas and exponents of the weight of all sets within each set, as the recursion has them."""
    mantissas, exponents, _ = scaled_weights(log_weights)
    sum_over_subsets(mantissas, exponents)
    return mantissas, exponents.astype(np.int32)


def random_log_weights(seed, sets, *, scale, forbidden):
    rng = np.random.default_rng(seed)
    log_weights = scale * rng.normal(size=sets)
    log_weights[rng.random(sets) < forbidden] = -np.inf
    log_weights[0] = 0.0
    return log_weights


@settings(max_examples=40)
@given(
    bits=st.integers(0, 5),
    seed=st.integers(0, 2**32 - 1),
    scale=st.sampled_from([0.0, 1.0, 30.0, 3000.0]),
    forbidden=st.sampled_from([0.0, 0.5]),
)
def test_probabilities_are_those_of_the_definition(bits, seed, scale, forbidden):
    """Choose S with probability p(S), then T within S by weight; in 50 digits, one pair of sets at a time."""
    sets = 1 << bits
    log_weights = random_log_weights(seed, sets, scale=scale, forbidden=forbidden)
    within = np.random.default_rng(seed + 1).dirichlet(np.ones(sets))
    with mpmath.workdps(50):
        weight = [mpmath.exp(mpmath.mpf(x)) if x > -np.inf else mpmath.mpf(0) for x in log_weights.tolist()]
        expected = np.zeros(sets)
        for chosen_within in range(sets):
            inside = [t for t in range(sets) if t & ~chosen_within == 0]
            total = mpmath.fsum(weight[t] for t in inside)
            for t in inside:
                expected[t] += float(within[chosen_within] * weight[t] / total)
    chosen = parent_set_probabilities(within, log_weights, *weights_within(log_weights))
    np.testing.assert_allclose(chosen, expected, rtol=1e-10, atol=1e-14)
    assert chosen.sum() == pytest.approx(1, abs=1e-12)


def test_no_probability_on_sets_without_weight():
    """A set S none of whose subsets is allowed cannot have been chosen; p(S) = 0 there and nothing is nan."""
    log_weights = np.array([-np.inf, 0.0, -np.inf, 1.0])  # the first other node is a required parent
    within = np.array([0.0, 0.25, 0.0, 0.75])
    chosen = parent_set_probabilities(within, log_weights, *weights_within(log_weights))
    both = 0.75 * np.e / (1 + np.e)
    np.testing.assert_allclose(chosen, [0.0, 1 - both, 0.0, both], atol=1e-15)


@given(mask=st.integers(0, 2**20 - 1), v=st.integers(0, 19))
@settings(max_examples=50)
def test_indices_are_those_of_the_table(mask, v):
    assert without_bit(mask, v) == remove_bit(np.array(mask), v)


def sampler(log_weights):
    exponents = np.stack([weights_within(row)[1] for row in log_weights])
    return ParentSetSampler(log_weights, exponents)


@pytest.mark.parametrize("scale", [0.0, 1.0, 2000.0])
@pytest.mark.parametrize("excluded", [-1, 0b0000, 0b0110])
def test_frequency_of_every_parent_set(rng, scale, excluded):
    """Node 3 of five, parents among 0, 1, 2 and 4 but, where something is excluded, not all within it."""
    draws, d, node, within = 20_000, 5, 3, 0b10111
    log_weights = np.stack(
        [random_log_weights(j, 1 << (d - 1), scale=scale, forbidden=0.2) for j in range(d)]
    )
    log_weights[node, 0b1000] = 0.0  # that node 4 is the only parent is allowed in any case
    possible = [m for m in range(1 << d) if m & ~within == 0 and (excluded < 0 or m & ~excluded)]
    indices = remove_bit(np.array(possible), node)
    expected = np.exp(log_weights[node, indices] - np.logaddexp.reduce(log_weights[node, indices]))
    parents, log_chosen = sampler(log_weights).draw(
        *(np.full(draws, value) for value in (node, within, excluded)), rng.random(draws)
    )
    counts = np.array([(parents == m).sum() for m in possible])
    assert counts.sum() == draws
    level = 1e-4 / len(possible) / 2
    assert (stats.binom.cdf(counts, draws, expected) > level).all()
    assert (stats.binom.sf(counts - 1, draws, expected) > level).all()
    at = {m: k for k, m in enumerate(possible)}
    np.testing.assert_allclose(np.exp(log_chosen), expected[[at[m] for m in parents.tolist()]], rtol=1e-9)


def test_draws_of_a_batch_do_not_depend_on_each_other(rng):
    d, k = 6, 300
    log_weights = rng.normal(size=(d, 1 << (d - 1)))
    node = rng.integers(0, d, size=k)
    others = np.array([rng.permutation(np.delete(np.arange(d), j))[:3] for j in node])
    within = (1 << others).sum(axis=1)
    excluded = np.where(rng.random(k) < 0.5, -1, 1 << others[:, 0])
    uniform = rng.random(k)
    of_tables = sampler(log_weights)
    parents, log_chosen = of_tables.draw(node, within, excluded, uniform)
    for s in range(k):
        one = slice(s, s + 1)
        alone, log_alone = of_tables.draw(node[one], within[one], excluded[one], uniform[one])
        assert alone[0] == parents[s]
        assert log_alone[0] == log_chosen[s]
    assert of_tables.draw(*(x[:0] for x in (node, within, excluded, uniform)))[0].shape == (0,)


def test_the_largest_uniform_number_still_gives_a_set_with_weight():
    log_weights = np.array([[0.0, -np.inf], [0.0, -np.inf]])
    one = np.ones(1, dtype=np.int64)
    parents, log_chosen = sampler(log_weights).draw(0 * one, 2 * one, -one, np.array([np.nextafter(1, 0)]))
    assert parents.tolist() == [0]
    assert log_chosen.tolist() == [0.0]
