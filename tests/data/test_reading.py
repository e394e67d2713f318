import numpy as np
import pandas as pd
import pytest

import dag_gfn
from dag_gfn.data import data_warnings, from_array, from_frame, read_csv
from dag_gfn.errors import DataError
from dag_gfn.fitting.prepare import as_dataset


@pytest.fixture
def write(tmp_path):
    def write(text):
        path = tmp_path / "table.csv"
        path.write_text(text)
        return path

    return write


def rows(*cells, times=1):
    return "\n".join(",".join(map(str, row)) for _ in range(times) for row in cells) + "\n"


def test_codes_that_look_like_numbers_stay_apart(write):
    path = write("version,zip\n" + rows(("1.10", "01"), ("1.1", "1"), ("1.2", "02"), times=4))
    data = read_csv(path, discrete="all")
    assert data.states == (("1.1", "1.10", "1.2"), ("01", "1", "02"))
    assert any("'1.1' and '1.10' apart" in note for note in data.notes)
    assert read_csv(path).kind == "continuous"


def test_whole_numbers_beside_missing_values_lose_their_point(write):
    data = read_csv(write("a,b\n1.0,x\n2.0,y\n1.0,x\n2.0,y\n"), discrete=["a"])
    assert data.states[0] == ("1", "2")


@pytest.mark.parametrize("odd", ["abc", "n.d.", "Total", "<0.1"])
def test_types_are_decided_after_rows_are_dropped(write, odd):
    data = read_csv(write(f"a,b\n1,2\n{odd},\n3,5\n4,4\n"), missing="drop")
    assert data.kind == "continuous"
    assert data.n == 3


def test_question_marks_are_missing_named_and_counted(write):
    path = write("job, sex\n?, f\ncook, m\nnurse, f\ncook, f\n?, m\nnurse, m\n")
    found = r"'job' has 2 missing values, written '\?' \(rows 1, 5\).*--missing drop"
    with pytest.raises(DataError, match=found):
        read_csv(path, missing="error")
    data = read_csv(path, missing="drop")
    assert data.states[0] == ("cook", "nurse")
    assert "took '?' in 'job' (2 cells) for missing values" in data.notes


def test_na_values_name_further_codes(write):
    path = write("a,b\n1,x\n-999,y\n2,unknown\n3,x\n4,y\n5,x\n6,y\n")
    both = r"'a' has 1 missing value, written '-999'.*'b' has 1 missing value, written 'unknown'"
    with pytest.raises(DataError, match=both):
        read_csv(path, na_values=["-999", "unknown"], missing="error")
    frame = pd.DataFrame({"a": [1.0, -999, 2, 3], "b": [5, 6, 7, -999]})
    for codes in (["-999"], [-999], -999, "-999.0"):
        data = from_frame(frame, na_values=codes, missing="drop")
        np.testing.assert_array_equal(data.values, [[1, 5], [2, 7]])
    assert from_array(frame.to_numpy(), na_values=[-999], missing="drop").n == 2
    assert any("no cell holds '77'" in note for note in from_frame(frame, na_values=["77"]).notes)


@pytest.mark.parametrize("separator", [";", "\t"])
def test_decimal_commas_beside_semicolons_and_tabs(write, separator):
    text = "a,b\n1.5,2.25\n3.5,4.75\n0.5,7.0\n"
    swapped = text.replace(",", separator).replace(".", ",")
    data = read_csv(write(swapped))
    np.testing.assert_array_equal(data.values, [[1.5, 2.25], [3.5, 4.75], [0.5, 7]])
    assert "read decimal commas in 'a' and 'b'" in data.notes


def test_other_columns_decide_what_a_sign_means(write):
    data = read_csv(write("pay;rent\n1.234;813,5\n5.678;1.100,25\n813;90,1\n"))
    np.testing.assert_array_equal(data.values, [[1234, 813.5], [5678, 1100.25], [813, 90.1]])
    assert any("1.234 is 1234" in note for note in data.notes)


def test_an_integer_of_400_digits_is_one_line(write):
    path = write("a,b\n1,2\n" + "9" * 400 + ",3\n4,4\n")
    with pytest.raises(DataError, match=r"'a' holds a number beyond 1.8e308 \(row 2") as error:
        read_csv(path, strict=True)
    assert len(str(error.value)) < 300
    frame = pd.DataFrame({"a": [1, 10**400, 3], "b": [1.0, 2, 4]})
    with pytest.raises(DataError, match=r"beyond 1\.8e308"):
        from_frame(frame, strict=True)
    for data in (read_csv(path), from_frame(frame)):  # else the cell is missing, and its role says so
        assert data.missing[:, 0].tolist() == [False, True, False]
        assert "count as missing" in data.roles[0].reason
        assert len(data.roles[0].reason) < 300


