import numpy as np
import pandas as pd
import pytest

from dag_gfn.data import data_warnings, from_array, from_frame


def warnings_of(frame, **options):
    data = from_frame(frame, **options)
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
    assert sentence.startswith("counting the rows")
    assert "--drop id" in sentence


def test_measurements_do_not_count_the_rows(frame, rng):
    assert warnings_of(frame.assign(age=rng.integers(18, 90, 200))) == []
    assert not any("counting" in text for text in warnings_of(frame.assign(t=np.sort(rng.normal(size=200)))))


def test_a_column_that_names_the_targets(frame):
    codes = np.repeat([0, 1, 2], [100, 50, 50])
    (sentence,) = warnings_of(frame.assign(INT=codes))
    assert "'INT' looks like a column that says which variable the experimenter set" in sentence
    assert "1 'x', 2 'y'" in sentence
    assert "intervened=mask" in sentence
    states = pd.DataFrame(np.where(frame > 0, "high", "low"), columns=list("xyz"))
    names = states.assign(what=np.array(["none", "x", "y"])[codes])
    assert any("'what' looks like a column that says" in text for text in warnings_of(names))


def test_the_mask_of_the_message_can_be_made(frame):
    df = frame.assign(INT=np.repeat([0, 1, 2], [100, 50, 50]))
    mask = pd.DataFrame(False, df.index, df.columns.drop("INT"))
    mask["x"] = df["INT"].astype(str) == "1"
    mask["y"] = df["INT"].astype(str) == "2"
    data = from_frame(df.drop(columns="INT"), intervened=mask)
    assert data.intervened.sum(axis=0).tolist() == [50, 50, 0]


@pytest.mark.parametrize("scale", [1e-200, 1e-9, 1.0, 1e9, 1e200])
def test_warnings_do_not_depend_on_units(rng, scale):
    values = rng.normal(size=(300, 4))
    values[:, 1] = np.exp(2 * values[:, 1])
    values[:, 3] = 3 * values[:, 2] + 1e-4 * values[:, 3]
    plain = from_array(values)
    scaled = from_array(values * scale)
    assert data_warnings(plain) == data_warnings(scaled) == data_warnings(scaled.standardize())
    far, copies = data_warnings(scaled)
    assert "far from normal" in far
    assert "nearly copies" in copies


def test_few_whole_numbers_are_counted_in_any_unit(rng):
    values = rng.normal(size=(300, 2)) * 1e-9
    assert data_warnings(from_array(values).standardize()) == []
    values[:, 1] = rng.integers(0, 3, 300) * 1e12
    (sentence,) = data_warnings(from_array(values).standardize())
    assert "distinct whole numbers: 'x1'" in sentence
