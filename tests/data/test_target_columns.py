import numpy as np
import pandas as pd
import pytest

from dag_gfn.data import data_warnings, from_frame


def warnings_of(frame, **options):
    data = from_frame(frame, **options)
    return data_warnings(data.standardize() if data.kind == "continuous" else data)


@pytest.fixture
def frame(rng):
    return pd.DataFrame(rng.normal(size=(200, 3)), columns=list("xyz"))


def test_a_column_that_names_the_targets(frame):
    codes = np.repeat([0, 1, 2], [100, 50, 50])
    (sentence,) = warnings_of(frame.assign(INT=codes))
    assert "'INT' looks like a column that says which variable the experimenter set" in sentence
    assert "1 'x', 2 'y'" in sentence
    assert "--interventions INT (interventions='INT')" in sentence
    states = pd.DataFrame(np.where(frame > 0, "high", "low"), columns=list("xyz"))
    names = states.assign(what=np.array(["none", "x", "y"])[codes])
    assert any("'what' looks like a column that says" in text for text in warnings_of(names))


def test_the_option_of_the_message_reads_the_column(frame):
    data = from_frame(frame.assign(INT=np.repeat([0, 1, 2], [100, 50, 50])), interventions="INT")
    assert data.intervened.sum(axis=0).tolist() == [50, 50, 0]
    assert not any("looks like a column that says" in text for text in data_warnings(data.standardize()))
