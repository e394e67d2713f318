import datetime

import numpy as np
import pandas as pd
import pytest

from dag_gfn.data import read_file
from dag_gfn.data.labelled_files import (
    labelled,
    read_sas,
    read_sas_transport,
    read_spss,
    read_spss_portable,
    read_stata,
)
from dag_gfn.data.typed_files import notes_of
from dag_gfn.errors import DataError

pyreadstat = pytest.importorskip("pyreadstat")

FRAME = pd.DataFrame(
    {
        "age": [31.0, 25.0, np.nan, 40.0],
        "sex": [1.0, 2.0, 2.0, 1.0],
        "mood": [3.0, 1.0, 2.0, 1.0],
        "pay": [2.5, -9.0, 3.0, 1.0],
        "town": ["Bonn", "", "Ulm", "Ulm"],
        "day": [datetime.date(2024, 5, 31)] * 4,
    }
)
LABELS = {
    "sex": {1.0: "male", 2.0: "female", 3.0: "other"},
    "mood": {1.0: "low", 3.0: "high"},
    "pay": {-9.0: "refused"},
}


def test_spss_files_keep_labels_order_dates_and_declared_missing_values(tmp_path):
    path = tmp_path / "t.sav"
    pyreadstat.write_sav(
        FRAME.assign(income=[1.0, 99.0, 3.0, 4.0]),
        path,
        variable_value_labels=LABELS,
        variable_measure={"mood": "ordinal", "sex": "nominal", "age": "scale"},
        missing_ranges={"income": [99]},
    )
    frame = read_spss(path)
    assert frame["sex"].tolist() == ["male", "female", "female", "male"]
    assert (list(frame["sex"].cat.categories), frame["sex"].cat.ordered) == (["male", "female"], False)
    assert (list(frame["mood"].cat.categories), frame["mood"].cat.ordered) == (["low", "2", "high"], True)
    assert frame["pay"].tolist() == FRAME["pay"].tolist()
    np.testing.assert_array_equal(frame["income"], [1, np.nan, 3, 4])
    np.testing.assert_array_equal(frame["age"], FRAME["age"])
    assert frame["day"][0] == pd.Timestamp(2024, 5, 31)
    assert len(notes_of(frame)) == 1
    assert "in 'pay' 'refused (-9)'" in notes_of(frame)[0]


def test_stata_files_keep_labels_without_order(tmp_path):
    path = tmp_path / "t.dta"
    pyreadstat.write_dta(FRAME, path, variable_value_labels=LABELS)
    frame = read_stata(path)
    assert frame["sex"].tolist() == ["male", "female", "female", "male"]
    assert frame["mood"].tolist() == FRAME["mood"].tolist()  # 2 has no label
    assert pd.api.types.is_datetime64_dtype(frame["day"])
    assert "'mood' and 'pay'" in notes_of(frame)[0]


def test_categories_of_pandas_come_back_from_stata(tmp_path):
    path = tmp_path / "t.dta"
    frame = pd.DataFrame(
        {"size": pd.Categorical(["m", "s", "m"], categories=["s", "m", "l"]), "x": [1.5, 2.0, 0.0]}
    )
    frame.to_stata(path, write_index=False)
    assert read_stata(path)["size"].tolist() == ["m", "s", "m"]


def test_transport_and_portable_files(tmp_path):
    frame = FRAME[["age", "sex", "town"]].rename(columns=str.upper)
    pyreadstat.write_xport(frame, tmp_path / "t.xpt")
    pyreadstat.write_por(frame, tmp_path / "t.por")
    for read, name in ((read_sas_transport, "t.xpt"), (read_spss_portable, "t.por")):
        found = read(tmp_path / name)
        np.testing.assert_array_equal(found["AGE"], frame["AGE"])
        assert found["TOWN"].fillna("").tolist() == frame["TOWN"].tolist()


def test_values_with_the_same_label_stay_apart():
    frame = labelled(pd.DataFrame({"a": [1.0, 2.0, 3.0]}), {"a": {1: "x", 2: "x", 3: "y"}}, {})
    assert list(frame["a"].cat.categories) == ["x (1.0)", "x (2.0)", "y"]


def test_texts_may_have_labels_too():
    frame = labelled(pd.DataFrame({"a": ["m", "f", "m"]}), {"a": {"m": "male", "f": "female"}}, {})
    assert frame["a"].tolist() == ["male", "female", "male"]


def test_the_note_is_told(tmp_path):
    path = tmp_path / "t.sav"
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(50, 2)).round(1), columns=["a", "b"])
    frame.loc[3, "a"] = -9
    pyreadstat.write_sav(frame, path, variable_value_labels={"a": {-9: "refused"}})
    assert any("'refused (-9)'" in note for note in read_file(path).notes)


@pytest.mark.parametrize("read", [read_stata, read_spss, read_spss_portable, read_sas, read_sas_transport])
def test_damaged_files_are_refused(tmp_path, read):
    path = tmp_path / "t.x"
    path.write_bytes(b"<stata_dta>$FL2@(#) HEADER RECORD" + bytes(range(256)) * 10)
    with pytest.raises(DataError, match=r"t\.x' cannot be read as a .* of (Stata|SPSS|SAS) \("):
        read(path)
