"""The readers of R's files of objects: .rds, .rda and .RData."""

import warnings
from collections.abc import Mapping
from os import PathLike
from typing import Any

import numpy as np
import pandas as pd

from dag_gfn.data.csv_header import UNNAMED_INDEX
from dag_gfn.data.messages import quoted
from dag_gfn.data.typed_files import library, reading_as, with_notes
from dag_gfn.errors import DataError


def read_r_file(path: str | PathLike) -> pd.DataFrame:
    """Return the data frame or matrix in a file that R wrote with `saveRDS` or `save`.

    Factors become categories, ordered factors ordered ones; dates and times stay such. Row names other than numbers
    become a first column without a name. The only data frame among several objects is read, with a note. A compressed
    file has to be unpacked first; `read_table` does.

    Raises
    ------
    DataError
        If the file cannot be read, holds no table or several, or rdata is not installed.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import pandas as pd
    >>> import rdata
    >>> from dag_gfn.data.r_file import read_r_file
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "t.rds"
    ...     rdata.write_rds(path, pd.DataFrame({"age": [31.0, 25.0]}), compression=None)
    ...     read_r_file(path).to_dict("list")
    {'age': [31.0, 25.0]}
    """
    with reading_as("a file of R", path) as file:
        rdata = library("rdata", "rdata", path)
        content = file.read_bytes()
        with warnings.catch_warnings():
            warnings.simplefilter(
                "ignore"
            )  # of classes that rdata does not know: the data are read all the same
            parsed = rdata.parser.parse_data(content, extension=".rda" if _is_workspace(content) else ".rds")
            objects = rdata.conversion.convert(parsed, constructor_dict=_constructors(rdata))
    notes: tuple[str, ...] = ()
    table = objects
    if isinstance(objects, Mapping):
        tables = {str(name): each for name, each in objects.items() if isinstance(each, pd.DataFrame)}
        tables = tables or {str(name): each for name, each in objects.items() if _is_matrix(each)}
        if len(tables) != 1:
            what = (
                f"several tables ({quoted(tables)})"
                if tables
                else f"no data frame (but {quoted(objects) if objects else 'nothing'})"
            )
            raise DataError(f"'{path}' holds {what}: save one data frame with saveRDS(table, \"table.rds\").")
        ((name, table),) = tables.items()
        if len(objects) > 1:
            notes = (f"read '{name}', the only table of {len(objects)} objects in the file",)
    if _is_matrix(table):
        table = _frame_of_matrix(table)
    if not isinstance(table, pd.DataFrame):
        raise DataError(
            f"'{path}' holds no data frame but a {type(table).__name__}: save one with saveRDS(table, \"table.rds\")."
        )
    table = pd.DataFrame({str(name): _plain(table[name]) for name in table.columns}, index=table.index)
    if not isinstance(table.index, pd.RangeIndex) and not pd.api.types.is_numeric_dtype(table.index):
        table.insert(0, UNNAMED_INDEX, table.index.astype(str), allow_duplicates=True)
    return with_notes(table.reset_index(drop=True), *notes)


def _is_workspace(content: bytes) -> bool:
    return content[:4] in (b"RDX2", b"RDX3", b"RDA2", b"RDA3")


def _is_matrix(value: Any) -> bool:
    return getattr(value, "ndim", 0) == 2 and not isinstance(value, pd.DataFrame)


def _frame_of_matrix(matrix: Any) -> pd.DataFrame:
    names = matrix.coords.get(matrix.dims[1]) if hasattr(matrix, "dims") else None
    columns = [f"V{j + 1}" for j in range(matrix.shape[1])] if names is None else names.values.tolist()
    return pd.DataFrame(np.asarray(matrix), columns=columns)


def _plain(column: pd.Series) -> pd.Series:
    """Return a column with masked numbers as missing values."""
    return column.convert_dtypes() if column.dtype == object else column


def _constructors(rdata: Any) -> dict[str, Any]:
    return {
        **rdata.conversion.DEFAULT_CLASS_MAP,
        "factor": lambda obj, attrs: _factor(obj, attrs, ordered=False),
        "ordered": lambda obj, attrs: _factor(obj, attrs, ordered=True),
        "Date": lambda obj, attrs: _times(obj, "D"),
        "POSIXct": lambda obj, attrs: _times(obj, "s"),
    }


def _factor(obj: Any, attrs: Mapping[str, Any], *, ordered: bool) -> pd.Categorical:
    """Return a factor; its codes count from 1, and missing cells have other codes."""
    levels = [str(level) for level in attrs["levels"]]
    codes = np.ma.filled(np.ma.asarray(obj), 0).astype(np.int64) - 1
    codes[(codes < 0) | (codes >= len(levels))] = -1
    return pd.Categorical.from_codes(codes, levels, ordered=ordered)


def _times(obj: Any, unit: str) -> Any:
    numbers = np.ma.filled(np.ma.asarray(obj, dtype=np.float64), np.nan)
    return pd.to_datetime(pd.Series(numbers), unit=unit).array
