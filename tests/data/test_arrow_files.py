import datetime
import decimal

import numpy as np
import pandas as pd
import pytest

from dag_gfn.data import arrow_files, compressed
from dag_gfn.data.arrow_files import read_arrow, read_parquet
from dag_gfn.errors import DataError

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")
ipc = pytest.importorskip("pyarrow.ipc")

TABLE = pa.table(
    {
        "number": pa.array([1, None, 3]),
        "flag": pa.array([True, None, False]),
        "word": pa.array(["x", "y", None]),
        "level": pa.DictionaryArray.from_arrays(pa.array([1, 0, None]), ["low", "high"], ordered=True),
        "day": pa.array([datetime.date(2024, 5, 31), None, datetime.date(1066, 10, 14)]),
        "exact": pa.array([decimal.Decimal("1.25"), None, decimal.Decimal("2")]),
    }
)


def write_stream(table, path):
    with ipc.new_stream(path, table.schema) as sink:
        sink.write_table(table)


def write_file(table, path):
    with ipc.new_file(path, table.schema) as sink:
        sink.write_table(table)


@pytest.mark.parametrize(
    ("write", "read"),
    [
        (pq.write_table, read_parquet),
        (write_file, read_arrow),
        (write_stream, read_arrow),
    ],
)
def test_types_are_kept(tmp_path, write, read):
    path = tmp_path / "t.x"
    write(TABLE, str(path))
    frame = read(path)
    np.testing.assert_array_equal(frame["number"], [1.0, np.nan, 3.0])
    assert frame["flag"].tolist() == [True, None, False]
    assert frame["word"].isna().tolist() == [False, False, True]
    assert (list(frame["level"].cat.categories), frame["level"].cat.ordered) == (["low", "high"], True)
    assert frame["level"].cat.codes.tolist() == [1, 0, -1]
    assert pd.api.types.is_datetime64_dtype(frame["day"])
    assert frame["day"][2] == datetime.datetime(1066, 10, 14)
    assert float(frame["exact"][0]) == 1.25


def test_an_index_is_a_column(tmp_path):
    path = tmp_path / "t.parquet"
    frame = pd.DataFrame({"a": [1.0, 2.0], "b": [3.0, 4.0]}, index=["x", "y"])
    frame.to_parquet(path)
    assert list(read_parquet(path).columns) == ["Unnamed: 0", "a", "b"]
    frame.rename_axis("day").to_parquet(path)
    assert read_parquet(path)["day"].tolist() == ["x", "y"]


@pytest.mark.parametrize("read", [read_parquet, read_arrow])
def test_other_files_are_refused(tmp_path, read):
    path = tmp_path / "t.x"
    path.write_text("a,b\n1,2\n")
    with pytest.raises(DataError, match=r"t\.x' cannot be read as an? \w+ file") as error:
        read(path)
    assert "\n" not in str(error.value)
    pq.write_table(TABLE, str(path))
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(DataError, match="cannot be read as"):
        read(path)


def test_sizes_are_checked_before_a_file_is_read(tmp_path, monkeypatch):
    path = tmp_path / "t.parquet"
    pq.write_table(pa.table({"a": np.arange(5000.0)}), str(path))
    monkeypatch.setattr(compressed, "installed_memory", lambda: 40_000)
    with pytest.raises(DataError, match="when unpacked"):
        read_parquet(path)


def test_without_pyarrow_the_package_is_named(tmp_path, monkeypatch):
    path = tmp_path / "t.parquet"
    path.write_bytes(b"PAR1")

    def absent(name, package, path):
        raise DataError(f"needs {package}")

    monkeypatch.setattr(arrow_files, "library", absent)
    for read in (read_parquet, read_arrow):
        with pytest.raises(DataError, match=r"^needs pyarrow"):
            read(path)
