import numpy as np
import pandas as pd
import pytest

from dag_gfn.data import from_frame
from dag_gfn.errors import DataError


@pytest.fixture
def frame(rng):
    return pd.DataFrame(
        {
            "id": np.arange(1, 41),
            "x": rng.normal(size=40),
            "pain": rng.choice(["low", "mid", "high"], 40),
            "city": ["Oslo"] * 38 + ["Moss", "Bergen"],
        }
    )


def test_nothing_is_left_out_merged_or_ordered(frame):
    data = from_frame(frame.assign(twice=2 * frame["x"]), strict=True)
    assert data.names == ("id", "x", "pain", "city", "twice")
    assert data.kinds == ("continuous", "continuous", "discrete", "discrete", "continuous")
    assert data.states[3] == ("Bergen", "Moss", "Oslo")
    assert all(role.surprise == 0 for role in data.roles)


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        ([f"n{k}" for k in range(40)], "'y' has 40 distinct values as a discrete variable"),
        ([1.5] * 40, "column 'y' is constant"),
        ([np.nan, *range(39)], r"'y' has 1 missing value \(row 1\)"),
        ([np.inf, *range(39)], "'y' has 1 infinite value"),
        (["x", *map(str, range(39))], "'y' is 97% numbers"),
        ([complex(k) for k in range(40)], "'y' holds complex numbers"),
        (pd.date_range("2020-01-01", periods=40), "'y' holds dates or times"),
    ],
)
def test_what_would_need_a_decision_is_refused(frame, cells, message):
    with pytest.raises(DataError, match=message):
        from_frame(frame.assign(y=cells), strict=True)
    assert from_frame(frame.assign(y=cells)).n == 40


def test_what_the_user_decides_is_no_decision(frame):
    frame.loc[0, "x"] = np.nan
    data = from_frame(frame, strict=True, missing="impute", ordinal=["pain:low<mid<high"])
    assert data.states[2] == ("low", "mid", "high")
    assert data.kinds[2] == "ordinal"
    assert data.missing.sum() == 1
