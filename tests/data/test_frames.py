import datetime

import narwhals as nw
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from dag_gfn.data.frames import as_pandas, is_frame
from dag_gfn.errors import DataError

COLUMNS = {"age": [31, 25, 40], "job": ["cook", "nurse", "cook"]}


@pytest.mark.parametrize("make", [pd.DataFrame, pl.DataFrame, pa.table])
def test_tables_of_other_libraries(make):
    assert is_frame(make(COLUMNS))
    assert as_pandas(make(COLUMNS)).to_dict("list") == COLUMNS


def test_a_pandas_frame_is_returned_as_it_is():
    frame = pd.DataFrame(COLUMNS)
    assert as_pandas(frame) is frame


@pytest.mark.parametrize(
    "data", [[[1, 2]], np.ones((2, 2)), "survey.csv", None, pl.Series([1]), pd.Series([1])]
)
def test_other_objects_are_refused_with_a_remedy(data):
    assert not is_frame(data)
    with pytest.raises(
        DataError, match=r"a data frame is needed, not \w+\.\w+: make a DataFrame of it first"
    ):
        as_pandas(data)


@pytest.mark.parametrize(
    "make",
    [
        pl.LazyFrame,
        dict,
        lambda columns: pa.RecordBatch.from_pydict(columns),
        lambda columns: pa.table(columns).to_reader(),
        lambda columns: nw.from_native(pl.LazyFrame(columns)),
        lambda columns: nw.from_native(pd.DataFrame(columns)),
        lambda columns: Stream(columns),
    ],
)
def test_whatever_gives_columns_is_a_table(make):
    assert is_frame(make(COLUMNS))
    assert as_pandas(make(COLUMNS)).to_dict("list") == COLUMNS


class Stream:
    """A table of a library that narwhals does not know."""

    def __init__(self, columns):
        self.table = pa.table(columns)

    def __arrow_c_stream__(self, requested_schema=None):
        return self.table.__arrow_c_stream__(requested_schema)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"a": [1, 2], "b": [1]}, "the builtins.dict cannot be made a table .*same length"),
        (pl.LazyFrame(COLUMNS).select("nothing"), r"the polars.LazyFrame cannot be made a table \(.*nothing"),
    ],
)
def test_tables_that_cannot_be_computed_are_refused_in_one_line(data, message):
    with pytest.raises(DataError, match=message) as error:
        as_pandas(data)
    assert "\n" not in str(error.value)


def typed():
    day = datetime.date(2024, 5, 31)
    return pl.DataFrame(
        {"n": [1, None], "x": [1.5, None], "b": [True, False], "s": ["x", None], "d": [day, None]}
    ).with_columns(
        c=pl.Series(["u", None], dtype=pl.Categorical), e=pl.Series(["lo", "hi"], dtype=pl.Enum(["lo", "hi"]))
    )


@pytest.mark.parametrize(
    "make",
    [
        typed,
        lambda: typed().lazy(),
        lambda: typed().to_arrow(),
        lambda: typed().to_arrow().to_pandas(types_mapper=pd.ArrowDtype),
    ],
)
def test_types_are_those_of_numpy_and_pandas_whatever_the_library(make):
    frame = as_pandas(make())
    assert [dtype.kind for dtype in frame.dtypes[["n", "x", "b", "d"]]] == ["f", "f", "b", "M"]
    np.testing.assert_array_equal(frame["n"], [1.0, np.nan])
    assert frame["s"].isna().tolist() == [False, True]
    assert frame["c"].tolist()[0] == "u"
    assert (list(frame["e"].cat.categories), frame["e"].cat.codes.tolist()) == (["lo", "hi"], [0, 1])


def test_columns_keep_their_order_and_notes():
    frame = pa.table({"job": pa.array(COLUMNS["job"]).dictionary_encode(), "age": COLUMNS["age"]}).to_pandas(
        types_mapper=pd.ArrowDtype
    )
    frame.insert(0, "plain", [1.5, 2.5, 3.5])
    frame.attrs["source"] = "a survey"
    frame.index = [7, 8, 9]
    converted = as_pandas(frame)
    assert list(converted.columns) == ["plain", "job", "age"]
    assert converted["job"].tolist() == COLUMNS["job"]
    assert converted.attrs == {"source": "a survey"}
    assert list(converted.index) == [7, 8, 9]


def test_without_pyarrow_other_frames_are_still_read(monkeypatch):
    monkeypatch.setattr(nw.DataFrame, "to_arrow", absent)
    assert as_pandas(pl.DataFrame(COLUMNS)).to_dict("list") == COLUMNS


def absent(_):
    raise ImportError
