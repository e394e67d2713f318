import pytest

from dag_gfn.data.column_selection import as_names, check_names, select_columns
from dag_gfn.errors import DataError

NAMES = ("age", "height", "weight")


@pytest.mark.parametrize(
    ("columns", "drop", "positions"),
    [
        (None, None, [0, 1, 2]),
        (["weight", "age"], None, [2, 0]),
        (None, ["height"], [0, 2]),
        (["weight", "age", "height"], ["age"], [2, 1]),
        (None, "height", [0, 2]),
    ],
)
def test_columns_keep_their_asked_order(columns, drop, positions):
    kept, left_out = select_columns(NAMES, columns, drop)
    assert kept == positions
    assert [role.name for role in left_out] == [name for i, name in enumerate(NAMES) if i not in positions]
    assert {role.reason for role in left_out} <= {"--drop", "not among --columns"}


@pytest.mark.parametrize("option", ["columns", "drop", "keep"])
def test_unknown_names_suggest_near_ones(option):
    with pytest.raises(DataError, match=rf"--{option} .* names 'hieght', .* did you mean 'height'\?"):
        select_columns(NAMES, **{"columns": None, "drop": None, option: ["hieght"]})
    with pytest.raises(DataError, match="its columns are 'age', 'height' and 'weight'"):
        select_columns(NAMES, **{"columns": None, "drop": None, option: ["zzz"]})


def test_a_written_index_is_left_out():
    names = ("Unnamed: 0", *NAMES)
    positions, (role,) = select_columns(names, None, None, has_index=True)
    assert positions == [1, 2, 3]
    assert role.reason == "an unnamed row index"
    assert select_columns(names, None, ["Unnamed: 0"], has_index=True)[0] == [1, 2, 3]
    assert select_columns(names, ["Unnamed: 0", "age"], None, has_index=True)[0] == [0, 1]
    assert select_columns(names, None, None, keep=["Unnamed: 0"], has_index=True)[0] == [0, 1, 2, 3]


def test_columns_without_name_and_value_are_left_out():
    names = ("age", "Unnamed: 1", "height", "Unnamed: 3")
    positions, left_out = select_columns(names, None, None, without_value={1, 3})
    assert positions == [0, 2]
    assert {role.reason for role in left_out} == {"without a name and without any value"}
    assert select_columns(names, ["age", "Unnamed: 3"], None, without_value={1, 3})[0] == [0, 3]


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ((), "no columns"),
        (("a",), r"one column \('a'\)"),
        (tuple(f"x{i}" for i in range(257)), "257 columns, at most 256"),
        (("a", " "), "column 2 has no name"),
        (("a", "b", "a"), "'a' names more than one column"),
    ],
)
def test_names_are_checked(names, message):
    with pytest.raises(DataError, match=message):
        check_names(names)


def test_256_names_are_accepted():
    check_names(tuple(f"x{i}" for i in range(256)))


def test_names_may_be_one_string():
    assert as_names("age") == ("age",)
    assert as_names(None) == ()
    assert as_names([1, "b"]) == ("1", "b")
