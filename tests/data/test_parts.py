"""The parts of a table that checks look at."""

from dataclasses import replace

import numpy as np

import dag_gfn
from dag_gfn.data.dataset import Dataset
from dag_gfn.data.parts import complete_parts


def mixed_table(values, kinds):
    d = len(kinds)
    return Dataset(
        values=np.asarray(values, dtype=np.float64),
        names=tuple("abcd"[:d]),
        kinds=kinds,
        cardinalities=tuple(0 if kind == "continuous" else 2 for kind in kinds),
        states=tuple(() if kind == "continuous" else ("no", "yes") for kind in kinds),
        means=np.zeros(d),
        scales=np.ones(d),
    )


def test_a_complete_table_of_one_kind_is_its_own_part(rng):
    data = dag_gfn.from_array(rng.normal(size=(9, 2)))
    assert complete_parts(data) == [data]


def test_each_kind_has_the_rows_that_are_complete_in_it():
    nan = np.nan
    values = [[0, 1.5, 1, 2.0], [1, nan, 0, 3.0], [nan, 2.5, 1, 4.0], [1, 3.5, 0, 9.0]]
    data = mixed_table(values, ("discrete", "continuous", "ordinal", "continuous"))
    data = replace(data, weights=np.array([1.0, 2.0, 3.0, 4.0]), groups=(("g", ("a", "b")),))
    numbers, codes = complete_parts(data)
    assert (numbers.names, numbers.kind) == (("b", "d"), "continuous")
    assert numbers.values.tolist() == [[1.5, 2.0], [2.5, 4.0], [3.5, 9.0]]
    assert numbers.weights.tolist() == [1.0, 3.0, 4.0]
    assert (codes.names, codes.kinds, codes.groups) == (("a", "c"), ("discrete", "ordinal"), ())
    assert codes.values.tolist() == [[0, 1], [1, 0], [1, 0]]


def test_a_part_without_complete_rows_is_left_out():
    nan = np.nan
    values = [[0, 1.5, nan], [1, nan, 3.0], [0, 2.5, nan], [1, nan, 9.0]]
    (codes,) = complete_parts(mixed_table(values, ("discrete", "continuous", "continuous")))
    assert codes.names == ("a",)
