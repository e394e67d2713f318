import shlex

import numpy as np
import pandas as pd
import pytest

from dag_gfn.data.messages import listed, one_line, option_value, quoted, row_numbers


def test_lists_are_cut_short():
    assert quoted(["a"]) == "'a'"
    assert quoted("abc") == "'a', 'b' and 'c'"
    assert listed("abcd", limit=2) == "a, b and 2 more"
    assert row_numbers(np.array([False, True])) == "row 2"
    assert row_numbers(np.ones(7, dtype=bool)) == "rows 1, 2, 3, 4, 5, ..."


def test_rows_have_the_numbers_of_the_whole_table():
    where = np.array([False, True, True])
    assert row_numbers(where, np.array([3, 7, 9])) == "rows 8, 10"
    assert row_numbers(where, pd.Index([3, 7, 9])) == "rows 8, 10"
    assert row_numbers(where, limit=1) == "rows 2, ..."


def test_names_are_shown_in_one_line_of_bounded_length():
    assert one_line("a\n b\t c ") == "a b c"
    assert one_line(12) == "12"
    assert one_line("x" * 60) == "x" * 60
    shown = one_line("begins " + "x" * 60 + " ends")
    assert len(shown) <= 60
    assert shown.startswith("begins x")
    assert shown.endswith("x ends")


@pytest.mark.parametrize(
    ("names", "parts"),
    [
        (["age", "job"], "age,job"),
        (["body mass", "sex"], "body mass,sex"),
        (["(x)"], "(x)"),
        (["a,b", "c"], '"a,b",c'),
        (["größe", "x.1"], "größe,x.1"),
    ],
)
def test_a_shell_passes_the_value_of_an_option_whole(names, parts):
    assert shlex.split(f"--drop {option_value(names)}") == ["--drop", parts]
