"""Data frames of polars, pyarrow and other libraries as pandas frames."""

from typing import Any

import pandas as pd

from dag_gfn.errors import DataError


def is_frame(data: Any) -> bool:
    """Return whether `as_pandas` accepts an object as a table.

    Examples
    --------
    >>> import pandas as pd
    >>> from dag_gfn.data.frames import is_frame
    >>> is_frame(pd.DataFrame({"a": [1]})), is_frame([1, 2])
    (True, False)
    """
    if isinstance(data, pd.DataFrame):
        return True
    # A lazy frame has no to_pandas. That is asked first, because a lazy frame warns when asked for its columns.
    return callable(getattr(data, "to_pandas", None)) and (
        hasattr(data, "columns") or hasattr(data, "column_names")
    )


def as_pandas(data: Any) -> pd.DataFrame:
    """Return a table as a pandas frame; columns of pyarrow's dictionary type become categorical.

    Frames of polars, tables of pyarrow and all other objects with `to_pandas` are converted.

    Raises
    ------
    DataError
        If the object is not a table, or is a lazy one.

    Examples
    --------
    >>> import polars as pl
    >>> from dag_gfn.data.frames import as_pandas
    >>> as_pandas(pl.DataFrame({"age": [31, 25]})).to_dict("list")
    {'age': [31, 25]}
    """
    if not isinstance(data, pd.DataFrame):
        kind = f"{type(data).__module__.split('.')[0]}.{type(data).__name__}"
        if not is_frame(data):
            lazy = (
                " use .collect() first."
                if hasattr(data, "collect")
                else (" make a DataFrame of it first, for example pandas.DataFrame(...).")
            )
            raise DataError(f"a data frame is needed, not {kind}:{lazy}")
        data = _converted(data)
        if not isinstance(data, pd.DataFrame):
            raise DataError(f"{kind}.to_pandas() gives no data frame: make a pandas.DataFrame of it first.")
    changed = {
        i: _categorical(data.iloc[:, i]) for i in range(data.shape[1]) if _is_dictionary(data.dtypes.iloc[i])
    }
    if not changed:
        return data
    columns = [changed.get(i, data.iloc[:, i]) for i in range(data.shape[1])]
    return pd.concat(columns, axis=1)


def _converted(data: Any) -> Any:
    try:
        return data.to_pandas()
    except ImportError:  # polars converts through pyarrow, which may be missing
        return pd.DataFrame({name: data[name].to_list() for name in data.columns})


def _is_dictionary(dtype: Any) -> bool:
    return isinstance(dtype, pd.ArrowDtype) and str(dtype).startswith("dictionary")


def _categorical(column: pd.Series) -> pd.Series:
    array = column.array.__arrow_array__()
    return pd.Series(array.to_pandas().array, index=column.index, name=column.name)
