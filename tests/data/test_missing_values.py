import numpy as np

from dag_gfn.data.missing_values import missing_values_error, too_few_rows_error


def test_missing_values_are_counted_by_column_and_row():
    absent = np.zeros((500, 3), dtype=bool)
    absent[[16, 202, 410], 0] = True
    absent[3, 2] = True
    message = str(missing_values_error(absent, ("age", "height", "weight")))
    assert message.startswith(
        "column 'age' has 3 missing values (rows 17, 203, 411); column 'weight' has 1 missing"
    )
    assert "counted from 1" in message
    assert "--missing drop (missing='drop')" in message
    assert "height" not in message


def test_the_error_names_codes_and_counts_further_columns():
    absent = np.zeros((10, 6), dtype=bool)
    absent[0] = True
    codes = [{"?": 1}, *[{}] * 5]
    message = str(missing_values_error(absent, tuple("abcdef"), codes=codes, numbers=np.arange(10) + 20))
    assert "column 'a' has 1 missing value, written '?' (row 21)" in message
    assert "and 2 more columns" in message


def test_the_remedy_suits_the_table():
    empty = np.zeros((10, 3), dtype=bool)
    empty[:, 1] = True
    message = str(missing_values_error(empty, ("a", "b", "c")))
    assert "leave out columns without any value with --drop b (drop=[...])" in message
    assert "--missing drop" not in message
    empty[0, 0] = True
    assert "--drop b (drop=[...]) and the other rows" in str(missing_values_error(empty, ("a", "b", "c")))
    many = np.zeros((10, 3), dtype=bool)
    many[:6, 2] = True
    assert "would leave 4 of 10 rows" in str(missing_values_error(many, ("a", "b", "c")))


def test_too_few_rows_name_the_columns_to_leave_out():
    absent = np.zeros((10, 3), dtype=bool)
    absent[:9, 2] = True
    message = str(too_few_rows_error(absent, ("a", "b", "c")))
    assert message.startswith("1 of 10 rows have no missing value, at least 2 are needed")
    assert "--drop c leaves 10 rows complete" in message
    absent[2:, 0] = absent[:8, 1] = True
    assert "column 'c' has 9" in str(too_few_rows_error(absent, ("a", "b", "c")))
