import os
from dataclasses import replace

import hypothesis.extra.numpy as arrays
import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from dag_gfn.data import Dataset, from_array, from_frame, read_csv
from dag_gfn.data.normal_scores import with_normal_margins
from dag_gfn.errors import DataError, OptionError
from dag_gfn.scores import BDeu

FRAME = pd.DataFrame(
    {
        "age": [20, 30, 41, 57],
        "bmi": [20.5, 31.0, 27.5, 22.0],
        "sex": ["f", "m", "f", "f"],
        "ill": [True, False, True, True],
    }
)


def write(tmp_path, text):
    path = tmp_path / "table.csv"
    path.write_text(text)
    return path


def test_continuous_table(tmp_path):
    data = read_csv(write(tmp_path, FRAME.to_csv(index=False)), drop=["sex", "ill"])
    assert (data.n, data.d, data.kind, data.names) == (4, 2, "continuous", ("age", "bmi"))
    assert (data.cardinalities, data.states, data.is_standardized) == ((0, 0), ((), ()), False)
    np.testing.assert_array_equal(data.values, FRAME[["age", "bmi"]])
    assert data.intervened is None
    assert data.notes == ()


def test_discrete_table():
    data = from_frame(FRAME, columns=["ill", "sex"])
    assert (data.kind, data.names, data.cardinalities) == ("discrete", ("ill", "sex"), (2, 2))
    assert data.states == (("False", "True"), ("f", "m"))
    np.testing.assert_array_equal(data.values, [[1, 0], [0, 1], [1, 0], [1, 0]])


@pytest.mark.parametrize("strict", [False, True])
def test_numeric_beside_discrete(strict):
    data = from_frame(FRAME, strict=strict)
    assert data.kind == "mixed"
    assert data.kinds == ("continuous", "continuous", "discrete", "discrete")
    assert [role.role for role in data.roles] == ["continuous", "continuous", "category", "category"]


@pytest.mark.parametrize("discrete", ["all", ["a", "b"], ("b", "a")])
def test_discrete_overrides_numbers(discrete):
    data = from_array(
        np.array([[0, 5.0], [1, 7], [0, 10], [1, 5], [0, 7], [1, 10]]), ["a", "b"], discrete=discrete
    )
    assert data.kind == "discrete"
    assert data.states == (("0", "1"), ("5", "7", "10"))


def test_unknown_discrete_name():
    with pytest.raises(DataError, match=r"--discrete .*'bmj'.*did you mean 'bmi'"):
        from_frame(FRAME, discrete=["bmj"])


def test_names_with_spaces_are_quoted_for_the_shell():
    frame = FRAME.assign(sex="f", ill=True).rename(columns={"sex": "sex at birth"})
    with pytest.raises(DataError, match='--drop "sex at birth,ill"'):
        from_frame(frame, strict=True)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a,b\n", "no rows below its header"),
        ("a,b\n1,2\n", "only one row"),
        ("a\n1\n2\n", "one column"),
        ("a,b\n1,2\n1,3\n", r"column 'a' is constant \('a' is 1 in every row\).*--drop a"),
        ("a,b\nu,v\nu,w\n", r"column 'a' is constant \('a' is u in every row\)"),
        ("a,b\n0,2\n0,2\n", "columns 'a' and 'b' are constant"),
        (
            "a,b\n1,2\n,3\n4,\n",
            r"column 'a' has 1 missing value \(row 2\); column 'b' has 1 missing value \(row 3\)",
        ),
        ("a,b\n1,2\ninf,3\n4,5\n", r"column 'a' has 1 infinite value \(row 2, counted from 1"),
        ("a,b\n1,2\n3,x\n4,5\n", r"column 'b' is 66% numbers, but row 2 .* holds 'x'"),
        ("day,b\n2020-01-01,2\n2020-01-02,3\n2020-01-03,4\n", "column 'day' has 3 distinct values.*--drop"),
        (
            ",".join(f"x{i}" for i in range(257)) + "\n" + ("1," * 257)[:-1] + "\n" + ("2," * 257)[:-1],
            "257 columns",
        ),
    ],
)
def test_unusable_tables_are_refused_in_one_line(tmp_path, text, message):
    with pytest.raises(DataError, match=message) as error:
        read_csv(write(tmp_path, text), strict=True)
    assert "\n" not in str(error.value)


def test_duplicate_columns_of_a_frame():
    with pytest.raises(DataError, match="'a' names more than one column"):
        from_frame(pd.DataFrame([[1, 2, 3], [4, 5, 7]], columns=["a", "a", "b"]))


def test_missing_rows_are_dropped_on_request(tmp_path):
    path = write(tmp_path, "a,b,c\n1,2,x\n,3,x\n4,5,x\n7,,x\n8,9,\n")
    data = read_csv(path, missing="drop", columns=["b", "a"])
    np.testing.assert_array_equal(data.values, [[2, 1], [5, 4], [9, 8]])  # c's missing value does not count
    assert data.notes == ("dropped 2 of 5 rows with missing values",)
    with pytest.raises(DataError, match=r"1 of 3 rows have no missing value.*column 'a' has 2"):
        from_array(np.array([[np.nan, 1], [np.nan, 2], [1, 3]]), ["a", "b"], missing="drop", strict=True)
    with pytest.raises(OptionError, match="'impute', 'drop', 'error' or 'level', not 'skip'"):
        read_csv(path, missing="skip")


