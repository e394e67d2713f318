import gzip

import numpy as np
import pytest

from dag_gfn.data.covariance_file import is_covariance_file, matrix_in, read_covariance
from dag_gfn.errors import DataError, OptionError

S = [[4.0, 1.5, -0.5], [1.5, 9.0, 2.0], [-0.5, 2.0, 1.25]]


@pytest.mark.parametrize(
    ("text", "n"),
    [
        ("50\na b c\n4\n1.5 9\n-.5 2 1.25\n", 50),
        ("50\na\tb\tc\n4.0\n1.5\t9\n-0.5\t2\t1.25\n", 50),
        (" 50 \n  a   b   c \n 4.0\n 1.5  9\n -0.5  2  1.25", 50),
        ("/covariance\n// of a survey\n50\na b c\n4\n1.5 9\n-.5 2 1.25\n", 50),
        ("50,,\na,b,c\n4,,\n1.5,9,\n-.5,2,1.25\n", 50),
        ("a,b,c\n4,1.5,-.5\n1.5,9,2\n-.5,2,1.25\n", None),
        (",a,b,c\na,4,1.5,-.5\nb,1.5,9,2\nc,-.5,2,1.25\n", None),
        ('"","a","b","c"\n"a",4,1.5,-.5\n"b",1.5,9,2\n"c",-.5,2,1.25\n', None),
        ('"a" "b" "c"\n"a" 4 1.5 -.5\n"b" 1.5 9 2\n"c" -.5 2 1.25\n', None),
        ("name|a|b|c\na|4|1.5|-.5\nb|1.5|9|2\nc|-.5|2|1.25\n", None),
        ("a;b;c\n4;1,5;-0,5\n1,5;9;2\n-0,5;2;1,25\n", None),
        ("a b c\n4 1,5 -0,5\n1,5 9 2\n-0,5 2 1,25\n", None),
        ("a b c\n4 1.5 -.5\n9 2\n1.25\n", None),
        (",a,b,c\na,4,1.5,-.5\nb,,9,2\nc,,,1.25\n", None),
        (",a,b,c\r\na,4,,\r\nb,1.5,9,\r\nc,-.5,2,1.25\r\n\r\n", None),
        ("\ufeff# made in 2020\na,b,c\n4e0,1.5,-5e-1\n1.5,9,2\n-.5,2,1.25\n", None),
    ],
)
def test_spellings_of_one_matrix(tmp_path, text, n):
    path = tmp_path / "cov.txt"
    path.write_text(text, encoding="utf-8", newline="")
    matrix = matrix_in(path)
    assert (matrix.names, matrix.n) == (("a", "b", "c"), n)
    np.testing.assert_array_equal(matrix.values, S)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a,b\n1,x\n2,3\n", "'x' in the line of 'a' is not a number"),
        ("a,b\n1,2\n", "2 names are followed by 1 lines of numbers"),
        ("a,b\nb,1,2\na,2,5\n", "its lines are called 'b' and 'a', its columns 'a' and 'b'"),
        ("1,2\n2,5\n", r"first line \(1 2\) does not name columns"),
        ("a,b\n1,\n,1\n", "the cell of 'a' and 'b' is empty"),
        ("a b c\n1 2\n3\n4\n", "the line of 'a' has 2 numbers, not 1 or 3"),
        ("hello", "does not name columns"),
        ("50\n", "does not name columns"),
    ],
)
def test_other_tables_are_refused_with_a_reason(tmp_path, text, message):
    path = tmp_path / "cov.txt"
    path.write_text(text)
    with pytest.raises(DataError, match=rf"cov\.txt' holds no covariance matrix: .*{message}") as error:
        matrix_in(path)
    assert "\n" not in str(error.value)


def test_the_number_of_rows_may_be_given(tmp_path):
    path = tmp_path / "cov.csv.gz"
    path.write_bytes(gzip.compress(b"a,b\n1,.5\n.5,1\n"))
    data = read_covariance(path, rows=20)
    assert (data.total_weight, data.notes) == (20.0, ("took a correlation matrix of 20 rows",))
    with pytest.raises(DataError, match=r"cov\.csv\.gz' does not say how many rows .*--rows"):
        read_covariance(path)
    with pytest.raises(OptionError, match="at least 2, not 1"):
        read_covariance(path, rows=1)


def test_the_number_that_is_given_counts(tmp_path):
    path = tmp_path / "cov.txt"
    path.write_text("50\na b\n1\n.5 1\n")
    assert read_covariance(path).total_weight == 50
    data = read_covariance(path, rows=20)
    assert data.total_weight == 20
    assert data.notes[1] == "took 20 for the number of rows, though the file says 50"


def test_columns_are_chosen(tmp_path):
    path = tmp_path / "cov.txt"
    path.write_text("50\na b c\n4\n1.5 9\n-.5 2 1.25\n")
    for data in (read_covariance(path, columns=["c", "a"]), read_covariance(path, drop=["b"])):
        i, j = data.names.index("a"), data.names.index("c")
        moments = (data.values.T * data.weights) @ data.values / 49
        np.testing.assert_allclose(moments[np.ix_([i, j], [i, j])], [[4, -0.5], [-0.5, 1.25]], rtol=1e-12)
    with pytest.raises(DataError, match="'z', which is no column"):
        read_covariance(path, drop=["z"])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("50\na b\n4\n1.5 9\n", True),
        ("a b\n4 1.5\n1.5 9\n", False),  # rows of numbers look the same
        ("50\n60\n70\n", False),
        ("", False),
    ],
)
def test_files_that_begin_with_a_number_of_rows_are_known(tmp_path, text, expected):
    path = tmp_path / "cov.txt"
    path.write_text(text)
    assert is_covariance_file(path) is expected
    assert not is_covariance_file(tmp_path / "absent.txt")
