import numpy as np
import pytest

from dag_gfn.data.column_reading import ReadColumn
from dag_gfn.data.ordered_columns import with_orders
from dag_gfn.data.reading_choices import ReadingChoices
from dag_gfn.errors import DataError

READ = ReadColumn("labels", np.array([0.0, 1, np.nan, 2]), ("b", "c", "a"))
NUMBERS = ReadColumn("numbers", np.array([0.0, 1, 2, 3]))


def test_codes_follow_the_order_and_labels_that_do_not_occur_are_no_states():
    (found,) = with_orders([READ], ["x"], ReadingChoices(ordinal={"x": ("a", "b", "bb", "c")}))
    assert (found.kind, found.states) == ("ordered", ("a", "b", "c"))
    np.testing.assert_array_equal(found.values, [1, 2, np.nan, 0])


def test_numbers_and_other_columns_stay_as_they_are():
    found = with_orders([READ, NUMBERS], ["x", "y"], ReadingChoices(ordinal={"x": ("a", "b", "c")}))
    assert found[1] is NUMBERS
    assert with_orders([READ], ["x"], ReadingChoices()) == [READ]


def test_an_order_has_to_fit_a_column():
    choices = ReadingChoices(orders=(("a", "b", "c"), ("p", "q")))
    with pytest.raises(DataError, match="order p<q, but no column"):
        with_orders([READ], ["x"], choices)
    assert with_orders([READ], ["x"], choices, of_all=False)[0].states == ("a", "b", "c")
