"""Independence within strata, against scipy, and what a node reaches."""

import numpy as np
from scipy.stats import chi2_contingency

from dag_gfn.criticism.state_checks import configurations, descendants, independence


def test_one_stratum_is_pearsons_chi_squared(rng):
    a, b = rng.integers(0, 3, size=400), rng.integers(0, 2, size=400)
    table = np.zeros((3, 2))
    np.add.at(table, (a, b), 1)
    expected = chi2_contingency(table, correction=False)
    found = independence(a, b, np.zeros(400, dtype=np.int64))
    np.testing.assert_allclose(found.size, np.sqrt(expected.statistic / 400))


def test_a_common_cause_explains_a_pair(rng):
    cause = rng.integers(0, 2, size=2000)
    a, b = (np.where(rng.random(2000) < 0.8, cause, 1 - cause) for _ in range(2))
    assert independence(a, b, np.zeros(2000, dtype=np.int64)).z > 5
    assert abs(independence(a, b, cause).z) < 3


def test_strata_with_few_rows_do_not_count(rng):
    codes = rng.integers(0, 2, size=20)
    assert independence(codes, codes, np.arange(20)) is None


def test_descendants_of_a_chain():
    graph = np.zeros((4, 4), dtype=bool)
    graph[0, 1] = graph[1, 2] = True
    assert descendants(graph, 0).tolist() == [True, True, True, False]


def test_configurations_tell_rows_apart():
    assert configurations(np.zeros((3, 0))).tolist() == [0, 0, 0]
    assert len(set(configurations(np.array([[0.0, 1], [1, 0], [1, 1]])).tolist())) == 3