def test_rows_in_errors_are_those_of_the_file_after_dropping(tmp_path):
    path = write(tmp_path, "a,b\n1,2\n,3\n5,6\n4,x\n7,8\n")
    with pytest.raises(DataError, match=r"row 4 .* holds 'x'"):
        read_csv(path, missing="drop", strict=True)


def test_written_index_is_dropped(tmp_path):
    frame = FRAME[["age", "bmi"]]
    data = read_csv(write(tmp_path, frame.to_csv()))
    assert data.names == ("age", "bmi")
    assert data.notes == ()
    assert data.roles[0].reason == "an unnamed row index"


def test_separator_is_noted_first(tmp_path):
    data = read_csv(write(tmp_path, "a;b\n1;2\n3;\n5;6\n"), missing="drop")
    assert data.notes == ("read semicolons as separators", "dropped 1 of 3 rows with missing values")


def test_interventions_follow_rows_and_columns():
    values = np.array([[1.0, 2, 3], [np.nan, 5, 6], [7, 8, 9], [10, 1, 2]])
    mask = np.array([[1, 0, 0], [0, 1, 0], [0, 0, 1], [0, 1, 0]], dtype=bool)
    frame = pd.DataFrame(values, columns=list("abc"))
    data = from_frame(frame, columns=["c", "a"], missing="drop", intervened=mask)
    np.testing.assert_array_equal(data.intervened, [[False, True], [True, False], [False, False]])
    assert data.standardize().intervened is data.intervened
    with pytest.raises(DataError, match=r"intervened has shape \(4, 2\)"):
        from_frame(frame, missing="drop", intervened=mask[:, :2])


def test_arrays_and_their_names():
    assert from_array(np.eye(3)).names == ("x0", "x1", "x2")
    with pytest.raises(DataError, match="2 names were given for the 3 columns"):
        from_array(np.eye(3), ["a", "b"])


def test_undeclared_and_absent_categories():
    frame = pd.DataFrame({"a": pd.Categorical(list("uvuv"), list("wvu")), "b": list("stst")})
    data = from_frame(frame)
    assert data.states[0] == ("w", "v", "u")
    assert data.cardinalities == (3, 2)
    assert data.notes == ("column 'a' declares 3 categories, 1 of which do not occur",)


def test_discrete_table_survives_a_frame():
    data = from_frame(FRAME, columns=["ill", "sex"])
    again = from_frame(data.to_frame())
    np.testing.assert_array_equal(again.values, data.values)
    assert (again.states, again.names) == (data.states, data.names)


@pytest.mark.parametrize("offset", [1e9, 0.1])
def test_rounding_noise_is_a_constant(offset, rng):
    noise = offset * (1 + rng.choice([0, 1, -2], size=50) * np.finfo(float).eps)
    with pytest.raises(DataError, match="column 'x0' is constant"):
        from_array(np.stack([noise, rng.normal(size=50)], axis=1), strict=True)
    with pytest.raises(DataError, match=r"'x0' \(constant"):
        from_array(np.stack([noise, rng.normal(size=50)], axis=1))
    from_array(np.stack([offset * (1 + 1e-9 * rng.normal(size=50)), rng.normal(size=50)], axis=1))


@given(
    values=arrays.arrays(
        np.float64, st.tuples(st.integers(2, 8), st.integers(2, 4)), elements=st.floats(-1e6, 1e6, width=32)
    ),
    exponent=st.integers(-900, 900),
)
def test_standardize_removes_location_and_scale(values, exponent):
    values = np.ldexp(values, exponent)
    spread = np.ptp(values, axis=0)
    assume((spread > 1e-6 * np.abs(values).max(axis=0)).all() and (spread > 1e-290).all())
    data = from_array(values).standardize()
    assert data.is_standardized
    np.testing.assert_allclose(data.values.mean(axis=0), 0, atol=1e-8)
    np.testing.assert_allclose(data.values.std(axis=0), 1, atol=1e-8)
    raw, back = np.ldexp(values, -exponent), np.ldexp(data.to_frame().to_numpy(), -exponent)
    np.testing.assert_allclose(back, raw, atol=1e-12 * np.abs(raw).max())


