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


@pytest.mark.parametrize("data", [[[1, 2]], {"a": [1]}, np.ones((2, 2)), "survey.csv", None])
def test_other_objects_are_refused_with_a_remedy(data):
    assert not is_frame(data)
    with pytest.raises(
        DataError, match=r"a data frame is needed, not \w+\.\w+: make a DataFrame of it first"
    ):
        as_pandas(data)


def test_a_lazy_frame_is_refused_with_its_remedy():
    lazy = pl.DataFrame(COLUMNS).lazy()
    assert not is_frame(lazy)
    with pytest.raises(DataError, match=r"polars\.LazyFrame: use \.collect\(\) first"):
        as_pandas(lazy)


def test_a_conversion_to_something_else_is_refused():
    class Odd:
        columns = ("a",)

        def to_pandas(self):
            return [1, 2]

    with pytest.raises(DataError, match=r"Odd\.to_pandas\(\) gives no data frame"):
        as_pandas(Odd())


def test_dictionaries_of_pyarrow_become_categories():
    frame = pa.table({"job": pa.array(COLUMNS["job"]).dictionary_encode(), "age": COLUMNS["age"]}).to_pandas(
        types_mapper=pd.ArrowDtype
    )
    assert isinstance(frame["job"].dtype, pd.ArrowDtype)
    converted = as_pandas(frame)
    assert list(converted.columns) == ["job", "age"]
    assert list(converted["job"].cat.categories) == ["cook", "nurse"]
    assert converted["job"].tolist() == COLUMNS["job"]
