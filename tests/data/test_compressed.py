import bz2
import gzip
import lzma
import zipfile

import pytest

from dag_gfn.data import compressed
from dag_gfn.data.compressed import check_size, check_zip, unpacked
from dag_gfn.errors import DataError

TEXT = b"a,b\n1,2\n3,4\n"


def write_zip(path, **members):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)


@pytest.mark.parametrize(
    ("name", "pack", "inner"),
    [
        ("t.csv.gz", gzip.compress, "t.csv"),
        ("t.csv.bz2", bz2.compress, "t.csv"),
        ("t.csv.XZ", lzma.compress, "t.csv"),
        ("t.csv", gzip.compress, "t.csv"),
        ("t.rds", gzip.compress, "t.rds"),
        ("t.csv", bytes, "t.csv"),
        ("BZh.csv", lambda text: b"BZh," + text, "BZh.csv"),
    ],
)
def test_the_content_decides(tmp_path, name, pack, inner):
    path = tmp_path / name
    path.write_bytes(pack(TEXT))
    with unpacked(str(path)) as plain:
        assert plain.name == inner
        assert plain.read_bytes().endswith(TEXT)
        kept = plain
    assert path.exists()
    assert kept == path or not kept.exists()


def test_a_zip_file_gives_its_only_file(tmp_path):
    path = tmp_path / "t.zip"
    write_zip(path, **{"folder/": "", "folder/table.tsv": TEXT, "__MACOSX/folder/._table.tsv": "x"})
    with unpacked(path) as plain:
        assert (plain.name, plain.read_bytes()) == ("table.tsv", TEXT)


def test_spreadsheets_stay_packed(tmp_path):
    path = tmp_path / "t.xlsx"
    write_zip(path, **{"[Content_Types].xml": "<x/>", "xl/workbook.xml": "<x/>"})
    with unpacked(path) as plain:
        assert plain == path


def test_zip_files_of_several_or_no_files_are_refused(tmp_path):
    path = tmp_path / "t.zip"
    write_zip(path, **{"a.csv": TEXT, "b.csv": TEXT})
    with (
        pytest.raises(DataError, match=r"t\.zip' holds 2 files \('a\.csv' and 'b\.csv'\)"),
        unpacked(path),
    ):
        pass
    write_zip(path, **{"folder/": ""})
    with pytest.raises(DataError, match="holds no file"), unpacked(path):
        pass


@pytest.mark.parametrize("name", ["t.zip", "t.xlsx"])
def test_zip_files_with_a_broken_list_are_refused(tmp_path, name):
    path = tmp_path / name
    write_zip(path, **{"a.csv": TEXT})
    content = bytearray(path.read_bytes())
    content[content.index(b"PK\x01\x02")] = 0
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"cannot be unpacked as zip \(Bad magic"), unpacked(path):
        pass


def test_a_name_in_a_zip_file_leads_nowhere_else(tmp_path):
    path = tmp_path / "t.zip"
    write_zip(path, **{"../../evil.csv": TEXT})
    with unpacked(path) as plain:
        assert plain.name == "evil.csv"
        assert not (tmp_path.parent / "evil.csv").exists()


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress])
def test_bombs_and_broken_files_are_refused(tmp_path, monkeypatch, pack):
    path = tmp_path / "t.csv.z"
    packed = pack(b"0" * 5_000_000)
    path.write_bytes(packed[: len(packed) * 2 // 3])
    with pytest.raises(DataError, match=r"t\.csv\.z' cannot be unpacked as \w+ \("), unpacked(path):
        pass
    path.write_bytes(packed)
    monkeypatch.setattr(compressed, "installed_memory", lambda: 8_000_000)
    with pytest.raises(DataError, match=r"t\.csv\.z' holds more than 0.002 GB when unpacked"), unpacked(path):
        pass


def test_sizes_in_a_zip_file_are_checked_before_it_is_read(tmp_path, monkeypatch):
    path = tmp_path / "t.xlsx"
    write_zip(path, **{"sheet.xml": b" " * 3_000_000})
    check_zip(path)
    monkeypatch.setattr(compressed, "installed_memory", lambda: 8_000_000)
    check_size(path, 2_000_000)
    with pytest.raises(DataError, match="when unpacked"):
        check_zip(path)
    path.write_bytes(path.read_bytes()[:50])
    with pytest.raises(DataError, match="cannot be unpacked as zip"):
        check_zip(path)


def test_errors_name_the_file_that_was_given(tmp_path):
    path = tmp_path / "t.csv.gz"
    path.write_bytes(gzip.compress(TEXT))
    with pytest.raises(DataError, match=r"t\.csv\.gz' is odd") as error, unpacked(path) as plain:
        raise DataError(f"'{plain}' is odd")
    assert str(error.value) == f"'{path}' is odd"


def test_files_that_are_absent(tmp_path):
    with pytest.raises(DataError, match="no file"), unpacked(tmp_path / "t.gz"):
        pass
