"""Principal minors against NumPy's determinants."""

import numpy as np
import pytest

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
