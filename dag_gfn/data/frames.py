"""Data frames of polars, pyarrow and other libraries as pandas frames."""

from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd

from dag_gfn.data.messages import one_line
from dag_gfn.errors import DataError


def is_frame(data: Any) -> bool:
    """Return whether `as_pandas` accepts an object as a table.

    Examples
    --------
    >>> import pandas as pd
    >>> from dag_gfn.data.frames import is_frame
    >>> is_frame(pd.DataFrame({"a": [1]})), is_frame({"a": [1, 2]}), is_frame([1, 2])
    (True, True, False)
    """
    known = isinstance(data, pd.DataFrame) or type(data) is dict  # sparse matrices are subclasses of it
    return known or _in_narwhals(data) is not None or _gives_arrow(data)


def as_pandas(data: Any) -> pd.DataFrame:
    """Return a table as a pandas frame whose columns have types of numpy and pandas.

    Tables of polars, pyarrow and all other libraries that narwhals knows are converted, and so are tables that give
    a stream of Arrow and dictionaries of columns. Lazy tables are computed. Columns of Arrow's types become numbers,
    text, dates or categories of pandas.

    Raises
    ------
    DataError
        If the object is not a table, or cannot be computed.

    Examples
    --------
    >>> import polars as pl
    >>> from dag_gfn.data.frames import as_pandas
    >>> as_pandas(pl.LazyFrame({"age": [31, 25]})).to_dict("list")
    {'age': [31, 25]}
    """
    if isinstance(data, pd.DataFrame):
        return _with_plain_types(data)
    kind = f"{type(data).__module__.split('.')[0]}.{type(data).__name__}"
    if not is_frame(data):
        raise DataError(
            f"a data frame is needed, not {kind}: make a DataFrame of it first, for example pandas.DataFrame(...)."
        )
    try:
        frame = _converted(data)
    except Exception as error:
        reason = one_line(error, 150) or type(error).__name__
        raise DataError(
            f"the {kind} cannot be made a table ({reason}): make a pandas.DataFrame of it first."
        ) from error
    return _with_plain_types(frame)


def _in_narwhals(data: Any) -> Any:
    """Return a frame as narwhals sees it, or None if it is no frame of a library that narwhals knows."""
    found = nw.from_native(data, pass_through=True)
    return found if isinstance(found, nw.DataFrame | nw.LazyFrame) else None


def _gives_arrow(data: Any) -> bool:
    return hasattr(data, "__arrow_c_stream__") and not hasattr(data, "to_frame")  # a series gives one too


def _converted(data: Any) -> pd.DataFrame:
    if isinstance(data, dict):
        return pd.DataFrame(data)
    frame = _in_narwhals(data)
    if frame is None:
        import pyarrow

        return _of_arrow(pyarrow.table(data))
    if isinstance(frame, nw.LazyFrame):
        frame = frame.collect()
    if frame.implementation.is_pandas():
        return frame.to_native()
    try:
        return _of_arrow(frame.to_arrow())
    except ImportError:  # pyarrow may be missing
        return pd.DataFrame({name: frame[name].to_list() for name in frame.columns})


def _of_arrow(table: Any) -> pd.DataFrame:
    return table.to_pandas(date_as_object=False)


def _with_plain_types(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a frame with columns of Arrow's types as columns of numpy and pandas."""
    changed = {
        i: _plain(frame.iloc[:, i])
        for i in range(frame.shape[1])
        if isinstance(frame.dtypes.iloc[i], pd.ArrowDtype)
    }
    if not changed:
        return frame
    columns = [changed.get(i, frame.iloc[:, i]) for i in range(frame.shape[1])]
    result = pd.concat(columns, axis=1)
    result.attrs = frame.attrs
    return result


def _plain(column: pd.Series) -> pd.Series:
    array = column.array.__arrow_array__().to_pandas(date_as_object=False)
    values = array.array if isinstance(array, pd.Series) else np.asarray(array)
    return pd.Series(values, index=column.index, name=column.name)
