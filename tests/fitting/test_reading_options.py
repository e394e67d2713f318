"""The options of reading, beside the functions that read."""

import inspect

import numpy as np
import pandas as pd

import dag_gfn
from dag_gfn.fitting.reading_options import CovarianceOptions, ReadingOptions
from dag_gfn.options import options_of


def test_reading_options_are_the_keywords_of_what_reads():
    for function in (dag_gfn.read_csv, dag_gfn.from_frame):
        parameters = inspect.signature(function).parameters
        for name, option in options_of(ReadingOptions).items():
            assert parameters[name].default == option.default


def test_every_keyword_of_both_functions_is_an_option():
    read = [
        set(inspect.signature(function).parameters) for function in (dag_gfn.read_csv, dag_gfn.from_frame)
    ]
    assert set(options_of(ReadingOptions)) == set.intersection(*read)


def test_the_values_are_what_reads_a_table_takes():
    frame = pd.DataFrame({"id": [1, 2, 3, 4], "a": [0, 1, -9, 1], "b": [7, 8, 9, 7], "c": [1, 2, 3, 4]})
    options = ReadingOptions(drop=["id", "c"], discrete=["a", "b"], missing="drop", na_values=["-9"])
    data = dag_gfn.from_frame(frame, **options.values())
    assert data.names == ("a", "b")
    assert data.kinds == ("discrete", "discrete")
    assert data.states == (("0", "1"), ("7", "8"))  # without the row of -9
    np.testing.assert_array_equal(data.values, [[0, 0], [1, 1], [1, 0]])


def test_a_matrix_has_options_of_its_own():
    assert CovarianceOptions().values() == {"covariance": False, "rows": None}
    assert not {*options_of(CovarianceOptions)} & {*options_of(ReadingOptions)}
