"""The block BGe score against the matrix formula, BGe and BDeu."""

import itertools

import numpy as np
import oracles
import pytest
from score_data import (
    continuous,
    correlated,
    dependent_codes,
    discrete,
    families,
    graph_score,
    random_dag,
    reverse_covered_edges,
    score_family,
)

from dag_gfn.errors import OptionError
from dag_gfn.graphs.subsets import parent_sets
from dag_gfn.scores import BDeu, BGe, BlockBGe
from dag_gfn.scores.block_design import BlockDesign
from dag_gfn.scores.moments import Moments

CARDINALITIES = (3, 0, 2, 0, 5)


def mixed_table(rng, n, cardinalities=CARDINALITIES):
    """Columns of which the later ones depend on the earlier ones; categories are cut from numbers."""
    d = len(cardinalities)
    values = rng.normal(size=(n, d)) @ np.triu(rng.normal(size=(d, d)))
    for j, r in enumerate(cardinalities):
        if r:
            cuts = np.quantile(values[:, j], np.arange(1, r) / r)
            values[:, j] = np.searchsorted(cuts, values[:, j])
        else:
            values[:, j] = (values[:, j] - values[:, j].mean()) / values[:, j].std()
    return values


def block_score(values, cardinalities=CARDINALITIES, weights=None, **options):
    names = tuple(f"x{j}" for j in range(len(cardinalities)))
    return BlockBGe.from_design(
        BlockDesign.from_arrays(values, cardinalities, names, weights=weights), **options
    )


def by_the_formula(columns, blocks, node, parents, **options):
    own, others = blocks[node], [c for p in parents for c in blocks[p]]
    return oracles.block_log_marginal(columns, [*others, *own], **options) - oracles.block_log_marginal(
        columns, others, **options
    )


def columns_by_svd(values, cardinalities):
    """The design with blocks from the SVD of indicators, and the columns of each node."""
    parts = [
        oracles.whitened_indicators(values[:, j]) if r else values[:, j : j + 1]
        for j, r in enumerate(cardinalities)
    ]
    stops = np.cumsum([part.shape[1] for part in parts])
    return np.hstack(parts), [list(range(s - p.shape[1], s)) for s, p in zip(stops, parts, strict=True)]


@pytest.mark.parametrize("options", [{}, {"alpha_mu": 0.4, "alpha_w": 12.5}])
def test_equals_the_matrix_formula_on_indicators_whitened_by_svd(options, rng):
    values = mixed_table(rng, 60)
    score = block_score(values, **options)
    columns, blocks = columns_by_svd(values, CARDINALITIES)
    for node, parents in families(5):
        expected = by_the_formula(columns, blocks, node, parents, **options)
        assert score_family(score, node, parents) == pytest.approx(expected, rel=1e-10, abs=1e-9)


def test_complete_table_and_candidates_agree_with_single_families(rng):
    score = block_score(mixed_table(rng, 60))
    table = score.complete_table()
    for node in range(5):
        sets = parent_sets(node, 5)
        np.testing.assert_allclose(score.local_scores(node, sets), table[node], rtol=1e-11)
        np.testing.assert_allclose(score.scores_within(node, int(sets[-1])), table[node], rtol=1e-11)
        few = int(sets[5])
        within = [s for s in sets if s & ~few == 0]
        np.testing.assert_allclose(
            score.scores_within(node, few), score.local_scores(node, np.array(within)), rtol=1e-11
        )


def test_where_every_node_owns_one_column_it_is_bge_to_the_last_digit(rng):
    values = correlated(rng, 50, 6)
    was_set = rng.random((50, 6)) < 0.2
    for data in (continuous(values).standardize(), continuous(values), continuous(values, was_set)):
        block, bge = BlockBGe(data, alpha_mu=0.7, alpha_w=9.5), BGe(data, alpha_mu=0.7, alpha_w=9.5)
        np.testing.assert_array_equal(block.complete_table(), bge.complete_table())
        for node in range(6):
            sets = parent_sets(node, 6)
            np.testing.assert_array_equal(block.local_scores(node, sets), bge.local_scores(node, sets))
            np.testing.assert_array_equal(
                block.scores_within(node, int(sets[-2])), bge.scores_within(node, int(sets[-2]))
            )


def test_binary_categories_are_bge_of_their_z_scores(rng):
    codes = dependent_codes(rng, 80, (2, 2, 2))
    block = block_score(codes.astype(float), (2, 2, 2)).complete_table()
    np.testing.assert_allclose(block, BGe(continuous(codes).standardize()).complete_table(), rtol=1e-11)


def test_markov_equivalent_graphs_score_equally(rng):
    score = block_score(mixed_table(rng, 100))
    for _ in range(20):
        graph = random_dag(rng, 5, 0.5)
        other = reverse_covered_edges(graph, rng, steps=20)
        assert graph_score(score, other) == pytest.approx(graph_score(score, graph), abs=1e-9)


