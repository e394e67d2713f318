"""Candidate parents: near the best choice there is, constraints honoured; odds of the others near the true ones."""

import functools
import itertools
import math

import numpy as np
import pytest
from exact_tables import Table
from hypothesis import given, settings
from hypothesis import strategies as st
from sampler_cases import score_table

import dag_gfn
from dag_gfn.errors import OptionError
from dag_gfn.exact.dag_dp import log_evidence
from dag_gfn.graphs.subsets import log_zeta_transform, pack, popcount, remove_bit, unpack, zeta_transform
from dag_gfn.layerings import candidates as module
from dag_gfn.layerings.candidates import MAX_CANDIDATES, choose_candidates, default_size
from dag_gfn.layerings.parent_inclusion import ParentInclusion
from dag_gfn.scores import Constraints, ScoreTable, make_prior, make_score


@functools.cache
def simulated(d, *, rows=100, seed=0, prior="uniform", max_parents=None, edges_per_node=2, beliefs=False):
    data = dag_gfn.simulate(d, rows, rng=np.random.default_rng(seed), edges_per_node=edges_per_node)
    constraints = Constraints.from_names(data.names, max_parents=max_parents)
    made = make_prior(prior, d)
    if beliefs:
        made = made.with_beliefs(np.random.default_rng(seed).uniform(0.02, 0.98, size=(d, d)))
    return ScoreTable.build(make_score("bge", data), made, constraints), data


@functools.cache
def choice(size, options):
    """Return a table of twelve columns, and the candidates chosen in it."""
    table, _ = simulated(12, **dict(options))
    return table, choose_candidates(table, size)


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
    {"beliefs": True, "seed": 4},
]
SIZES = [*((case, 6) for case in CASES), (CASES[0], 8)]
"""Each case, and another number of candidates for one of them: choosing takes most of the time."""


def inclusion_of(table):
    """Return how probable i is as a parent of v, alone and in random orders in which it comes before: ``[v, i]``."""
    d = table.d
    sets = np.arange(1 << (d - 1))
    log_within = log_zeta_transform(table.complete)
    # a set of others is what comes before in |U|! (d - 1 - |U|)! orders
    orders = np.array([math.factorial(k) * math.factorial(d - 1 - k) for k in popcount(sets)], dtype=float)
    alone, in_orders = np.zeros((2, d, d))
    for place in range(d - 1):
        has = sets >> place & 1 == 1
        others = np.array([place + (place >= v) for v in range(d)])
        share = -np.expm1(log_within[:, sets[has] ^ 1 << place] - log_within[:, has])
        alone[np.arange(d), others] = share[:, -1]
        in_orders[np.arange(d), others] = np.average(share, axis=1, weights=orders[has])
    return alone, in_orders


@pytest.mark.parametrize(("options", "size"), [*SIZES, (CASES[0], 4)], ids=str)
def test_candidates_are_the_most_probable_parents(options, size):
    table, chosen = choice(size, tuple(options.items()))
    alone, in_orders = inclusion_of(table)
    is_candidate = unpack(chosen.masks, 12)
    assert (is_candidate.sum(axis=1) == size).all()
    assert not np.diagonal(is_candidate).any()
    for v in range(12):
        sure = (alone[v] > 0.75).nonzero()[0]
        assert (alone[v] > 0.4).sum() > size or is_candidate[v, sure].all()
        left = ~is_candidate[v] & (np.arange(12) != v)
        likely = is_candidate[v] & (alone[v] < 0.4)
        assert not likely.any() or in_orders[v, likely].min() > in_orders[v, left].max() - 0.15


@pytest.mark.slow
@pytest.mark.parametrize("options", [{"rows": 1000, "seed": 1}, {"prior": "erdos_renyi"}], ids=str)
def test_dags_of_candidates_are_more_probable_than_those_of_the_best_sets_of_parents(options):
    table, chosen = choice(6, tuple(options.items()))
    within = shares_within(table)
    subsets = np.array([sum(1 << k for k in members) for members in itertools.combinations(range(11), 6)])
    best = subsets[within[:, subsets].argmax(axis=1)]

    def log_share(masks):
        complete = table.complete.copy()
        for v in range(12):
            complete[v, np.arange(1 << 11) & ~masks[v] != 0] = -np.inf
        return log_evidence(Table(complete)) - log_evidence(table)

    assert log_share(remove_bit(chosen.masks, np.arange(12))) > log_share(best) - 1.0


