import io
from dataclasses import replace

import numpy as np
import pytest

from dag_gfn.data import from_array, sufficient_statistics


def through_npz(statistics):
    buffer = io.BytesIO()
    np.savez(buffer, **statistics)
    buffer.seek(0)
    with np.load(buffer, allow_pickle=False) as loaded:
        return {key: loaded[key] for key in loaded.files}


@pytest.fixture
def mask(rng):
    mask = rng.random((30, 3)) < 0.3
    mask[:, 2] = True  # never observed undisturbed
    return mask


def test_continuous_without_interventions(rng):
    values = rng.normal(size=(30, 3)) * [1, 10, 0.1] + [0, 5, 100]
    found = through_npz(sufficient_statistics(from_array(values)))
    assert found["num_rows"].tolist() == [30, 30, 30]
    np.testing.assert_allclose(found["column_means"], values.mean(axis=0))
    np.testing.assert_allclose(found["scatter"], 30 * np.cov(values, rowvar=False, ddof=0))
    assert (found["means"] == 0).all()
    assert (found["scales"] == 1).all()


def test_standardized_statistics_lead_back_to_the_raw_ones(rng):
    values = rng.normal(size=(30, 2)) * [1, 10] + [0, 5]
    found = sufficient_statistics(from_array(values).standardize())
    np.testing.assert_allclose(np.diag(found["scatter"]), 30)
    raw = found["scatter"] * np.outer(found["scales"], found["scales"])
    np.testing.assert_allclose(raw, 30 * np.cov(values, rowvar=False, ddof=0))


def test_continuous_with_interventions_row_by_row(rng, mask):
    values = rng.normal(size=(30, 3))
    found = through_npz(sufficient_statistics(from_array(values, intervened=mask)))
    for j in range(2):
        rows = [row for row, set_by_us in zip(values, mask[:, j], strict=True) if not set_by_us]
        mean = sum(rows) / len(rows)
        assert found["num_rows"][j] == len(rows)
        np.testing.assert_allclose(found["column_means"][j], mean)
        np.testing.assert_allclose(found["scatter"][j], sum(np.outer(row - mean, row - mean) for row in rows))
    assert found["num_rows"][2] == 0
    assert not found["scatter"][2].any()
    assert not found["column_means"][2].any()


def test_discrete_counts_rebuild_the_table(rng):
    codes = np.stack([rng.integers(r, size=200) for r in (2, 3)], axis=1)
    data = from_array(codes, discrete="all")
    found = through_npz(sufficient_statistics(data))
    rebuilt = np.repeat(found["rows"], found["counts"], axis=0)
    np.testing.assert_array_equal(rebuilt, codes[np.lexsort(codes.T[::-1])])
    assert len(np.unique(found["rows"], axis=0)) == len(found["rows"])
    assert found["cardinalities"].tolist() == [2, 3]
    assert found["states"].tolist() == [["0", "1", ""], ["0", "1", "2"]]
    assert found["num_rows"].tolist() == [200, 200]


def test_discrete_counts_with_interventions_row_by_row(rng, mask):
    codes = rng.integers(2, size=(30, 3))
    found = through_npz(sufficient_statistics(from_array(codes, discrete="all", intervened=mask)))
    for j in range(3):
        for row, count in zip(found["rows"], found["counts"][j], strict=True):
            observed = [t for t in range(30) if (codes[t] == row).all() and not mask[t, j]]
            assert count == len(observed)
    assert found["counts"].shape == (3, len(found["rows"]))
    assert found["counts"].sum(axis=1).tolist() == found["num_rows"].tolist()


@pytest.mark.parametrize("kind", ["continuous", "discrete"])
@pytest.mark.parametrize("with_mask", [False, True])
def test_integer_weights_are_repeated_rows(kind, with_mask, rng, mask):
    codes, weights = rng.integers(2, size=(30, 3)), rng.integers(1, 4, 30)
    values, discrete = (rng.normal(size=(30, 3)) + 5, ()) if kind == "continuous" else (codes, "all")
    data = from_array(values, discrete=discrete, intervened=mask if with_mask else None)
    repeated = from_array(
        np.repeat(values, weights, axis=0),
        discrete=discrete,
        intervened=np.repeat(mask, weights, axis=0) if with_mask else None,
    )
    found = through_npz(sufficient_statistics(replace(data, weights=weights.astype(float))))
    expected = sufficient_statistics(repeated)
    assert found.keys() == expected.keys()
    for name in found.keys() - {"states"}:
        np.testing.assert_allclose(found[name], expected[name], rtol=1e-12, atol=1e-12)
