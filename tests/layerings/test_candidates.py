"""Candidate parents: near the best choice there is, constraints honoured, the covered share near the true one."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sampler_cases import score_table

import dag_gfn
from dag_gfn.errors import OptionError
from dag_gfn.layerings.candidates import MAX_CANDIDATES, choose_candidates, default_size, for_each_node
from dag_gfn.scores import Constraints, ScoreTable, make_prior, make_score
from dag_gfn.subsets import popcount, remove_bit, zeta_transform


def simulated(d, *, rows=100, seed=0, prior="uniform", max_parents=None, edges_per_node=2):
    data = dag_gfn.simulate(d, rows, rng=np.random.default_rng(seed), edges_per_node=edges_per_node)
    constraints = Constraints.from_names(data.names, max_parents=max_parents)
    return ScoreTable.build(make_score("bge", data), make_prior(prior, d), constraints), data


def shares_within(table):
    """Return the share of each node's weight within every set of others, from its complete table."""
    relative = np.exp(table.complete - table.complete.max(axis=1, keepdims=True))
    return zeta_transform(relative) / relative.sum(axis=1, keepdims=True)


def shares_of(table, masks):
    nodes = np.arange(table.d)
    return shares_within(table)[nodes, remove_bit(masks, nodes)]


CASES = [
    {},
    {"prior": "erdos_renyi"},
    {"rows": 1000, "seed": 1},
    {"max_parents": 3, "seed": 2},
    {"edges_per_node": 4, "seed": 3},
]


@pytest.mark.parametrize("options", CASES, ids=str)
@pytest.mark.parametrize("size", [4, 8])
def test_candidates_are_near_the_best_there_are(options, size):
    table, _ = simulated(12, **options)
    masks = choose_candidates(table, size).masks
    found = shares_of(table, masks)
    within = shares_within(table)
    subsets = [sum(1 << k for k in members) for members in itertools.combinations(range(11), size)]
    best = within[:, subsets].max(axis=1)
    assert (popcount(masks) == size).all()
    assert not (masks >> np.arange(12) & 1).any()
    assert (best - found).max() < 0.1  # where K is far too small, both are next to nothing
    assert size < 8 or np.mean(found / best) > 0.98


@pytest.mark.parametrize("options", CASES, ids=str)
def test_they_cover_more_than_the_most_correlated_columns(options):
    table, data = simulated(12, **options)
    correlation = np.abs(np.corrcoef(data.values.T))
    np.fill_diagonal(correlation, -1.0)
    nearest = np.argsort(-correlation, axis=1)[:, :6]
    by_correlation = shares_of(table, (np.int64(1) << nearest).sum(axis=1))
    found = shares_of(table, choose_candidates(table, 6).masks)
    assert found.mean() > 1.5 * by_correlation.mean()
    assert (found >= 0.9 * by_correlation).all()


@pytest.mark.parametrize("options", CASES, ids=str)
@pytest.mark.parametrize("size", [5, 9])
def test_the_covered_share_is_near_the_true_one(options, size):
    table, _ = simulated(12, **options)
    chosen = choose_candidates(table, size)
    exact = shares_of(table, chosen.masks)
    assert np.abs(chosen.covered - exact).max() < 0.1
    assert np.abs(chosen.covered - exact).mean() < 0.03


def test_sets_of_up_to_two_are_covered_exactly_as_estimated():
    table, _ = simulated(12, max_parents=1, seed=4)
    chosen = choose_candidates(table, 5)
    odds = 1 / shares_of(table, chosen.masks) - 1
    assert chosen.covered == pytest.approx(1 / (1 + odds), abs=0.02)


def test_parents_that_matter_only_together_are_found(rng):
    values = rng.integers(0, 2, size=(300, 14))
    values[:, 0] = values[:, 12] ^ values[:, 13] ^ (rng.random(300) < 0.05)
    data = dag_gfn.from_array(values, discrete="all")
    chosen = choose_candidates(ScoreTable.build(make_score("bdeu", data)), 3)
    assert chosen.masks[0] >> 12 & 3 == 3


