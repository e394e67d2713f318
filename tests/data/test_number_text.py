import numpy as np
import pytest

from dag_gfn.data.number_text import decimal_sign, looks_like_number, read_numbers


@pytest.mark.parametrize(
    ("texts", "values", "how"),
    [
        (["1.5", "-2", "3e-4", "+.5", "7."], [1.5, -2, 3e-4, 0.5, 7], ()),
        (["1,5", "-2", "12,25"], [1.5, -2, 12.25], ("decimal commas",)),
        (
            ["4.552,72", "813,24", "1.234.567,5"],
            [4552.72, 813.24, 1234567.5],
            ("points as separators of thousands", "decimal commas"),
        ),
        (["1,234.5", "813.2", "1,234,567"], [1234.5, 813.2, 1234567], ("commas as separators of thousands",)),
        (["1 234", "56", "1 234 567"], [1234, 56, 1234567], ("blanks as separators of thousands",)),
        (["1\u00a0234", "56\u202f789"], [1234, 56789], ("blanks as separators of thousands",)),
        (["1'234.5", "7.25"], [1234.5, 7.25], ("apostrophes as separators of thousands",)),
        (["1’234", "7"], [1234, 7], ("apostrophes as separators of thousands",)),
        (["\u22121.5", "2"], [-1.5, 2], ("typographic minus signs",)),
        (["$12.50", "-$3", "$ 1,200"], [12.5, -3, 1200], None),
        (["12,50 €", "3 €"], [12.5, 3], ("currency signs (€)", "decimal commas")),
        (["3.4%", "12 %", "0%"], [3.4, 12, 0], ("percent signs",)),
        (["(1.5)", "2", "(3)"], [-1.5, 2, -3], ("numbers in brackets as negative",)),
        (["($1,200.50)", "$3"], [-1200.5, 3], None),
        (["\u22120.802", "1.335"], [-0.802, 1.335], ("typographic minus signs",)),  # no group begins with 0
    ],
)
def test_notations(texts, values, how):
    reading = read_numbers(texts)
    np.testing.assert_array_equal(reading.values, values)
    assert how is None or reading.how == how
    assert reading.doubt == ""


@pytest.mark.parametrize(
    ("texts", "separator", "decimal", "values"),
    [
        (["1,234", "5,678"], ",", None, [1234, 5678]),
        (["1,234", "5,678"], ";", None, [1.234, 5.678]),
        (["1,234", "813"], "\t", None, [1234, 813]),
        (["1,234", "5,678"], "\t", None, [1.234, 5.678]),
        (["1,234", "5,678"], ",", ",", [1.234, 5.678]),
        (["1,234", "5,678"], ";", ".", [1234, 5678]),
        (["1.234", "813"], ";", ",", [1234, 813]),
    ],
)
def test_a_notation_that_could_be_another_is_decided_by_the_file_and_said(texts, separator, decimal, values):
    reading = read_numbers(texts, separator=separator, decimal=decimal)
    np.testing.assert_array_equal(reading.values, values)
    assert f"({texts[0]} is {values[0]:.15g})" in reading.doubt


def test_points_alone_are_decimal_points():
    assert read_numbers(["1.234", "5.678"], separator=";").values.tolist() == [1.234, 5.678]
    assert read_numbers(["0.234", "5.678"], separator=";", decimal=",").values.tolist() == [0.234, 5.678]


@pytest.mark.parametrize(
    "texts",
    [
        ["$3", "4 €"],  # two units
        ["3%", "4"],
        ["1_000", "2"],
        ["12 kg", "3 kg"],
        ["2020-01-02", "2020-01-03"],
        ["12:30", "1:15"],
        ["1.2.3", "1.2.4"],
        ["1,23,45", "6"],
        ["٣", "x"],
    ],
)
def test_what_is_no_number_stays_text(texts):
    assert not read_numbers(texts).found.all()


def test_a_comma_in_an_odd_cell_is_no_doubt_about_the_others():
    reading = read_numbers(["0.300", "\u22121", "1.374", "a,b", "2.500"])
    assert reading.found.tolist() == [True, True, True, False, True]
    assert reading.doubt == ""


def test_one_odd_cell_is_found():
    reading = read_numbers(["1,5", "abc", "2,5", "3,25"])
    assert reading.found.tolist() == [True, False, True, True]
    assert reading.values[0] == 1.5


def test_numbers_are_rounded_as_python_does(rng):
    texts = [repr(float(x)) for x in rng.normal(size=200) * 10.0 ** rng.integers(-300, 300, size=200)]
    assert read_numbers(texts).values.tolist() == [float(text) for text in texts]


def test_decimal_signs_beyond_doubt():
    assert decimal_sign(["1,5", "2"]) == ","
    assert decimal_sign(["1.234,5", "1.234"]) == ","
    assert decimal_sign(["1,234.5"]) == "."
    assert decimal_sign(["0.123"]) == "."
    assert decimal_sign(["1,234", "5"]) is None
    assert decimal_sign(["1,5", "2.5"]) is None
    assert decimal_sign(["a,b"]) is None
    assert looks_like_number("1.234,5")
    assert not looks_like_number("Q1")
