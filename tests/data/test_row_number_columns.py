import numpy as np
import pandas as pd
import pytest

from dag_gfn.data import data_warnings, from_frame


def warnings_of(frame, **options):
    data = from_frame(frame, strict=True, **options)
    return data_warnings(data.standardize() if data.kind == "continuous" else data)


@pytest.fixture
def frame(rng):
    return pd.DataFrame(rng.normal(size=(200, 3)), columns=list("xyz"))


@pytest.mark.parametrize(
    "ids",
    [
        np.arange(1001, 1201),
        np.arange(200)[::-1],
        np.cumsum(np.tile([1, 3], 100)),
        np.random.default_rng(1).permutation(200),
        np.linspace(0.0, 1.99, 200),
    ],
)
def test_a_column_that_counts_the_rows(frame, ids):
    (sentence,) = warnings_of(frame.assign(id=ids))
    assert sentence.startswith("numbering the rows")
    assert "--drop id" in sentence


def test_measurements_do_not_count_the_rows(frame, rng):
    assert warnings_of(frame.assign(age=rng.integers(18, 90, 200))) == []
    assert not any("numbering" in text for text in warnings_of(frame.assign(t=np.sort(rng.normal(size=200)))))
