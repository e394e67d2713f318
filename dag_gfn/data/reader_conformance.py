"""Checks that a reader of files keeps its contract, on files that the caller supplies."""

from pathlib import Path

import pandas as pd

from dag_gfn.data.file_readers import FileReader
from dag_gfn.data.text_table import TextTable
from dag_gfn.errors import DataError

REFERENCE_TABLE = pd.DataFrame({"age": [31.0, 25.5, None, 40.0], "body mass": [70.0, 61.25, 80.0, 75.0]})
"""The table that the caller writes to a file in the reader's format."""


def check_file_reader(reader: FileReader, path: Path, table: pd.DataFrame = REFERENCE_TABLE) -> None:
    """Check that a reader returns the table in a file, and refuses other files in one line.

    Parameters
    ----------
    reader : FileReader
    path : Path
        A file in the reader's format that holds the table, the missing cell included. The check writes other files
        into its folder.
    table : DataFrame
        Where a format cannot hold the names of the reference table, the same with other names.

    Raises
    ------
    AssertionError
        If the reader does not keep its contract.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from dag_gfn.data.csv_file import read_csv_file
    >>> from dag_gfn.data.reader_conformance import REFERENCE_TABLE, check_file_reader
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "table.csv"
    ...     REFERENCE_TABLE.to_csv(path, index=False)
    ...     check_file_reader(read_csv_file, path)  # raises nothing
    """
    before = path.read_bytes()
    results = [reader(path), reader(str(path))]
    assert path.read_bytes() == before, "the reader changes the file"
    for read in results:
        if isinstance(read, TextTable):
            cells = {
                name: [cell.strip() or None for cell in read.cells(j)] for j, name in enumerate(read.names)
            }
            assert read.rows.tolist() == list(range(len(table))), "row numbers do not count from 0"
        else:
            assert isinstance(read, pd.DataFrame), f"neither a text table nor a data frame: {type(read)}"
            assert isinstance(read.index, pd.RangeIndex), "the rows have names that are no column"
            cells = {name: read[name].tolist() for name in read.columns}
        pd.testing.assert_frame_equal(pd.DataFrame(cells).astype(float), table, check_exact=True)

    empty, binary = (path.with_name(f"{name}{path.suffix}") for name in ("empty", "binary"))
    empty.write_bytes(b"")
    binary.write_bytes(bytes(range(256)) * 4)
    for wrong in (path.with_name(f"absent{path.suffix}"), path.parent, empty, binary):
        try:
            reader(wrong)
        except DataError as error:
            message = str(error)
        else:
            raise AssertionError(f"'{wrong}' is read without an error")
        assert "\n" not in message, f"the error for '{wrong}' has several lines"
        assert str(wrong) in message, f"the error for '{wrong}' does not name the file"
