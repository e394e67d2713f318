import numpy as np
import pandas as pd
import pytest

from dag_gfn.data import file_readers as registry
from dag_gfn.data import from_frame, read_csv, read_file
from dag_gfn.data.csv_file import read_csv_file
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
    monkeypatch.setitem(registry.FILE_READERS, ".json", lambda path: pd.read_json(path, dtype=types))
    data, expected = read_file(path, drop=["id"]), from_frame(frame, drop=["id"])
    assert data.states == expected.states == (("01", "1"), ("False", "True"))
    np.testing.assert_array_equal(data.values, expected.values)
    with pytest.raises(DataError):
        read_csv(path)  # read_csv reads CSV, whatever the suffix


def test_options_are_checked_before_the_file_is_read(tmp_path):
    for read in (read_csv, read_file):
        with pytest.raises(OptionError, match="'impute', 'drop', 'error' or 'level', not 'keep'"):
            read(tmp_path / "absent.csv", missing="keep")