def test_trailing_commas_and_unnamed_columns(write):
    data = read_csv(write("a,b,\n1,2,\n3,5,\n4,4,\n"))
    assert data.names == ("a", "b")
    assert data.roles[2].reason == "without a name and without any value"
    path = write("a,b,\n1,2,3\n3,5,\n4,4,7\n")
    assert read_csv(path, drop=["Unnamed: 2"]).names == ("a", "b")
    frame = pd.DataFrame({"a": [1, 2, 4], "b": [3, 1, 2], "Unnamed: 2": [np.nan] * 3})
    assert from_frame(frame).names == ("a", "b")


def test_columns_without_any_value_are_named_with_the_option(write):
    path = write("a,b,c\n1,2,\n3,5,\n4,4,\n")
    with pytest.raises(DataError, match="columns without any value with --drop c "):
        read_csv(path, strict=True)
    with pytest.raises(DataError, match="--drop c leaves 3 rows"):
        read_csv(path, missing="drop", strict=True)
    assert read_csv(path).roles[2].reason == "no value in any row"


def test_columns_of_too_many_states_are_named_together(rng):
    frame = pd.DataFrame({f"c{k}": [f"{k}-{i}" for i in range(30)] for k in range(2)}).assign(x=[0.0, 1] * 15)
    with pytest.raises(DataError, match=r"'c0' has 30 distinct values.*Likewise 'c1': --drop c0,c1 leaves"):
        from_frame(frame, strict=True)


@pytest.mark.parametrize("counts", [np.arange(12) * 7 + 3, np.arange(12) * 5 % 12 + 1])
def test_a_table_of_counts_is_recognised(counts):
    frame = pd.MultiIndex.from_product([["yes", "no"], ["f", "m"], list("ABC")]).to_frame(index=False)
    frame.columns = ["in", "sex", "dept"]
    frame = frame.assign(Freq=counts)
    data = from_frame(frame)
    assert data.roles[3].role == "weights"
    assert data.total_weight == counts.sum()
    assert not any("counts" in text for text in data_warnings(data))
    assert any("--weights Freq" in text for text in data_warnings(from_frame(frame, strict=True)))
    repeated = frame.loc[frame.index.repeat(frame["Freq"])].drop(columns=["Freq"])
    assert not any("counts" in text for text in data_warnings(from_frame(repeated)))
    assert any("table of counts" in text for text in data_warnings(from_frame(frame, drop=["Freq"])))


def test_every_door_gives_the_same_kinds(write, rng):
    polars = pytest.importorskip("polars")
    arrow = pytest.importorskip("pyarrow")
    frame = pd.DataFrame({"a": rng.choice(["u", "v"], 40), "b": rng.choice(["x", "y", "z"], 40)})
    frame["c"] = rng.random(40) < 0.5
    expected = from_frame(frame)
    table = arrow.Table.from_pandas(frame.astype({"a": "category", "b": "category"}))
    doors = [
        read_csv(write(frame.to_csv(index=False))),
        from_array(frame.to_numpy(dtype=object), list("abc")),
        from_frame(frame.astype("category")),
        from_frame(frame.convert_dtypes(dtype_backend="pyarrow")),
        from_frame(table.to_pandas(types_mapper=pd.ArrowDtype)),
        from_frame(table),
        from_frame(polars.from_pandas(frame)),
    ]
    for data in doors:
        assert (data.kinds, data.states) == (expected.kinds, expected.states)
        np.testing.assert_array_equal(data.values, expected.values)
    # A categorical column keeps its own order of states.
    categorical = from_frame(polars.from_pandas(frame).with_columns(polars.col("a").cast(polars.Categorical)))
    assert set(categorical.states[0]) == {"u", "v"}
    posterior = dag_gfn.fit(polars.from_pandas(frame), method="exact", progress=False)
    assert posterior.names == ("a", "b", "c")


def test_polars_without_pyarrow(monkeypatch, rng):
    polars = pytest.importorskip("polars")
    frame = polars.DataFrame({"a": [1.5, 2.5, None], "b": [3, 1, 2]})

    def fails(self):
        raise ModuleNotFoundError("pyarrow")

    monkeypatch.setattr(polars.DataFrame, "to_pandas", fails)
    np.testing.assert_array_equal(from_frame(frame, missing="drop").values, [[1.5, 3], [2.5, 1]])