def test_columns_that_stand_in_for_one_another_are_all_found(rng):
    values = rng.normal(size=(200, 14))
    values[:, 10:] = values[:, [9]] + 0.05 * rng.normal(size=(200, 4))
    values[:, 0] = values[:, 9] + values[:, 1] + 0.3 * rng.normal(size=200)
    table = ScoreTable.build(make_score("bge", dag_gfn.from_array(values).standardize()))
    chosen = choose_candidates(table, 6)
    assert chosen.masks[0] == 0b111110_00000010
    assert shares_of(table, chosen.masks)[0] == pytest.approx(chosen.covered[0], abs=0.05)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000), st.integers(3, 6))
def test_required_parents_are_candidates_and_forbidden_ones_come_last(seed, size):
    rng = np.random.default_rng(seed)
    pairs = rng.permutation([(i, j) for i in range(9) for j in range(i + 1, 9)])
    required, forbidden = [], pairs[:12].tolist()
    for i, j in pairs[12:20].tolist():
        if sum(target == j for _, target in required) < 3:
            required.append((i, j))
    table = score_table(9, required=required, forbidden=forbidden, storage="lazy")
    masks = choose_candidates(table, size).masks
    for i, j in required:
        assert masks[j] >> i & 1
    for j in range(9):
        banned = sum(1 << i for i, target in forbidden if target == j)
        if 8 - banned.bit_count() >= size:
            assert not masks[j] & banned


def test_lazy_and_complete_tables_give_the_same_candidates():
    lazy = choose_candidates(score_table(9, storage="lazy"), 4)
    complete = choose_candidates(score_table(9), 4)
    np.testing.assert_array_equal(lazy.masks, complete.masks)
    np.testing.assert_allclose(lazy.covered, complete.covered, rtol=1e-6)


@pytest.mark.parametrize("size", [8, 50])
def test_all_others_where_there_are_no_more(size):
    chosen = choose_candidates(score_table(9), size)
    assert chosen.masks.tolist() == [511 - (1 << v) for v in range(9)]
    assert (chosen.covered == 1).all()


def test_a_single_allowed_parent_set_is_covered():
    table = score_table(8, required=[(i, 7) for i in range(5)], max_parents=5, storage="lazy")
    assert choose_candidates(table, 5).covered[7] == 1
    with pytest.raises(OptionError, match=r"at least 5 .*'.*' has 5 required ones\), not 4"):
        choose_candidates(table, 4)


def test_the_highest_bit(rng):
    values = rng.normal(size=(120, 63))
    values[:, 0] += values[:, 62] + values[:, 61]
    table = ScoreTable.build(make_score("bge", dag_gfn.from_array(values).standardize()))
    masks = choose_candidates(table, 6).masks
    assert masks[0] >> 61 == 3
    assert (popcount(masks) == 6).all()


def test_the_default_goes_by_nodes_rows_and_requirements(rng):
    assert default_size(score_table(8, storage="lazy")) == 7
    assert default_size(score_table(30, rows=40)) == MAX_CANDIDATES
    required = [(i, 25) for i in range(20)]
    assert default_size(score_table(26, rows=40, required=required)) == 20

    def of_codes(rows):
        return ScoreTable.build(
            make_score("bdeu", dag_gfn.from_array(rng.integers(0, 2, (rows, 40)), discrete="all"))
        )

    assert 8 < default_size(of_codes(20_000)) < default_size(of_codes(2_000)) < MAX_CANDIDATES


def test_errors_in_a_thread_are_raised():
    assert for_each_node(lambda node: node**2, 4) == [0, 1, 4, 9]
    with pytest.raises(ZeroDivisionError):
        for_each_node(lambda node: 1 // node, 3)
