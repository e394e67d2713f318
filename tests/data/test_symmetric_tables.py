import numpy as np
import pytest

from dag_gfn.data import data_warnings, from_array
from dag_gfn.data.symmetric_tables import symmetric_sentence

S = np.cov(np.random.default_rng(0).normal(size=(4, 30)) * [[1], [1e4], [1e-4], [1]])


@pytest.mark.parametrize(
    "matrix", [S, np.round(S, 9), np.corrcoef(np.random.default_rng(1).normal(size=(3, 9)))]
)
def test_matrices_are_found_also_after_standardizing(matrix):
    data = from_array(matrix)
    assert "--covariance" in symmetric_sentence(data)
    assert symmetric_sentence(data.standardize()) == symmetric_sentence(data)
    assert symmetric_sentence(data) in data_warnings(data)


@pytest.mark.parametrize("matrix", [S[:3], S[:, :3], S + np.triu(np.full((4, 4), 1e-3)), -S, S[:2, :2]])
def test_other_tables_are_not(matrix):
    assert symmetric_sentence(from_array(matrix)) == ""
