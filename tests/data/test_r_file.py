import gzip

import numpy as np
import pandas as pd
import pytest

from dag_gfn.data.file_readers import read_table
from dag_gfn.data.r_file import read_r_file
from dag_gfn.data.typed_files import notes_of
from dag_gfn.errors import DataError

rdata = pytest.importorskip("rdata")

FRAME = pd.DataFrame(
    {
        "age": [31.0, None, 40.0],
        "count": pd.array([1, None, 3], dtype="Int64"),
        "flag": pd.array([True, None, False], dtype="boolean"),
        "word": pd.Series(["x", None, "y"], dtype=pd.StringDtype("python")),
        "kind": pd.Categorical(["b", "a", None]),
    }
)


@pytest.mark.parametrize("compression", [None, "gzip", "bzip2", "xz"])
@pytest.mark.parametrize("name", ["t.rds", "t.RData"])
def test_types_are_kept(tmp_path, name, compression):
    path = tmp_path / name
    if name == "t.rds":
        rdata.write_rds(path, FRAME, compression=compression)
    else:
        rdata.write_rda(path, {"frame": FRAME}, compression=compression)
    frame = read_table(path)
    assert list(frame.columns) == list(FRAME.columns)
    np.testing.assert_array_equal(frame["age"], FRAME["age"])
    assert frame["count"].tolist() == [1, pd.NA, 3]
    assert frame["flag"].tolist() == [True, pd.NA, False]
    assert frame["word"].isna().tolist() == [False, True, False]
    assert frame["kind"].cat.codes.tolist() == [1, 0, -1]


def test_the_only_data_frame_of_several_objects(tmp_path):
    path = tmp_path / "t.rda"
    rdata.write_rda(path, {"x": np.arange(3.0), "frame": FRAME}, compression=None)
    assert notes_of(read_r_file(path)) == ("read 'frame', the only table of 2 objects in the file",)
    rdata.write_rda(path, {"one": FRAME, "two": FRAME}, compression=None)
    with pytest.raises(DataError, match=r"t\.rda' holds several tables \('one' and 'two'\): save one"):
        read_r_file(path)
    rdata.write_rda(path, {"x": np.arange(3.0)}, compression=None)
    with pytest.raises(DataError, match=r"holds no data frame \(but 'x'\)"):
        read_r_file(path)
    rdata.write_rds(path, np.arange(3.0), compression=None)
    with pytest.raises(DataError, match="no data frame but a ndarray"):
        read_r_file(path)


def test_row_names_are_a_column_and_matrices_are_tables(tmp_path):
    path = tmp_path / "t.rds"
    frame = pd.DataFrame({"mpg": [21.0, 22.8]}, index=pd.Index(["Mazda", "Datsun"], dtype=object))
    rdata.write_rds(path, frame, compression=None)
    assert read_r_file(path).to_dict("list") == {"Unnamed: 0": ["Mazda", "Datsun"], "mpg": [21.0, 22.8]}
    rdata.write_rds(path, np.arange(6.0).reshape(3, 2), compression=None)
    assert read_r_file(path).to_dict("list") == {"V1": [0.0, 2.0, 4.0], "V2": [1.0, 3.0, 5.0]}


def symbol(name):
    return f"1026\n1\n262153\n{len(name)}\n{name}\n"


def strings(*texts):
    return f"16\n{len(texts)}\n" + "".join(f"262153\n{len(text)}\n{text}\n" for text in texts)


def test_dates_and_ordered_factors_stay_such(tmp_path):
    """No library writes them: this is the text that R writes with ascii = TRUE."""
    day = "782\n2\n19874\nNA\n" + symbol("class") + strings("Date") + "254\n"
    time = "782\n2\n86400\n0\n" + symbol("class") + strings("POSIXct", "POSIXt") + "254\n"
    size = "781\n2\n2\nNA\n" + symbol("levels") + strings("s", "m")
    size += symbol("class") + strings("ordered", "factor") + "254\n"
    path = tmp_path / "t.rds"
    path.write_text(
        "A\n2\n197888\n131840\n787\n3\n"
        + (day + time + size)
        + (symbol("names") + strings("day", "time", "size"))
        + (symbol("class") + strings("data.frame"))
        + (symbol("row.names") + "13\n2\nNA\n-2\n254\n")
    )
    frame = read_r_file(path)
    assert frame["day"].isna().tolist() == [False, True]
    assert frame["day"][0] == pd.Timestamp(2024, 5, 31)
    assert frame["time"].tolist() == [pd.Timestamp(1970, 1, 2), pd.Timestamp(1970, 1, 1)]
    assert (list(frame["size"].cat.categories), frame["size"].cat.ordered) == (["s", "m"], True)
    assert frame["size"].cat.codes.tolist() == [1, -1]


def test_damaged_files_are_refused(tmp_path):
    path = tmp_path / "t.rds"
    rdata.write_rds(path, FRAME, compression=None)
    content = path.read_bytes()
    for wrong in (content[: len(content) // 2], b"a,b\n1,2\n"):
        path.write_bytes(wrong)
        with pytest.raises(DataError, match=r"t\.rds' cannot be read as a file of R") as error:
            read_r_file(path)
        assert "\n" not in str(error.value)
    path.write_bytes(gzip.compress(content)[:-60])
    with pytest.raises(DataError, match="cannot be unpacked as gzip"):
        read_table(path)