def test_a_lazy_frame_is_collected():
    polars = pytest.importorskip("polars")
    frame = polars.DataFrame({"a": [1.5, 2.0, 4.0], "b": [2.0, 1.0, 3.5]})
    np.testing.assert_array_equal(as_dataset(frame.lazy()).values, as_dataset(frame).values)


def test_what_is_no_table_is_named_with_its_library():
    networkx = pytest.importorskip("networkx")
    with pytest.raises(DataError, match=r"not networkx\.DiGraph"):
        dag_gfn.fit(networkx.DiGraph())


def test_codes_in_frames(rng):
    frame = pd.DataFrame({"a": ["1.5", "?", "2.5", "4"], "b": [1.0, 2, 3, 5]})
    data = from_frame(frame, missing="drop")  # text only because of the sign
    assert data.kind == "continuous"
    np.testing.assert_array_equal(data.values, [[1.5, 1], [2.5, 3], [4, 5]])
    categories = pd.DataFrame({"a": pd.Categorical(list("u?vuv")), "b": list("xyxyx")})
    assert from_frame(categories, missing="drop").states[0] == ("u", "v")


def test_a_mask_without_any_true_is_no_intervention(rng):
    values = rng.normal(size=(50, 3))
    plain = from_array(values)
    masked = from_array(values, intervened=np.zeros((50, 3), dtype=bool))
    assert masked.intervened is None
    first, second = (dag_gfn.fit(data, method="exact", progress=False) for data in (plain, masked))
    assert {**first.info, "timing": 0} == {**second.info, "timing": 0}
    one = np.zeros((50, 3), dtype=bool)
    one[0, 2] = True
    frame = pd.DataFrame(values, columns=list("abc"))
    assert from_frame(frame, columns=["a", "b"], intervened=one).intervened is None
    assert from_frame(frame, intervened=pd.DataFrame(one)).intervened.sum() == 1


def weighted_table(rng, n=40):
    frame = pd.DataFrame(
        {"a": rng.choice(["x", "y"], n), "b": rng.normal(size=n), "wt": rng.uniform(0.5, 2, n).round(3)}
    )
    frame.loc[[2, 5], "wt"] = 0
    return frame


def test_a_column_of_weights_is_no_variable_through_every_door(tmp_path, rng):
    frame = weighted_table(rng)
    frame.to_csv(tmp_path / "t.csv", index=False)
    used = np.delete(np.arange(40), [2, 5])
    for data in (
        from_frame(frame, weights="wt"),
        read_csv(tmp_path / "t.csv", weights="wt"),
        from_frame(frame.drop(columns="wt"), weights=frame["wt"]),
        from_frame(frame, weights="wt", columns=["a", "b"]),
        from_frame(frame, weights="wt", strict=True),
        from_frame(frame.drop(columns="wt"), weights=frame["wt"].tolist()),
    ):
        assert data.names == ("a", "b")
        np.testing.assert_allclose(data.weights, frame["wt"][used])
        np.testing.assert_allclose(data.values[:, 1], frame["b"][used])
        assert "dropped 2 of 40 rows of weight 0" in data.notes
        assert [role.role for role in data.roles] == ["category", "continuous", "weights"]


def test_weights_beside_a_mask_of_interventions(rng):
    mask = np.zeros((40, 2), dtype=bool)
    mask[7, 1] = True
    data = from_array(rng.normal(size=(40, 2)), weights=np.full(40, 2.0), intervened=mask)
    np.testing.assert_array_equal(data.intervened, mask)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"weights": "w"}, "--weights .* names 'w', which is no column"),
        ({"weights": "a"}, "column 'a' holds no numbers"),
        ({"weights": "a", "strict": True}, "column 'a' holds no numbers"),
        ({"weights": "wt", "drop": ["wt"]}, "named by --weights and by --drop"),
        ({"weights": np.ones(3)}, r"weights has shape \(3,\) for 40 rows"),
    ],
)
def test_what_cannot_be_weights_is_refused(options, message, rng):
    with pytest.raises(DataError, match=message):
        from_frame(weighted_table(rng), **options)


@pytest.mark.parametrize("strict", [False, True])
def test_weights_with_a_negative_or_missing_cell_are_refused(strict, rng):
    for cell, message in (
        (-1.0, r"1 negative cell \(row 8\)"),
        (np.nan, r"1 cell without a number \(row 8\)"),
    ):
        frame = weighted_table(rng)
        frame.loc[7, "wt"] = cell
        with pytest.raises(DataError, match=message):
            from_frame(frame, weights="wt", strict=strict, missing="drop")
