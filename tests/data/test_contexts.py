from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import dag_gfn
from dag_gfn.data import data_warnings
from dag_gfn.data.contexts import without_contexts
from dag_gfn.errors import DataError


@pytest.fixture
def frame(rng):
    table = pd.DataFrame(rng.normal(size=(40, 3)), columns=list("xyz"))
    return table.assign(batch=np.repeat([1, 2, 3, 4], 10))


def test_a_context_is_a_category_even_if_it_has_numbers(frame, tmp_path):
    frame.to_csv(tmp_path / "t.csv", index=False)
    for data in (
        dag_gfn.from_frame(frame, context=["batch"]),
        dag_gfn.from_frame(frame, context="batch", columns=["z", "x"]),
        dag_gfn.read_csv(tmp_path / "t.csv", context=["batch"]),
        dag_gfn.read_csv(tmp_path / "t.csv", context=["batch"], strict=True),
    ):
        assert data.contexts == ("batch",)
        j = data.names.index("batch")
        assert data.kinds[j] == "discrete"
        assert data.states[j] == ("1", "2", "3", "4")
    assert data.roles[3].reason == "a context, which can only be a cause"


def test_without_contexts_is_what_was_there_before(frame, rng):
    mask = rng.random((40, 4)) < 0.3
    mask[:, 3] = False
    data = dag_gfn.from_frame(frame, context=["batch"], intervened=mask).standardize()
    plain = dag_gfn.from_frame(frame.drop(columns="batch"), intervened=mask[:, :3]).standardize()
    core = without_contexts(data)
    np.testing.assert_array_equal(core.values, plain.values)
    np.testing.assert_array_equal(core.intervened, plain.intervened)
    assert (core.names, core.kind) == (plain.names, "continuous")
    one = without_contexts(dag_gfn.from_frame(frame[["x", "batch"]], context=["batch"]))
    assert (one.d, one.n) == (1, 40)


def test_a_table_sorted_by_its_context_is_not_warned_of(frame):
    frame["x"] += frame["batch"]
    assert any("drifting" in text for text in data_warnings(dag_gfn.from_frame(frame, drop=["batch"])))
    assert not data_warnings(dag_gfn.from_frame(frame, context=["batch"]))


def test_contexts_that_cannot_be_are_refused(frame):
    with pytest.raises(DataError, match=r"--context \(context=...\) names 'bacth'.*did you mean 'batch'"):
        dag_gfn.from_frame(frame, context=["bacth"])
    with pytest.raises(DataError, match="named by --context and by --continuous"):
        dag_gfn.from_frame(frame, context=["batch"], continuous=["batch"])
    with pytest.raises(DataError, match="named by --context and by --drop"):
        dag_gfn.from_frame(frame, context=["batch"], drop=["batch"])
    holes = frame.assign(batch=frame["batch"].where(frame.index != 4))
    with pytest.raises(DataError, match="context 'batch' has 1 missing cell"):
        dag_gfn.from_frame(holes, context=["batch"])
    assert dag_gfn.from_frame(holes, context=["batch"], missing="drop").n == 39
    with pytest.raises(DataError, match="must be a category of its own"):
        replace(dag_gfn.from_frame(frame), contexts=("x",))
    with pytest.raises(DataError, match="named among the variables that were set"):
        dag_gfn.from_frame(frame.assign(what=["batch", ""] * 20), context=["batch"], interventions="what")
    labels = frame.assign(site=frame["batch"] > 2)[["site", "batch"]]
    with pytest.raises(DataError, match="every column is a context"):
        dag_gfn.from_frame(labels, context=["site", "batch"])
