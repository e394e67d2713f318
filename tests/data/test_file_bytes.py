import pytest

from dag_gfn.data.file_bytes import check_file, read_bytes
from dag_gfn.errors import DataError


def test_the_bytes_come_as_they_are(tmp_path):
    path = tmp_path / "t.csv"
    path.write_bytes(b"\x00a\r\n")
    assert check_file(str(path)) == path
    assert read_bytes(path) == b"\x00a\r\n"


@pytest.mark.parametrize("content", [b"", b" \n\r\n", b"\xef\xbb\xbf\n", b"\x1a"])
def test_blank_files_are_empty(tmp_path, content):
    path = tmp_path / "t.csv"
    path.write_bytes(content)
    assert check_file(path) == path
    with pytest.raises(DataError, match=r"t\.csv' is empty"):
        read_bytes(path)


@pytest.mark.parametrize(
    ("name", "message"), [("nowhere.csv", "no file"), ("", "is a directory"), ("n" * 5000, "cannot be read")]
)
def test_paths_that_are_no_files(tmp_path, name, message):
    for read in (check_file, read_bytes):
        with pytest.raises(DataError, match=message):
            read(tmp_path / name)
