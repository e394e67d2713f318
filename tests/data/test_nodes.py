import pytest

from dag_gfn.data.nodes import nodes_of
from dag_gfn.errors import DataError


def test_without_groups_every_column_is_a_node():
    assert nodes_of(["a", "b"], ()) == (("a", (0,)), ("b", (1,)))


@pytest.mark.parametrize(
    ("groups", "message"),
    [
        ((("g", ("a", "z")),), "unknown columns 'z'"),
        ((("g", ()),), "no columns"),
        ((("g", ("a", "b")), ("h", ("b", "c"))), "'b' cannot be in two groups"),
        ((("c", ("a", "b")),), "'c' names two nodes"),
    ],
)
def test_groups_that_cannot_be(groups, message):
    with pytest.raises(DataError, match=message):
        nodes_of(["a", "b", "c"], groups)


def test_a_group_may_have_the_name_of_one_of_its_columns():
    assert nodes_of(["a", "b", "c"], (("b", ("c", "b")),)) == (("a", (0,)), ("b", (1, 2)))
