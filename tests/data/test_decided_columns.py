"""Whole tables: the roles that a person would agree with, whatever the door."""

import numpy as np
import pandas as pd
import pytest

from dag_gfn.data import from_array, from_frame, read_csv
from dag_gfn.errors import DataError


@pytest.fixture
def survey(rng):
    n = 120
    age = rng.integers(18, 80, n)
    return pd.DataFrame(
        {
            "respondent": np.arange(1, n + 1),
            "name": [f"person {k}" for k in range(n)],
            "date": [f"2021-{k % 12 + 1:02d}-{k % 27 + 1:02d}" for k in range(n)],
            "age": age,
            "months": 12 * age,
            "sex": rng.choice(["f", "m"], n),
            "agree": rng.choice(["disagree", "neutral", "agree"], n),
            "city": rng.choice(["Oslo", "Bergen", "Hamar", "Moss"], n, p=[0.6, 0.37, 0.015, 0.015]),
            "bmi": np.where(rng.random(n) < 0.1, np.nan, rng.normal(25, 3, n).round(1)),
            "wave": 1,
            "spouse": np.where(rng.random(n) < 0.8, np.nan, rng.normal(size=n).round(2)),
        }
    )


EXPECTED = {
    "respondent": "left out",
    "name": "left out",
    "date": "left out",
    "age": "continuous",
    "months": "left out",
    "sex": "category",
    "agree": "ordinal",
    "city": "category",
    "bmi": "continuous",
    "wave": "left out",
    "spouse": "left out",
}


def test_every_door_gives_every_column_the_same_role(survey, tmp_path):
    path = tmp_path / "survey.csv"
    survey.to_csv(path, index=False)
    doors = [
        read_csv(path),
        from_frame(survey),
        from_array(survey.to_numpy(dtype=object), list(survey.columns)),
    ]
    for data in doors[:2]:
        assert {role.name: role.role for role in data.roles} == EXPECTED
        assert data.names == ("age", "sex", "agree", "city", "bmi")
        assert data.kinds == ("continuous", "discrete", "ordinal", "discrete", "continuous")
        assert data.states[2] == ("disagree", "neutral", "agree")
    assert doors[0].roles == doors[1].roles
    assert {role.name: role.role for role in doors[2].roles} == EXPECTED


def test_options_override_the_rules(survey):
    data = from_frame(
        survey,
        keep=["spouse", "respondent"],
        drop=["bmi"],
        dates="days",
        discrete=["agree"],
        ordinal=["city:Oslo<Hamar<Moss<Bergen"],
        missing="impute",
    )
    assert data.names == ("respondent", "date", "age", "sex", "agree", "city", "spouse")
    assert data.kinds == (
        "continuous",
        "continuous",
        "continuous",
        "discrete",
        "discrete",
        "ordinal",
        "continuous",
    )
    assert data.states[5] == ("Oslo", "Hamar", "Moss", "Bergen")
    with pytest.raises(DataError, match="'wave' cannot be a variable, though it was asked for: constant"):
        from_frame(survey, keep=["wave"])


def test_columns_are_left_out_before_rows_are_dropped(survey):
    data = from_frame(survey, missing="drop")
    assert data.n == survey["bmi"].notna().sum()
    assert {role.name: role.role for role in data.roles} == EXPECTED


def test_row_numbers_are_known_though_rows_were_dropped(rng):
    frame = pd.DataFrame({"X": np.arange(1, 41), "a": rng.normal(size=40), "b": rng.normal(size=40)})
    frame.loc[[3, 9], "a"] = np.nan
    assert from_frame(frame, missing="drop").names == ("a", "b")


def test_an_order_for_all_columns_that_have_its_labels(rng):
    frame = pd.DataFrame({name: rng.choice(["x", "y", "z"], 60) for name in "ab"}).assign(
        c=rng.normal(size=60)
    )
    data = from_frame(frame, ordinal=["z<x<y"])
    assert data.states[:2] == (("z", "x", "y"),) * 2
    assert data.kinds == ("ordinal", "ordinal", "continuous")
    with pytest.raises(DataError, match="no column has only these labels"):
        from_frame(frame, ordinal=["p<q"])
    with pytest.raises(DataError, match="'a' has 'z', which its order x<y does not name"):
        from_frame(frame, ordinal=["a:x<y"])
    with pytest.raises(DataError, match="the order of the 3 labels of column 'a' is not known"):
        from_frame(frame, ordinal=["a"])


def test_numbers_may_be_an_order(rng):
    frame = pd.DataFrame({"rating": rng.choice([1, 2, 10], 60), "x": rng.normal(size=60)})
    data = from_frame(frame, ordinal=["rating"])
    assert (data.kinds[0], data.states[0]) == ("ordinal", ("1", "2", "10"))


def test_the_source_may_give_an_order(rng):
    sizes = pd.Categorical(rng.choice(["p", "q", "r"], 60), ["r", "p", "q"], ordered=True)
    data = from_frame(pd.DataFrame({"size": sizes, "x": rng.normal(size=60)}))
    assert (data.kinds[0], data.states[0]) == ("ordinal", ("r", "p", "q"))
    assert from_frame(data.to_frame()).kinds == data.kinds
