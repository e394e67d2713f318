"""The readers of Parquet, Feather and Arrow files."""

from os import PathLike
from typing import Any

import pandas as pd

from dag_gfn.data.compressed import check_size
from dag_gfn.data.csv_header import UNNAMED_INDEX
from dag_gfn.data.typed_files import library, reading_as

_INDEX = "__index_level_0__"  # what pandas calls an index without a name in a file


def read_parquet(path: str | PathLike) -> pd.DataFrame:
    """Return the table in a Parquet file.

    Raises
    ------
    DataError
        If the file cannot be read, or pyarrow is not installed.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import pandas as pd
    >>> from dag_gfn.data.arrow_files import read_parquet
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "t.parquet"
    ...     pd.DataFrame({"age": [31, 25]}).to_parquet(path)
    ...     read_parquet(path).to_dict("list")
    {'age': [31, 25]}
    """
    with reading_as("a Parquet file", path) as file:
        parquet = library("pyarrow.parquet", "pyarrow", path)
        with parquet.ParquetFile(file) as source:
            groups = [source.metadata.row_group(i) for i in range(source.metadata.num_row_groups)]
            check_size(file, sum(group.total_byte_size for group in groups))
            return _frame(source.read())


def read_arrow(path: str | PathLike) -> pd.DataFrame:
    """Return the table in a Feather or Arrow file, or in a stream of Arrow.

    Raises
    ------
    DataError
        If the file cannot be read, or pyarrow is not installed.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import pandas as pd
    >>> from dag_gfn.data.arrow_files import read_arrow
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "t.feather"
    ...     pd.DataFrame({"age": [31, 25]}).to_feather(path)
    ...     read_arrow(path).to_dict("list")
    {'age': [31, 25]}
    """
    with reading_as("an Arrow file", path) as file:
        arrow = library("pyarrow", "pyarrow", path)
        ipc = library("pyarrow.ipc", "pyarrow", path)
        with open(file, "rb") as raw:
            head = raw.read(6)
        with arrow.OSFile(str(file), "rb") as source:
            if head == b"ARROW1":
                return _frame(ipc.open_file(source).read_all())
            if head[:4] == b"FEA1":
                return _frame(library("pyarrow.feather", "pyarrow", path).read_table(file))
            return _frame(ipc.open_stream(source).read_all())


def _frame(table: Any) -> pd.DataFrame:
    """Return a table of Arrow as pandas does, with dates as dates, and an index that pandas stored as a column."""
    frame = table.to_pandas(date_as_object=False, ignore_metadata=True)
    if _INDEX in frame.columns:
        frame.insert(0, UNNAMED_INDEX, frame.pop(_INDEX))
    return frame
