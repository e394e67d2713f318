import pandas as pd
import pytest

from dag_gfn.data.typed_files import library, notes_of, reading_as, with_notes
from dag_gfn.errors import DataError


def test_a_library_is_loaded_or_named():
    assert library("json", "json", "t.json").loads("1") == 1
    with pytest.raises(DataError, match=r"reading 't\.xyz' needs the package some-package: pip install"):
        library("dag_gfn.no_such_module", "some-package", "t.xyz")


def test_errors_of_libraries_become_one_line(tmp_path):
    path = tmp_path / "t.sav"
    path.write_bytes(b"x")
    with (
        pytest.raises(DataError, match=r"t\.sav' cannot be read as a sheet \(a b\): it may be"),
        reading_as("a sheet", path),
    ):
        raise ValueError("a\n\n  b")
    with pytest.raises(DataError, match=r"\(RuntimeError\)"), reading_as("a sheet", path):
        raise RuntimeError
    with pytest.raises(DataError, match=r"^mine$"), reading_as("a sheet", path):
        raise DataError("mine")
    with pytest.raises(KeyboardInterrupt), reading_as("a sheet", path):
        raise KeyboardInterrupt
    path.write_bytes(b"")
    with pytest.raises(DataError, match="is empty"), reading_as("a sheet", path):
        pass


def test_notes_add_up():
    frame = pd.DataFrame({"a": [1]})
    assert notes_of(frame) == ()
    assert notes_of(with_notes(with_notes(frame, "one"), "two", "three")) == ("one", "two", "three")
