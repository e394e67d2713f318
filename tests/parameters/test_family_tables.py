import numpy as np
import pytest
from scipy import stats

from dag_gfn.parameters import family_tables as module
from dag_gfn.parameters.family_tables import MAX_RARE, SMALL, FamilyTables


def family(shape, pseudo_count, counts):
    """Return the tables of a family with these counts by (configuration, state)."""
    cells = sorted((c * shape[-1] + state, n) for (c, state), n in counts.items())
    return FamilyTables(
        shape, pseudo_count, np.array([cell for cell, _ in cells]), np.array([float(n) for _, n in cells])
    )


def test_small_tables_are_dirichlet(rng):
    tables = family((2, 3), 0.5, {(0, 1): 2, (0, 2): 3})
    assert not tables.is_sparse
    np.testing.assert_allclose(tables.concentrations(), [[0.5, 2.5, 3.5], [0.5] * 3])
    np.testing.assert_allclose(tables.expected(), tables.concentrations() / [[6.5], [1.5]])
    drawn = tables.sample(4000, rng)  # the node's states first
    np.testing.assert_allclose(drawn.sum(axis=1), 1.0)
    for c, row in enumerate(tables.concentrations()):
        for x, a in enumerate(row):
            assert stats.kstest(drawn[:, x, c], stats.beta(a, row.sum() - a).cdf).pvalue > 0.001


@pytest.mark.parametrize("sparse", [True, False])
def test_tiny_concentrations_put_all_on_one_state(rng, monkeypatch, sparse):
    if not sparse:
        monkeypatch.setattr(module, "MAX_RARE", -1.0)
    drawn = FamilyTables((3,), 1e-5, np.array([], dtype=np.int64), np.array([])).sample(4000, rng)
    assert np.isfinite(drawn).all()
    assert (drawn.max(axis=1) > 0.999).mean() > 0.99
    shares = np.bincount(drawn.argmax(axis=1), minlength=3) / 4000
    assert (abs(shares - 1 / 3) < 4 * np.sqrt(2 / 9 / 4000)).all()


@pytest.mark.parametrize("r", [2, 4])
def test_sparse_tables_have_the_moments_of_the_dirichlet_distribution(rng, r):
    a = MAX_RARE / SMALL / r  # as large as the short way allows: most configurations beside the sure ones
    tables = family((10, 20, r), a, {(3, 0): 1, (3, 1): 4, (150, 1): 2})
    assert tables.is_sparse
    drawn = tables.sample(5000, rng).reshape(5000, r, 200)
    np.testing.assert_allclose(drawn.sum(axis=1), 1.0)
    concentrations = tables.concentrations().reshape(200, r).T
    total = concentrations.sum(axis=0)
    mean = concentrations / total
    variance = mean * (1 - mean) / (total + 1)

    def agrees(samples, expected):
        error = samples.std(axis=0) / np.sqrt(len(samples))
        assert (np.abs(samples.mean(axis=0) - expected) < 5 * error + 1e-12).all()

    agrees(drawn[:, :2, [3, 150]], mean[:2, [3, 150]])
    unseen = np.delete(np.arange(200), [3, 150])
    agrees(drawn[:, :, unseen].transpose(0, 2, 1).reshape(-1, r), np.full(r, 1 / r))
    # how far from sure: the mean of 1 - sum of squares, all configurations without data taken together
    unsure = 1.0 - (drawn**2).sum(axis=1)
    expected = 1.0 - (variance + mean**2).sum(axis=0)
    agrees(unsure[:, unseen].reshape(-1), expected[unseen[0]])
    agrees(unsure[:, 3], expected[3])
    # a cell without data beside one that has some
    agrees(drawn[:, 0, 150], mean[0, 150])
    assert (drawn[:, 0, 150] > 0.0).any()


def test_rows_alone_are_drawn_as_whole_tables_are(rng):
    tables = family((100, 3), 1e-5, {(7, 2): 50, (7, 0): 50, (9, 1): 1})
    assert tables.is_sparse
    rows = np.stack([tables.sample_rows(np.array([9, 50, 7]), rng) for _ in range(400)])
    np.testing.assert_allclose(rows.sum(axis=-1), 1.0)
    assert stats.kstest(rows[:, 2, 0], stats.beta(50, 50).cdf).pvalue > 0.001
    np.testing.assert_allclose(rows[:, 0, 1], 1.0, atol=1e-3)
    assert set(rows[:, 1].argmax(axis=1)) == {0, 1, 2}
    np.testing.assert_allclose(
        tables.expected_rows(np.array([9, 50, 7])), tables.expected()[[9, 50, 7]], rtol=1e-12
    )
