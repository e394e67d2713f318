import pytest

from dag_gfn.effects.column_positions import node_index, pair_index
from dag_gfn.errors import OptionError


def test_unknown_columns_are_named_with_the_nearest():
    with pytest.raises(OptionError, match="did you mean 'income'"):
        node_index(("age", "income"), "incom")
    assert node_index(("age", "income"), "income") == 1


def test_a_pair_is_of_two_columns():
    assert pair_index(("age", "income"), "income", "age") == (1, 0)
    with pytest.raises(OptionError, match="not of 'age' on itself"):
        pair_index(("age", "income"), "age", "age")
