import numpy as np
import pandas as pd
import pytest

import dag_gfn
from dag_gfn.errors import DataError, OptionError


@pytest.fixture
def frame(rng):
    return pd.DataFrame(rng.normal(size=(40, 3)), columns=["raf", "mek", "akt"])


def as_csv(frame, path):
    frame.to_csv(path, index=False)
    return path


NAMED = ["", "raf", "raf|akt", "none"] * 10
MASK = np.tile([[0, 0, 0], [1, 0, 0], [1, 0, 1], [0, 0, 0]], (10, 1)).astype(bool)


@pytest.mark.parametrize("source", ["frame", "file", "array"])
def test_a_column_names_what_was_set(frame, source, tmp_path):
    table = frame.assign(what=NAMED)
    if source == "frame":
        data = dag_gfn.from_frame(table, interventions="what")
    elif source == "file":
        data = dag_gfn.read_csv(as_csv(table, tmp_path / "t.csv"), interventions="what")
    else:
        data = dag_gfn.from_array(table.to_numpy(dtype=object), list(table.columns), interventions="what")
    assert data.names == ("raf", "mek", "akt")
    assert (data.intervened == MASK).all()
    assert any("20 of 40 rows have values that were set" in note for note in data.notes)
    (role,) = [role for role in data.roles if role.name == "what"]
    assert role.role == "left out"
    assert "--interventions" in role.reason


def test_numbers_count_the_other_columns_of_the_table_from_one(frame, tmp_path):
    table = frame.copy()
    table.insert(
        1, "INT", np.tile([0, 2, 3, 1], 10)
    )  # among the columns, and of floats where cells are empty
    expected = np.tile([[0, 0, 0], [0, 1, 0], [0, 0, 1], [1, 0, 0]], (10, 1)).astype(bool)
    assert (dag_gfn.from_frame(table, interventions="INT").intervened == expected).all()
    table["INT"] = table["INT"].where(table["INT"] > 0)
    assert (dag_gfn.from_frame(table, interventions="INT").intervened == expected).all()
    path = as_csv(table, tmp_path / "t.csv")
    assert (dag_gfn.read_csv(path, interventions="INT").intervened == expected).all()
    # numbers are those of the whole table, whatever is dropped
    fewer = dag_gfn.read_csv(path, interventions="INT", drop=["mek"])
    assert fewer.names == ("raf", "akt")
    assert (fewer.intervened == expected[:, [0, 2]]).all()
    assert any("'mek' is left out, so that this counts for nothing" in note for note in fewer.notes)


def test_an_index_column_of_a_file_is_not_counted(frame, tmp_path):
    table = frame.assign(INT=np.tile([0, 1, 0, 3], 10))
    table.to_csv(tmp_path / "t.csv")
    data = dag_gfn.read_csv(tmp_path / "t.csv", interventions="INT")
    assert data.names == ("raf", "mek", "akt")
    assert data.intervened.sum(axis=0).tolist() == [10, 0, 10]


def test_rows_that_are_dropped_take_their_interventions_along(frame):
    table = frame.assign(what=NAMED)
    table.loc[1, "mek"] = np.nan
    data = dag_gfn.from_frame(table, interventions="what", missing="drop")
    assert (data.intervened == np.delete(MASK, 1, axis=0)).all()


def test_a_file_has_a_matrix(frame, tmp_path):
    as_csv(pd.DataFrame(MASK[:, [2, 0]].astype(int), columns=["akt", "raf"]), tmp_path / "set.csv")
    data = dag_gfn.from_frame(frame, interventions=str(tmp_path / "set.csv"))
    assert (data.intervened == MASK).all()
    read = dag_gfn.read_csv(as_csv(frame, tmp_path / "t.csv"), interventions=tmp_path / "set.csv")
    assert (read.intervened == MASK).all()


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        (["rav", ""] * 20, r"'rav' was set \(rows 1, 3.*no column of the table: did you mean 'raf'\?"),
        ([4, 0] * 20, "says that variable 4 was set .* has 3 other columns"),
        (["zzz", ""] * 20, "its columns are 'raf', 'mek' and 'akt'"),
    ],
)
def test_unknown_names_are_refused_with_the_nearest(frame, cells, message):
    with pytest.raises(DataError, match=message):
        dag_gfn.from_frame(frame.assign(what=cells), interventions="what")


def test_files_that_do_not_fit_are_refused(frame, tmp_path):
    with pytest.raises(DataError, match=r"no column of the table and no file: did you mean 'raf'\?"):
        dag_gfn.from_frame(frame, interventions="raff")
    path = tmp_path / "set.csv"
    as_csv(pd.DataFrame({"maf": [0, 1] * 20}), path)
    with pytest.raises(DataError, match="has the column 'maf', which the table has not"):
        dag_gfn.from_frame(frame, interventions=path)
    as_csv(pd.DataFrame({"raf": [0, 2] * 20}), path)
    with pytest.raises(DataError, match="holds '2' in column 'raf'"):
        dag_gfn.from_frame(frame, interventions=path)
    as_csv(pd.DataFrame({"raf": [0, 1] * 19}), path)
    with pytest.raises(DataError, match="has 38 rows, the table 40"):
        dag_gfn.from_frame(frame, interventions=path)
    with pytest.raises(OptionError, match="give either intervened, a mask, or interventions"):
        dag_gfn.from_frame(frame, interventions="raf", intervened=MASK)


def test_the_case_of_three_columns_against_a_mask(rng):
    """x → y → z, where x and y were set in some rows: hand-made posteriors of a mask and of a column agree."""
    n = 300
    code = np.repeat([0, 1, 2], n // 3)
    x = rng.normal(size=n)
    y = np.where(code == 2, rng.normal(size=n), 0.8 * x + 0.6 * rng.normal(size=n))
    z = 0.8 * y + 0.6 * rng.normal(size=n)
    frame = pd.DataFrame({"x": x, "y": y, "z": z})
    mask = np.column_stack([code == 1, code == 2, np.zeros(n, dtype=bool)])
    by_mask = dag_gfn.fit(dag_gfn.from_frame(frame, intervened=mask), progress=False)
    by_column = dag_gfn.fit(dag_gfn.from_frame(frame.assign(INT=code), interventions="INT"), progress=False)
    np.testing.assert_array_equal(by_mask.marginal("edge").values, by_column.marginal("edge").values)
    edges = by_column.edge_marginals()
    assert edges.loc["x", "y"] > 0.99
    assert edges.loc["y", "z"] > 0.99
    assert by_column.experiments.targets == (((), 100), (("x",), 100), (("y",), 100))
    best = by_column.top_classes(1)[0]
    assert all(compelled for _, _, compelled in best.edges(data="compelled"))