def test_standardize_records_population_moments(rng):
    values = rng.normal(loc=[3.0, -50.0], scale=[0.1, 20.0], size=(40, 2))
    data = from_array(values).standardize()
    np.testing.assert_allclose(data.means, values.mean(axis=0))
    np.testing.assert_allclose(data.scales, values.std(axis=0, ddof=0))
    twice = data.standardize()
    np.testing.assert_allclose(twice.to_frame().to_numpy(), values)
    with pytest.raises(DataError, match="only continuous"):
        from_frame(FRAME, columns=["sex", "ill"]).standardize()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"names": ("a",)}, "one column"),
        ({"names": ("a", "b", "c")}, "names has 3 entries for the 2 columns"),
        ({"names": ("a", "a")}, "more than one column"),
        ({"kinds": ("continuous", "numeric")}, "not 'numeric'"),
        ({"values": np.array([[0.0, np.inf], [1.0, 1.0]])}, r"'b' has infinite values \(row 1\)"),
        ({"values": np.array([[0.0, np.nan], [1.0, np.nan]])}, "'b' has no value in any row"),
        ({"values": np.array([[0.0, np.nan], [1.0, 1.0]])}, "'b' is constant"),
        ({"weights": np.array([1.0, 0.0])}, r"weights must be positive.*row 2"),
        ({"groups": (("g", ("a", "z")),)}, "unknown columns 'z'"),
        ({"values": np.array([[0.0, 1.0]])}, "the table has 1 rows"),
    ],
)
def test_invariants_of_a_continuous_dataset(changes, message):
    data = from_array(np.array([[0.0, 1.0], [1.0, 3.0]]), ["a", "b"])
    with pytest.raises(DataError, match=message):
        replace(data, **changes)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"values": np.array([[0.0, 2.0], [1.0, 1.0]])}, "'b' has codes other than the whole numbers 0 to 1"),
        ({"values": np.array([[0.5, 0.0], [1.0, 1.0]])}, "'a' has codes other"),
        ({"states": (("u", "v"), ("s", "s"))}, "'b' has 2 states but 1 distinct labels"),
        ({"cardinalities": (2, 3)}, "'b' has 3 states but 2 distinct labels"),
    ],
)
def test_invariants_of_a_discrete_dataset(changes, message):
    data = from_array(np.array([["u", "s"], ["v", "t"]], dtype=object), ["a", "b"])
    with pytest.raises(DataError, match=message):
        replace(data, **changes)


def test_a_mixed_table_with_missing_cells_keeps_its_codes_when_standardized():
    values = np.array([[1.0, 0.0], [np.nan, 1.0], [5.0, np.nan], [3.0, 2.0]])
    data = Dataset(
        values,
        names=("dose", "pain"),
        kinds=("continuous", "ordinal"),
        cardinalities=(0, 3),
        states=((), ("none", "some", "much")),
        means=np.zeros(2),
        scales=np.ones(2),
    )
    assert data.kind == "mixed"
    assert data.has_ordinal
    assert data.has_missing
    assert data.missing.tolist() == np.isnan(values).tolist()
    scored = data.standardize()
    np.testing.assert_array_equal(scored.values[:, 1], values[:, 1])
    np.testing.assert_allclose(scored.means, [3.0, 0.0])
    np.testing.assert_allclose(scored.scales, [np.sqrt(8 / 3), 1.0])
    frame = scored.to_frame()
    np.testing.assert_allclose(frame["dose"], values[:, 0])
    assert frame["pain"].cat.ordered
    assert frame["pain"].tolist()[0] == "none"
    assert frame["pain"].isna()[2]


def test_a_score_refuses_missing_cells():
    data = from_array(np.array([["u", "s"], ["v", "t"]], dtype=object))
    with pytest.raises(DataError, match="1 of 2 have a missing cell"):
        BDeu(replace(data, values=np.array([[0.0, np.nan], [1.0, 1.0]])))


def test_weights_count_as_repeated_rows_when_standardizing():
    values = np.random.default_rng(0).normal(size=(5, 2))
    data = replace(from_array(values), weights=np.array([1.0, 2.0, 3.0, 1.0, 1.0]))
    repeated = from_array(values[[0, 1, 1, 2, 2, 2, 3, 4]])
    assert data.total_weight == repeated.total_weight == 8.0
    np.testing.assert_allclose(data.standardize().means, repeated.standardize().means)
    np.testing.assert_allclose(data.standardize().scales, repeated.standardize().scales)
    assert replace(data, weights=np.ones(5)).weights is None


def test_a_state_that_does_not_occur_is_no_constant():
    data = from_array(np.array([["u", "s"], ["v", "t"]], dtype=object))
    assert replace(data, values=np.zeros((2, 2))).n == 2


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="the superuser reads every file")
def test_unreadable_file(tmp_path):
    path = write(tmp_path, "a,b\n1,2\n")
    path.chmod(0)
    with pytest.raises(DataError, match="cannot be read"):
        read_csv(path)


def test_some_rows_keep_what_belongs_to_them(rng):
    values = np.exp(rng.normal(size=(20, 3)))
    data = with_normal_margins(from_array(values))
    data = replace(data, intervened=values > 1.5, weights=1.0 + np.arange(20.0))
    rows = np.array([3, 3, 17])
    some = data.of_rows(rows, weights=data.weights[rows])
    for name in ("values", "intervened", "own_values", "weights"):
        np.testing.assert_array_equal(getattr(some, name), getattr(data, name)[rows])
    kept = values[:, 0] > 1.0
    assert data.of_rows(kept).n == kept.sum()
    assert data.of_rows(kept).weights is None
    assert data.of_rows(kept).scales.tolist() == data.scales.tolist()
