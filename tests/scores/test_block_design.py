"""The design of a table with categories and groups: whitened blocks, and the way back."""

import numpy as np
import pytest

from dag_gfn.errors import DataError
from dag_gfn.scores.block_design import BlockDesign


@pytest.fixture
def table(rng):
    """A category of five levels of which four occur, three collinear numbers, and three one-hot columns."""
    n = 200
    category = rng.choice([0.0, 1.0, 2.0, 4.0], size=n, p=[0.1, 0.2, 0.3, 0.4])
    numbers = rng.normal(size=(n, 3)) * [1.0, 100.0, 1.0]
    numbers[:, 2] = numbers[:, 0] - numbers[:, 1] + 5.0
    one_hot = np.eye(3)[rng.integers(0, 3, n)]
    return np.column_stack([category, numbers, one_hot])


CARDINALITIES = (5, 0, 0, 0, 0, 0, 0)
OWNED = ((0,), (1, 2, 3), (4, 5, 6))


def design_of(values, weights=None):
    return BlockDesign.from_arrays(
        values, CARDINALITIES, ("job", "climate", "site"), owned=OWNED, weights=weights
    )


@pytest.mark.parametrize("weighted", [False, True])
def test_blocks_are_whitened_over_the_seen_cells_and_lead_back(table, weighted, rng):
    weights = rng.uniform(0.5, 2.0, len(table)) if weighted else None
    table[::7, 0] = np.nan
    table[3, 2] = np.nan
    design = design_of(table, weights)
    assert design.widths.tolist() == [
        3,
        2,
        2,
    ]  # the level that never occurs and the collinear directions are left out
    assert design.owners.tolist() == [0, 0, 0, 1, 1, 2, 2]
    for block in design.blocks:
        seen = ~np.isnan(design.columns[:, block]).any(axis=1)
        share = np.ones(seen.sum()) if weights is None else weights[seen]
        z = design.columns[seen, block]
        np.testing.assert_allclose((z * share[:, None]).T @ z / share.sum(), np.eye(z.shape[1]), atol=1e-9)
        np.testing.assert_allclose(share @ z / share.sum(), 0.0, atol=1e-9)
    back = design.features()
    levels = back[~np.isnan(table[:, 0]), :5]
    np.testing.assert_allclose(levels, np.eye(5)[table[~np.isnan(table[:, 0]), 0].astype(int)], atol=1e-12)
    seen = ~np.isnan(table[:, 2])
    np.testing.assert_allclose(back[np.ix_(seen, range(5, 8))], table[seen, 1:4], atol=1e-10)
    assert np.isnan(back[3, 5:8]).all()
    np.testing.assert_allclose(back[:, 8:], table[:, 4:], atol=1e-12)


def test_a_category_has_the_thin_svd_of_its_centred_indicators_up_to_a_rotation(table):
    design = design_of(table)
    indicators = np.eye(5)[table[:, 0].astype(int)][:, [0, 1, 2, 4]]
    u = np.linalg.svd(indicators - indicators.mean(0), full_matrices=False)[0][:, :3]
    z = design.columns[:, :3]
    np.testing.assert_allclose(z @ z.T, len(table) * u @ u.T, atol=1e-9)


def test_two_levels_give_the_z_scores_of_the_codes(rng):
    codes = rng.integers(0, 2, 50).astype(float)
    design = BlockDesign.from_arrays(codes[:, None], (2,), ("sex",))
    np.testing.assert_allclose(design.columns[:, 0], (codes - codes.mean()) / codes.std(), atol=1e-12)


def test_level_vectors_are_the_points_of_the_levels(table):
    design = design_of(table)
    vectors = design.level_vectors(0)
    np.testing.assert_allclose(vectors[table[:, 0].astype(int)], design.columns[:, :3], atol=1e-12)
    assert np.isnan(vectors[3]).all()  # the level that never occurs
    with pytest.raises(ValueError, match="'climate' is not one category"):
        design.level_vectors(1)


def test_one_hot_columns_are_the_category_that_they_code(table):
    design = design_of(table)
    category = BlockDesign.from_arrays(table[:, 4:].argmax(1).astype(float)[:, None], (3,), ("site",))
    one_hot = design.columns[:, design.blocks[2]]
    np.testing.assert_allclose(one_hot @ one_hot.T, category.columns @ category.columns.T, atol=1e-9)


def test_a_number_of_its_own_stays_as_it_is(table):
    design = BlockDesign.from_arrays(table[:, 1:2], (0,), ("x",))
    np.testing.assert_array_equal(design.columns, table[:, 1:2])
    np.testing.assert_array_equal(design.features(), table[:, 1:2])


def test_integer_weights_are_repeated_rows(table, rng):
    weights = rng.integers(1, 4, len(table))
    repeated = design_of(np.repeat(table, weights, axis=0))
    weighted = design_of(table, weights.astype(float))
    np.testing.assert_allclose(weighted.feature_means, repeated.feature_means, atol=1e-12)
    for block in weighted.blocks:
        one, other = np.repeat(weighted.columns, weights, axis=0)[:, block], repeated.columns[:, block]
        np.testing.assert_allclose(one @ one.T, other @ other.T, atol=1e-9)


def test_a_constant_node_is_refused():
    with pytest.raises(DataError, match="'job' has the same value in every row in which it is seen"):
        BlockDesign.from_arrays(np.array([[1.0], [1.0], [np.nan]]), (2,), ("job",))
    with pytest.raises(DataError, match="--drop g"):
        BlockDesign.from_arrays(np.ones((4, 2)), (0, 0), ("g",), owned=((0, 1),))
