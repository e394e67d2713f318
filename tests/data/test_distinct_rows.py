from collections import Counter

import numpy as np
import pytest

from dag_gfn.data import distinct_rows as module
from dag_gfn.data.dataset import Dataset
from dag_gfn.data.distinct_rows import distinct_rows


@pytest.mark.parametrize(
    ("cardinalities", "limits"),
    [
        ((2, 3, 4), {}),  # tallied
        ((2, 3, 4), {"DENSE_CELLS": 1}),  # sorted
        ((7,) * 40, {}),  # far more joint states than can be numbered
        ((2, 3, 4, 2, 5), {"DENSE_CELLS": 1, "MAX_CODE": 11 * 300}),  # ranks take the place of joint states
    ],
)
@pytest.mark.parametrize("n", [0, 1, 300])
def test_distinct_rows_equal_a_counter(rng, monkeypatch, cardinalities, limits, n):
    for name, value in limits.items():
        monkeypatch.setattr(module, name, value)
    codes = rng.integers(0, cardinalities, size=(n, len(cardinalities)))
    codes = codes[rng.integers(0, max(n // 3, 1), size=n)] if n else codes
    rows, row_of, counts = distinct_rows(codes.astype(float), cardinalities)
    expected = sorted(Counter(map(tuple, codes.tolist())).items())
    assert [
        (tuple(row), count) for row, count in zip(rows.tolist(), counts.tolist(), strict=True)
    ] == expected
    np.testing.assert_array_equal(rows[row_of], codes)
    assert rows.dtype == row_of.dtype == counts.dtype == np.int64


def test_a_dataset_counts_its_rows_once(rng, monkeypatch):
    codes = rng.integers(0, 2, size=(50, 3)).astype(float)
    data = Dataset(
        codes, tuple("abc"), ("discrete",) * 3, (2,) * 3, (("n", "y"),) * 3, np.zeros(3), np.ones(3)
    )
    assert data.distinct_rows is data.distinct_rows
    assert data.distinct_rows.counts.sum() == 50