@pytest.mark.parametrize("options", CASES, ids=str)
def test_they_cover_more_than_the_most_correlated_columns(options):
    table, data = simulated(12, **options)
    correlation = np.abs(np.corrcoef(data.values.T))
    np.fill_diagonal(correlation, -1.0)
    nearest = np.argsort(-correlation, axis=1)[:, :6]
    by_correlation = shares_of(table, (np.int64(1) << nearest).sum(axis=1))
    found = shares_of(table, choice(6, tuple(options.items()))[1].masks)
    assert found.mean() > 1.5 * by_correlation.mean()
    assert (found >= 0.8 * by_correlation).all()


@pytest.mark.parametrize(("options", "size"), SIZES, ids=str)
def test_odds_and_the_covered_share_are_near_the_true_ones(options, size):
    table, chosen = choice(size, tuple(options.items()))
    alone, in_orders = inclusion_of(table)
    exact = 0.9 * alone + 0.1 * in_orders
    outside = chosen.log_odds > -np.inf
    np.testing.assert_array_equal(outside, ~unpack(chosen.masks, 12) & ~np.eye(12, dtype=bool))
    share = 1 / (1 + np.exp(-chosen.log_odds))
    np.testing.assert_allclose(share[outside], exact[outside].clip(1e-6, 0.9), atol=0.06)
    covered = shares_of(table, chosen.masks)
    assert np.abs(chosen.covered - covered).max() < 0.15  # as if others were independent
    assert np.abs(chosen.covered - covered).mean() < 0.04


def test_odds_lean_to_random_orders_and_candidates_follow_them(monkeypatch):
    alone = np.array([0.0, 0.7, 0.2, 0.01, 0.02, 0.1])
    in_orders = np.array([0.0, 0.1, 0.3, 0.9, 0.8, 0.4])
    known = ParentInclusion(alone, in_orders)
    monkeypatch.setattr("dag_gfn.layerings.candidates.parent_inclusion", lambda *given, **named: known)
    chosen = choose_candidates(simulated(6)[0], 3)
    assert chosen.masks[0] == 0b011010  # 1, which is likely alone, and what is likeliest in orders
    share = 1 / (1 + np.exp(-chosen.log_odds[0, [2, 5]]))
    np.testing.assert_allclose(share, [0.21, 0.13])
    assert chosen.covered[0] == pytest.approx(0.8 * 0.9)


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


@pytest.mark.slow
@settings(max_examples=5)
@given(st.integers(0, 10_000), st.integers(3, 6))
def test_required_parents_are_candidates_and_forbidden_ones_come_last(seed, size):
    rng = np.random.default_rng(seed)
    pairs = rng.permutation([(i, j) for i in range(9) for j in range(i + 1, 9)])
    required, forbidden = [], pairs[:12].tolist()
    for i, j in pairs[12:20].tolist():
        if sum(target == j for _, target in required) < 3:
            required.append((i, j))
    table = score_table(9, required=required, forbidden=forbidden, storage="lazy")
    chosen = choose_candidates(table, size)
    masks = chosen.masks
    for i, j in required:
        assert masks[j] >> i & 1
    for j in range(9):
        banned = sum(1 << i for i, target in forbidden if target == j)
        if 8 - banned.bit_count() >= size:
            assert not masks[j] & banned
        assert not pack(chosen.log_odds > -np.inf)[j] & (banned | masks[j] | 1 << j)


def test_lazy_and_complete_tables_give_the_same_candidates():
    lazy = choose_candidates(score_table(9, storage="lazy"), 4)
    complete = choose_candidates(score_table(9), 4)
    np.testing.assert_array_equal(lazy.masks, complete.masks)
    np.testing.assert_allclose(lazy.log_odds, complete.log_odds, rtol=1e-6)


@pytest.mark.parametrize("size", [8, 50])
def test_all_others_where_there_are_no_more(size):
    chosen = choose_candidates(score_table(9), size)
    assert chosen.masks.tolist() == [511 - (1 << v) for v in range(9)]
    assert (chosen.covered == 1).all()
    assert (chosen.log_odds == -np.inf).all()


def test_a_single_allowed_parent_set_is_covered():
    table = score_table(8, required=[(i, 7) for i in range(5)], max_parents=5, storage="lazy")
    assert choose_candidates(table, 5).covered[7] == 1
    with pytest.raises(OptionError, match=r"at least 5 .*'.*' has 5 required ones\), not 4"):
        choose_candidates(table, 4)


@pytest.mark.slow
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


def test_at_the_end_of_a_budget_there_are_still_candidates():
    table = score_table(30, rows=40)
    assert default_size(table, 0.0) == default_size(table, 2.0) > 12


def test_in_a_hurry_the_search_is_shorter():
    table = score_table(30, rows=40)
    whole, short = module._extent(table, module._SECONDS), module._extent(table, 1e-3)
    assert whole.core == 12
    assert whole.likely_sets > short.likely_sets == 8
    assert short.core == 8