def test_the_coding_of_the_levels_does_not_matter(rng):
    values = mixed_table(rng, 100)
    table = block_score(values).complete_table()
    for order in itertools.islice(itertools.permutations(range(5)), 1, 120, 17):
        recoded = values.copy()
        recoded[:, 4] = np.array(order)[values[:, 4].astype(int)]
        np.testing.assert_allclose(block_score(recoded).complete_table(), table, atol=1e-9)
    unseen = block_score(values, (3, 0, 2, 0, 9))  # levels that are declared and never occur
    np.testing.assert_allclose(unseen.complete_table(), table, atol=1e-9)


def test_groups_are_one_node_and_their_units_do_not_matter(rng):
    values = mixed_table(rng, 100)
    numbers, owned = np.column_stack([values, rng.normal(size=(100, 1))]), ((0,), (1, 3, 5), (2,), (4,))
    names, cardinalities = ("a", "climate", "b", "c"), (*CARDINALITIES, 0)
    score = BlockBGe.from_design(BlockDesign.from_arrays(numbers, cardinalities, names, owned=owned))
    assert score.names == names
    assert score.widths.tolist() == [2, 3, 1, 4]
    other = numbers.copy()
    other[:, 1], other[:, 3] = 40.0 * numbers[:, 1] - numbers[:, 5] + 3.0, 0.01 * numbers[:, 3]
    again = BlockBGe.from_design(BlockDesign.from_arrays(other, cardinalities, names, owned=owned))
    np.testing.assert_allclose(again.complete_table(), score.complete_table(), atol=1e-9)


def test_rows_in_which_a_node_was_set_do_not_count_for_it(rng):
    values = mixed_table(rng, 60)
    was_set = np.zeros((60, 5), dtype=bool)
    was_set[::3, 0] = was_set[:, 2] = True
    names = tuple("abcde")
    design = BlockDesign.from_arrays(values, CARDINALITIES, names).replace(intervened=was_set)
    score = BlockBGe.from_design(design)
    alone = BlockBGe.from_design(design.replace(intervened=None, columns=design.columns[~was_set[:, 0]]))
    whole = BlockBGe.from_design(design.replace(intervened=None))
    np.testing.assert_allclose(score.complete_table()[0], alone.complete_table()[0], rtol=1e-11)
    np.testing.assert_allclose(score.complete_table()[1], whole.complete_table()[1], rtol=1e-11)
    np.testing.assert_allclose(score.complete_table()[2], 0.0, atol=1e-12)  # no row is left
    assert score.has_interventions
    assert not whole.has_interventions


def test_moments_say_all_that_the_columns_do(rng):
    score = block_score(mixed_table(rng, 60))
    other = BlockBGe.from_moments([Moments.of(score.design.columns)], score.widths, score.names)
    np.testing.assert_array_equal(other.complete_table(), score.complete_table())
    assert other.doubts() == []
    with pytest.raises(ValueError, match="made of moments"):
        other.statistics()


def test_integer_weights_are_repeated_rows(rng):
    values, weights = mixed_table(rng, 60), rng.integers(1, 4, 60)
    repeated = block_score(np.repeat(values, weights, axis=0)).complete_table()
    weighted = block_score(values, weights=weights.astype(float)).complete_table()
    np.testing.assert_allclose(weighted, repeated, rtol=1e-9)


def test_raw_columns_far_from_the_prior_are_named(rng):
    values = mixed_table(rng, 60)
    assert block_score(values).doubts() == []
    values[:, 1] += 100.0
    (doubt,) = block_score(values).doubts()
    assert doubt.code == "prior_of_raw_columns"
    assert "'x1' (mean 1e+02" in doubt.warning
    assert "'x0'" not in doubt.warning


def test_alpha_w_is_compared_with_the_number_of_columns(rng):
    values = mixed_table(rng, 60)  # D = 2 + 1 + 1 + 1 + 4
    assert block_score(values).hyperparameters == {"alpha_mu": 1.0, "alpha_w": 11.0}
    with pytest.raises(OptionError, match="alpha_w must be more than D \\+ 1 = 10, not 8"):
        block_score(values, alpha_w=8)


@pytest.mark.slow
@pytest.mark.parametrize(("r", "s"), [(2, 2), (3, 3), (4, 4), (2, 4)])
def test_bayes_factors_of_pairs_go_with_those_of_bdeu(r, s, rng):
    """Where a link is in doubt both scores rise together. They part where the dependence is beyond doubt."""

    def log_bayes_factors(strength, pairs):
        found = np.empty((pairs, 2))
        for k in range(pairs):
            codes = rng.integers(0, [r, s], size=(300, 2))
            follow = rng.random(300) < strength * rng.random()
            codes[follow, 1] = codes[follow, 0] % s
            block = block_score(codes.astype(float), (r, s))
            for column, score in enumerate((block, BDeu(discrete(codes, (r, s))))):
                found[k, column] = np.diff(score.local_scores(1, np.array([0b00, 0b01])))[0]
        return found

    moderate = log_bayes_factors(0.3, 400)
    assert np.corrcoef(moderate.T)[0, 1] >= 0.998
    clear = (np.abs(moderate) > 5.0).all(axis=1)
    assert clear.sum() > 50
    assert (np.sign(moderate[clear, 0]) == np.sign(moderate[clear, 1])).all()
    independent = log_bayes_factors(0.0, 400)
    assert (independent[:, 0] > 0).mean() <= 0.01
