import gzip
import zipfile

import numpy as np
import pandas as pd
import pytest

from dag_gfn.data import file_readers as registry
from dag_gfn.data import from_frame, read_csv, read_file
from dag_gfn.data.csv_file import read_csv_file
from dag_gfn.data.typed_files import with_notes
from dag_gfn.errors import DataError, OptionError


@pytest.mark.parametrize("name", ["t.csv", "T.CSV", "t.txt", "t.dat", "t"])
def test_files_of_other_suffixes_are_read_as_csv(tmp_path, name):
    assert registry.file_reader(name) is read_csv_file
    path = tmp_path / name
    path.write_text("a,b\n1,2\n3,?\n4,6\n")
    data, expected = read_file(path, missing="drop"), read_csv(path, missing="drop")
    np.testing.assert_array_equal(data.values, [[1, 2], [4, 6]])
    assert (data.names, data.notes) == (expected.names, expected.notes)


def test_a_reader_may_return_a_frame(tmp_path, monkeypatch):
    """A format that stores types keeps them: digits that are text stay states."""
    frame = pd.DataFrame(
        {"code": ["01", "1", "01", "1"], "sold": [True, False, True, True], "id": [1, 2, 3, 4]}
    )
    path = tmp_path / "t.JSON"
    frame.to_json(path)
    types = {"code": str}

    def read_json(path):
        return with_notes(pd.read_json(path, dtype=types), "read as JSON")

    monkeypatch.setitem(registry.FILE_READERS, ".json", read_json)
    data, expected = read_file(path, drop=["id"]), from_frame(frame, drop=["id"])
    assert data.states == expected.states == (("01", "1"), ("False", "True"))
    np.testing.assert_array_equal(data.values, expected.values)
    assert data.notes == ("read as JSON", *expected.notes)
    with pytest.raises(DataError):
        read_csv(path)  # read_csv reads CSV, whatever the suffix


def test_options_are_checked_before_the_file_is_read(tmp_path):
    for read in (read_csv, read_file):
        with pytest.raises(OptionError, match="'impute', 'drop', 'error' or 'level', not 'keep'"):
            read(tmp_path / "absent.csv", missing="keep")


TABLE = pd.DataFrame({"a": [1.5, 2.0, 4.0], "b": [1.0, 0.5, 2.0]})
TEXT = TABLE.to_csv(index=False).encode()


def write_zip(path):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("folder/t.csv", TEXT)


@pytest.mark.parametrize(
    ("name", "write"),
    [
        ("t.tsv", lambda path: TABLE.to_csv(path, sep="\t", index=False)),
        ("t.csv.gz", lambda path: path.write_bytes(gzip.compress(TEXT))),
        ("t.csv", lambda path: path.write_bytes(gzip.compress(TEXT))),  # the suffix hides the compression
        ("t.zip", write_zip),
        ("t.parquet", lambda path: TABLE.to_parquet(path)),
        ("t.csv", lambda path: TABLE.to_parquet(path)),  # the suffix is wrong
        ("t.parquet.gz", lambda path: path.write_bytes(gzip.compress(TABLE.to_parquet()))),
        ("t.xls", lambda path: TABLE.to_csv(path, sep="\t", index=False)),  # text that is called a sheet
    ],
)
def test_files_are_read_whatever_they_are_called(tmp_path, name, write):
    write(tmp_path / name)
    data = read_file(tmp_path / name)
    assert data.names == ("a", "b")
    np.testing.assert_array_equal(data.values, TABLE)


@pytest.mark.parametrize("name", ["t.csv", "t.xls", "t.xlsx"])
def test_sheets_are_read_whatever_they_are_called(tmp_path, name):
    pytest.importorskip("openpyxl")
    pytest.importorskip("python_calamine")
    TABLE.to_excel(tmp_path / "t.xlsx", index=False)
    (tmp_path / "t.xlsx").rename(tmp_path / name)
    np.testing.assert_array_equal(read_file(tmp_path / name).values, TABLE)


def test_column_names_are_no_signatures(tmp_path):
    for name in ("PAR1", "FEA1", "RDX3", "PK", "BZh"):
        path = tmp_path / "t.csv"
        path.write_text(f"{name},b\n1,2\n3,5\n")
        assert read_file(path).names == (name, "b")


def test_web_pages_are_no_sheets(tmp_path):
    path = tmp_path / "t.xls"
    path.write_text("\n<HTML><table><tr><td>1</td></tr></table></HTML>")
    with pytest.raises(DataError, match=r"t\.xls' is a web page that is called a spreadsheet"):
        read_file(path)


def test_csv_is_read_as_csv_also_if_it_is_compressed(tmp_path):
    path = tmp_path / "t.gz"
    path.write_bytes(gzip.compress(TEXT))
    np.testing.assert_array_equal(read_csv(path).values, TABLE)
    path.write_bytes(gzip.compress(b"a,b\n1\n"))
    with pytest.raises(DataError, match=r"t\.gz': line 2 has 1 cells"):
        read_csv(path)
