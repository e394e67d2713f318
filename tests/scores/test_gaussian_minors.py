"""Principal minors against NumPy's determinants."""

import numpy as np
import pytest

from dag_gfn.scores import gaussian_minors
from dag_gfn.scores.gaussian_minors import all_log_minors, family_log_minors


@pytest.mark.parametrize("d", [1, 2, 5])
def test_minors_equal_determinants(d, rng):
    root = rng.normal(size=(d + 2, d)) * 10.0 ** rng.integers(-3, 4, size=d)
    matrix = root.T @ root
    scaled, diagonal = all_log_minors(matrix)
    for mask in range(1 << d):
        members = [i for i in range(d) if mask >> i & 1]
        expected = np.linalg.slogdet(matrix[np.ix_(members, members)])[1]
        assert scaled[mask] + diagonal[mask] == pytest.approx(expected, rel=1e-10, abs=1e-10)
        for node in set(range(d)) - set(members):
            log_minor, log_variance = family_log_minors(matrix, node, np.array([mask]))
            larger = np.linalg.slogdet(matrix[np.ix_([*members, node], [*members, node])])[1]
            assert log_minor[0] == pytest.approx(expected, rel=1e-10, abs=1e-10)
            assert log_variance[0] == pytest.approx(larger - expected, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("widths", [(1, 1, 1), (3, 1, 2, 1), (1, 2, 4), (5,), (2, 2, 2)])
@pytest.mark.parametrize("batch_bytes", [1 << 26, 100])  # 100: the batch is worked off in halves
@pytest.mark.parametrize("shifted", [False, True])
def test_minors_over_blocks_equal_determinants(widths, batch_bytes, shifted, rng, monkeypatch):
    monkeypatch.setattr(gaussian_minors, "_BATCH_BYTES", batch_bytes)
    size, d = sum(widths), len(widths)
    values = rng.normal(size=(40, size))
    matrix, shift = values.T @ values, 3.0 * rng.normal(size=size) if shifted else None
    whole = matrix if shift is None else matrix + np.outer(shift, shift)
    stops = np.cumsum(widths)
    scaled, diagonal = all_log_minors(matrix, shift, np.array(widths))
    log_minors = np.zeros(1 << d)
    for mask in range(1, 1 << d):
        columns = [c for i in range(d) if mask >> i & 1 for c in range(stops[i] - widths[i], stops[i])]
        log_minors[mask] = np.linalg.slogdet(whole[np.ix_(columns, columns)])[1]
    np.testing.assert_allclose(scaled + diagonal, log_minors, rtol=1e-11, atol=1e-11)
    for node in range(d):
        masks = np.array([m for m in range(1 << d) if not m >> node & 1])
        log_minor, log_variance = family_log_minors(matrix, node, masks, shift, np.array(widths))
        np.testing.assert_allclose(log_minor, log_minors[masks], rtol=1e-11, atol=1e-11)
        expected = log_minors[masks | 1 << node] - log_minors[masks]
        np.testing.assert_allclose(log_variance, expected, rtol=1e-10, atol=1e-10)
